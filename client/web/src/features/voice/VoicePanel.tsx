/** Above the user panel while in voice: state, signal, ping, where, and the way out. */
import type { JSX } from "solid-js";
import { createEffect, createSignal, on, Show } from "solid-js";
import { useClient } from "../../client/context";
import { TROUBLE_TEXT } from "../../rtc/devices";
import { signalBars, SIGNAL_WORDS } from "../../rtc/stats";
import { Button, IconButton } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { CameraButton, ShareButton } from "../stage/PublishButtons";
import { HoldToTalk } from "./HoldToTalk";
import { HoldToWhisper } from "./HoldToWhisper";
import { QualityPopover } from "./QualityPopover";
import { SignalBars } from "./SignalBars";
import "./voice.css";
import { callWords } from "./words";

export function VoicePanel(): JSX.Element {
  const { state, view, call, router, toasts, whisper } = useClient();
  const [isOpen, setOpen] = createSignal(false);
  const channel = () => state.channels[view.call.channelId ?? ""];
  const words = () => callWords(view.call);
  const bars = () => (view.call.phase === "connected" ? signalBars(view.sample) : 0);
  const ping = (): number | null => (view.call.phase === "connected" ? (view.sample?.rttMs ?? null) : null);

  createEffect(
    on(
      () => view.call.ended,
      (ended) => {
        if (ended) toasts.tell(ended.message, ended.reason === "replaced" ? "info" : "bad");
      },
    ),
  );

  function openChannel(): void {
    const here = channel();
    if (here?.guild_id) router.go({ name: "channel", guildId: here.guild_id, channelId: here.id });
  }

  return (
    <Show when={view.call.channelId}>
      <section class="voice-panel" aria-label="Voice connection" data-testid="voice-panel" data-phase={view.call.phase}>
        <div class="voice-panel-row">
          <button
            type="button"
            class={`voice-state tone-${words().tone}`}
            aria-expanded={isOpen()}
            aria-haspopup="dialog"
            onClick={() => setOpen(!isOpen())}
            data-testid="voice-state"
          >
            <SignalBars bars={bars()} />
            <span class="voice-state-words">
              <span class="truncate" role="status" data-testid="voice-state-text">
                {words().text}
              </span>
              <Show when={ping() !== null}>
                <span class="voice-ping numbers" data-testid="voice-ping">
                  · {ping()} ms<span class="offscreen">, {SIGNAL_WORDS[bars()]}</span>
                </span>
              </Show>
            </span>
          </button>
          <IconButton
            icon="hangUp"
            label="Disconnect from voice"
            danger
            onClick={() => call.leave()}
            data-testid="voice-leave"
          />
        </div>
        <button type="button" class="voice-place truncate" onClick={openChannel} data-testid="voice-place">
          {channel()?.name} / {state.guilds[channel()?.guild_id ?? ""]?.name}
        </button>
        <div class="voice-panel-tools">
          <CameraButton />
          <ShareButton />
        </div>
        <Show when={state.pushToTalk}>
          <HoldToTalk />
        </Show>
        <Show when={whisper.targets().length > 0}>
          <HoldToWhisper />
        </Show>
        <Show when={view.trouble}>
          {(trouble) => (
            <div class="voice-trouble" role="alert" data-testid="microphone-trouble">
              <Icon name="micOff" size={16} />
              <span>{TROUBLE_TEXT[trouble()]}</span>
              <button type="button" class="link" onClick={() => call.reopenMicrophone()}>
                Try again
              </button>
            </div>
          )}
        </Show>
        <Show when={view.call.phase === "connected" && view.sample?.isOverTcp}>
          <p class="voice-trouble" role="status" data-testid="voice-over-tcp">
            Your network blocks UDP – using TCP, expect delay
          </p>
        </Show>
        <Show when={view.playbackBlocked}>
          <Button class="voice-unblock" onClick={() => call.unblockPlayback()} data-testid="voice-unblock">
            Click to hear the others
          </Button>
        </Show>
        <Show when={isOpen()}>
          <QualityPopover onClose={() => setOpen(false)} />
        </Show>
      </section>
    </Show>
  );
}

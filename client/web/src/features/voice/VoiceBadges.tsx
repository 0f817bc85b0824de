/** The small signs of a person in voice: what they show, muted, deafened, by whom, not allowed to speak. */
import type { JSX } from "solid-js";
import { Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Id, VoiceState } from "../../protocol";
import { Icon } from "../../ui/Icon";
import { LiveTag } from "../stage/LiveTag";

export function VoiceBadges(props: { userId: Id; size?: number }): JSX.Element {
  const { state, preferences } = useClient();
  const voice = () => state.voice[props.userId];
  const isMuted = (): boolean => Boolean(voice()?.muted || voice()?.deafened);
  const isSilenced = (): boolean => Boolean(voice()?.server_muted || voice()?.suppressed);
  const isLocal = (): boolean => preferences.mutedUsers[props.userId] === true;
  return (
    <span class="voice-badges" aria-hidden="true">
      <Show when={voice()?.screen_sharing}>
        <LiveTag />
      </Show>
      <Show when={voice()?.webcam_active}>
        <Icon name="camera" size={props.size ?? 16} />
      </Show>
      <Show when={state.whispering[props.userId]}>
        <span class="is-whisper" title="Whispers to you">
          <Icon name="whisper" size={props.size ?? 16} />
        </span>
      </Show>
      <Show when={state.priority[props.userId]}>
        <span class="is-priority" title="Priority speaker">
          <Icon name="volume" size={props.size ?? 16} />
        </span>
      </Show>
      <Show when={isLocal()}>
        <Icon name="volumeOff" size={props.size ?? 16} />
      </Show>
      <Show when={isMuted() || isSilenced()}>
        <span classList={{ "is-danger": isSilenced() }}>
          <Icon name="micOff" size={props.size ?? 16} />
        </span>
      </Show>
      <Show when={voice()?.deafened || voice()?.server_deafened}>
        <span classList={{ "is-danger": voice()?.server_deafened === true }}>
          <Icon name="headphonesOff" size={props.size ?? 16} />
        </span>
      </Show>
    </span>
  );
}

/** The same for a screen reader, as the tail of a sentence. */
export function voiceWords(
  voice: VoiceState | undefined,
  speaking: boolean,
  is: { whispering?: boolean | undefined; priority?: boolean | undefined } = {},
): string {
  if (!voice) return "";
  const words = [
    is.whispering ? "whispers to you" : speaking && "speaking",
    is.priority && "priority speaker",
    voice.screen_sharing && "shares a screen",
    voice.webcam_active && "camera on",
    voice.deafened ? "deafened" : voice.muted && "muted",
    voice.server_deafened ? "deafened by the server" : voice.server_muted && "muted by the server",
    voice.suppressed && "may not speak",
    !voice.connected && "connecting",
  ].filter((word): word is string => typeof word === "string");
  return words.length ? `, ${words.join(", ")}` : "";
}

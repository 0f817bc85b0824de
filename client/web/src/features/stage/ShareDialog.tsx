/** Choose how to share a screen, then let the browser ask which; and see and end what is shared already. */
import type { JSX } from "solid-js";
import { createSignal, For, Show } from "solid-js";
import { useClient } from "../../client/context";
import { CaptureError } from "../../rtc/capture";
import type { VideoContent } from "../../rtc/encodings";
import type { LocalStream } from "../../rtc/publisher";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Choice, FormError, Radios, Switch } from "../../ui/Field";
import { LivePreview } from "./LivePreview";
import { tierOf, tierOptions } from "./tiers";

/** Shares of one person at a time; the server allows no more. */
const MOST = 3;

const CONTENTS: { value: VideoContent; label: string; note: string }[] = [
  { value: "detail", label: "Text and detail", note: "Stays sharp; moves less smoothly when the line is narrow." },
  { value: "motion", label: "Games and video", note: "Stays smooth; gets softer when the line is narrow." },
];

export function ShareDialog(): JSX.Element {
  const { view, call, dialogs, preferences, setPreferences } = useClient();
  const [busy, setBusy] = createSignal(false);
  const [error, setError] = createSignal<string | null>(null);
  const shares = (): LocalStream[] => view.published.filter(({ kind }) => kind === "screen");

  async function share(): Promise<void> {
    const { shareTier: tier, shareContent: content, shareAudio: withAudio } = preferences;
    setBusy(true);
    setError(null);
    try {
      await call.publisher.share({ tier, content, withAudio });
      dialogs.close();
    } catch (reason) {
      if (!(reason instanceof CaptureError)) throw reason;
      setError(reason.message);
    } finally {
      setBusy(false);
    }
  }

  return (
    <Dialog
      title="Share your screen"
      size="medium"
      onClose={dialogs.close}
      testid="share-dialog"
      actions={
        <>
          <Button look="quiet" onClick={dialogs.close}>
            {shares().length > 0 ? "Done" : "Cancel"}
          </Button>
          <Button
            autofocus
            busy={busy()}
            disabled={shares().length >= MOST}
            onClick={() => void share()}
            data-testid="share-choose"
          >
            {shares().length > 0 ? "Share another…" : "Choose what to share…"}
          </Button>
        </>
      }
    >
      <Show when={shares().length > 0}>
        <ul class="own-shares" aria-label="You are sharing">
          <For each={shares()}>{(local) => <OwnShare local={local} />}</For>
        </ul>
      </Show>
      <Radios
        label="What will you show?"
        value={preferences.shareContent}
        options={CONTENTS}
        onChoose={(value) => setPreferences({ shareContent: value === "motion" ? "motion" : "detail" })}
        testid="share-content"
      />
      <Choice
        label="Quality"
        value={preferences.shareTier}
        options={tierOptions("screen")}
        onChoose={(value) => setPreferences({ shareTier: tierOf(value) })}
        testid="share-tier"
      />
      <Switch
        label="With sound"
        note="Of a tab everywhere; of the whole system where the browser can. Your microphone’s processing does not touch it."
        checked={preferences.shareAudio}
        onChange={(shareAudio) => setPreferences({ shareAudio })}
        testid="share-audio"
      />
      <Show when={shares().length >= MOST}>
        <p class="muted">You share {MOST} screens, which is the most. Stop one to share another.</p>
      </Show>
      <FormError text={error()} />
    </Dialog>
  );
}

function OwnShare(props: { local: LocalStream }): JSX.Element {
  const { call } = useClient();
  return (
    <li class="own-share" data-testid="own-share">
      <LivePreview stream={props.local.stream} />
      <span class="grow">
        <strong class="truncate">{props.local.label}</strong>
        <small class="muted">
          {props.local.phase === "live" ? "Live" : "Starting…"}
          {props.local.hasAudio ? ", with sound" : ""}
        </small>
        <Choice
          label={`Quality of ${props.local.label}`}
          value={props.local.tier}
          options={tierOptions("screen")}
          onChoose={(value) => call.publisher.setTier(props.local.source, tierOf(value))}
          testid="own-share-tier"
        />
      </span>
      <Button look="danger" onClick={() => call.publisher.stop(props.local.source)} data-testid="own-share-stop">
        Stop<span class="offscreen"> sharing {props.local.label}</span>
      </Button>
    </li>
  );
}

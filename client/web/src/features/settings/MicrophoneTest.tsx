/** Try the microphone: a level with words, and one's own voice if wanted. */
import type { JSX } from "solid-js";
import { createEffect, createSignal, on, onCleanup, Show } from "solid-js";
import { useClient } from "../../client/context";
import { messageOf } from "../../net/problem";
import { openMicrophone } from "../../rtc/devices";
import type { LevelWord } from "../../rtc/meters";
import { FLOOR_DB, levelWord, meterTrack } from "../../rtc/meters";
import { Button } from "../../ui/Button";
import { FormError, Switch } from "../../ui/Field";

/** Words follow the loudest moment of the last while, or they would flicker between syllables. */
const PEAK_FALL_DB = 0.6;

export function MicrophoneTest(props: { onAllowed: () => void }): JSX.Element {
  const { preferences } = useClient();
  const [stream, setStream] = createSignal<MediaStream | null>(null);
  const [level, setLevel] = createSignal(FLOOR_DB);
  const [peak, setPeak] = createSignal(FLOOR_DB);
  const [hearMyself, setHearMyself] = createSignal(false);
  const [error, setError] = createSignal<string | null>(null);
  const audio = new Audio();

  async function start(): Promise<void> {
    stop();
    setError(null);
    try {
      const { inputId, echoCancellation, noiseSuppression, autoGainControl } = preferences;
      setStream(await openMicrophone({ deviceId: inputId, echoCancellation, noiseSuppression, autoGainControl }));
      props.onAllowed();
    } catch (reason) {
      setError(messageOf(reason));
    }
  }

  function stop(): void {
    stream()
      ?.getTracks()
      .forEach((track) => track.stop());
    setStream(null);
    setLevel(FLOOR_DB);
    setPeak(FLOOR_DB);
  }

  createEffect(() => {
    const track = stream()?.getAudioTracks()[0];
    if (!track) return;
    onCleanup(
      meterTrack(track, (db) => {
        setLevel(db);
        setPeak((high) => Math.max(db, high - PEAK_FALL_DB));
      }),
    );
  });

  createEffect(() => {
    const heard = hearMyself() ? stream() : null;
    audio.srcObject = heard;
    if (heard) void audio.play().catch(() => undefined);
  });

  // What is changed on the page is tried at once.
  createEffect(
    on(
      () => [
        preferences.inputId,
        preferences.echoCancellation,
        preferences.noiseSuppression,
        preferences.autoGainControl,
      ],
      () => {
        if (stream()) void start();
      },
      { defer: true },
    ),
  );
  onCleanup(stop);
  onCleanup(() => (audio.srcObject = null));

  return (
    <div class="mic-test">
      <div class="row">
        <Button
          look={stream() ? "outline" : "primary"}
          onClick={() => (stream() ? stop() : void start())}
          data-testid="mic-test"
        >
          {stream() ? "Stop test" : "Test microphone"}
        </Button>
        <Level db={level()} gateDb={preferences.gateDb} word={stream() ? levelWord(peak()) : null} />
      </div>
      <Show when={stream()}>
        <Switch
          label="Hear myself"
          note="Best with headphones."
          checked={hearMyself()}
          onChange={setHearMyself}
          testid="hear-myself"
        />
      </Show>
      <FormError text={error()} />
    </div>
  );
}

function Level(props: { db: number; gateDb: number | null; word: LevelWord | null }): JSX.Element {
  const part = (db: number): string => `${Math.round(((db - FLOOR_DB) / -FLOOR_DB) * 100)}%`;
  return (
    <div class="level">
      <div
        class="level-bar"
        role="meter"
        aria-label="Microphone level"
        aria-valuemin={FLOOR_DB}
        aria-valuemax={0}
        aria-valuenow={Math.round(props.db)}
        aria-valuetext={props.word ?? "Not testing"}
        data-testid="mic-level"
      >
        <span
          class={`level-fill word-${(props.word ?? "none").replace(" ", "-").toLowerCase()}`}
          style={{ width: part(props.db) }}
        />
        <Show when={props.gateDb !== null}>
          <span class="level-gate" style={{ left: part(props.gateDb ?? FLOOR_DB) }} />
        </Show>
      </div>
      <output class="level-word" data-testid="mic-word">
        {props.word ?? ""}
      </output>
    </div>
  );
}

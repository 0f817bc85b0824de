/** Microphone, speakers, camera, and what the browser does to voice and video on their way. */
import type { JSX } from "solid-js";
import { createResource, onCleanup, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Preferences } from "../../client/preferences";
import type { Device } from "../../rtc/devices";
import { canChooseOutput, defaultLabel, listDevices, watchDevices } from "../../rtc/devices";
import { Choice, Slider, Switch } from "../../ui/Field";
import { MicrophoneTest } from "./MicrophoneTest";

/** Where the sensitivity starts when it is first set by hand, in dBFS. */
const GATE_START_DB = -48;

const CODECS: { value: Preferences["videoCodec"]; label: string }[] = [
  { value: "VP8", label: "VP8: every browser, little work" },
  { value: "VP9", label: "VP9: sharper, more work" },
  { value: "H264", label: "H.264: often done by the graphics card" },
  { value: "AV1", label: "AV1: sharpest, most work" },
];

function codecOf(value: string): Preferences["videoCodec"] {
  return CODECS.find((codec) => codec.value === value)?.value ?? "VP8";
}

async function look() {
  const [devices, input, output] = await Promise.all([
    listDevices(),
    defaultLabel("audioinput"),
    defaultLabel("audiooutput"),
  ]);
  return { ...devices, input, output };
}

function options(devices: Device[], standard: string): { value: string; label: string }[] {
  return [
    { value: "", label: standard ? `Default (${standard})` : "Default" },
    ...devices.map(({ id, label }) => ({ value: id, label })),
  ];
}

export function VoicePage(): JSX.Element {
  const { preferences, setPreferences, call } = useClient();
  const [devices, { refetch }] = createResource(look);
  onCleanup(watchDevices(() => void refetch()));

  function setMicrophone(change: Partial<Preferences>): void {
    setPreferences(change);
    call.reopenMicrophone();
  }

  return (
    <>
      <section class="section">
        <h3>Devices</h3>
        <div class="two-columns">
          <Choice
            label="Microphone"
            value={preferences.inputId}
            options={options(devices()?.inputs ?? [], devices()?.input ?? "")}
            onChoose={(inputId) => setMicrophone({ inputId })}
            testid="input-device"
          />
          <Choice
            label="Speakers"
            value={preferences.outputId}
            disabled={!canChooseOutput()}
            options={options(devices()?.outputs ?? [], devices()?.output ?? "")}
            onChoose={(outputId) => {
              setPreferences({ outputId });
              call.refreshPlayback();
            }}
            testid="output-device"
          />
        </div>
        <MicrophoneTest onAllowed={() => void refetch()} />
      </section>
      <section class="section">
        <h3>Input sensitivity</h3>
        <Switch
          label="Send everything"
          note="The browser’s noise suppression decides. Turn this off to cut sounds below a level of your own."
          checked={preferences.gateDb === null}
          onChange={(automatic) => setPreferences({ gateDb: automatic ? null : GATE_START_DB })}
          testid="gate-automatic"
        />
        <Show when={preferences.gateDb !== null}>
          <Slider
            label="Send only what is louder than"
            min={-70}
            max={-10}
            step={1}
            value={preferences.gateDb ?? GATE_START_DB}
            text={`${preferences.gateDb ?? GATE_START_DB} dB`}
            onValue={(gateDb) => setPreferences({ gateDb })}
            testid="gate"
          />
        </Show>
      </section>
      <section class="section">
        <h3>Video</h3>
        <div class="two-columns">
          <Choice
            label="Camera"
            value={preferences.cameraId}
            options={options(devices()?.cameras ?? [], "")}
            onChoose={(cameraId) => setPreferences({ cameraId })}
            testid="camera-default"
          />
          <Choice
            label="Codec of your own video"
            value={preferences.videoCodec}
            options={CODECS}
            onChoose={(value) => setPreferences({ videoCodec: codecOf(value) })}
            testid="video-codec"
          />
        </div>
        <p class="muted">
          The codec counts from your next stream. Whoever’s browser lacks it cannot see you; all browsers have VP8.
        </p>
      </section>
      <section class="section">
        <h3>Voice processing</h3>
        <Switch
          label="Echo cancellation"
          note="Keeps the others from hearing themselves through your speakers."
          checked={preferences.echoCancellation}
          onChange={(echoCancellation) => setMicrophone({ echoCancellation })}
          testid="echo-cancellation"
        />
        <Switch
          label="Noise suppression"
          note="Takes out fans, keys and street."
          checked={preferences.noiseSuppression}
          onChange={(noiseSuppression) => setMicrophone({ noiseSuppression })}
          testid="noise-suppression"
        />
        <Switch
          label="Automatic gain"
          note="Evens out how loud you are."
          checked={preferences.autoGainControl}
          onChange={(autoGainControl) => setMicrophone({ autoGainControl })}
          testid="auto-gain"
        />
      </section>
    </>
  );
}

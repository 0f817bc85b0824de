/** See oneself before the others do: choose the camera, then turn it on. */
import type { JSX } from "solid-js";
import { createEffect, createResource, createSignal, on, onCleanup, Show } from "solid-js";
import { useClient } from "../../client/context";
import { CaptureError, openCamera } from "../../rtc/capture";
import { listDevices, watchDevices } from "../../rtc/devices";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Choice, FormError } from "../../ui/Field";
import { LivePreview } from "./LivePreview";
import { tierOf, tierOptions } from "./tiers";

export function CameraDialog(): JSX.Element {
  const { call, dialogs, preferences, setPreferences } = useClient();
  const [stream, setStream] = createSignal<MediaStream | null>(null);
  const [error, setError] = createSignal<string | null>(null);
  const [devices, { refetch }] = createResource(listDevices);
  onCleanup(watchDevices(() => void refetch()));
  let attempt = 0;

  function release(): void {
    stream()
      ?.getTracks()
      .forEach((track) => track.stop());
    setStream(null);
  }

  async function open(): Promise<void> {
    const mine = ++attempt;
    release();
    setError(null);
    try {
      const opened = await openCamera(preferences.cameraId, preferences.cameraTier);
      if (mine === attempt) setStream(opened);
      else opened.getTracks().forEach((track) => track.stop());
      void refetch();
    } catch (reason) {
      if (!(reason instanceof CaptureError)) throw reason;
      if (mine === attempt) setError(reason.message);
    }
  }

  function turnOn(): void {
    const opened = stream();
    if (!opened) return;
    setStream(null);
    call.publisher.showCamera(opened, preferences.cameraTier);
    dialogs.close();
  }

  createEffect(on([() => preferences.cameraId, () => preferences.cameraTier], () => void open()));
  onCleanup(() => {
    attempt++;
    release();
  });

  return (
    <Dialog
      title="Turn your camera on"
      note="Only you see this so far."
      size="medium"
      onClose={dialogs.close}
      testid="camera-dialog"
      actions={
        <>
          <Button look="quiet" onClick={dialogs.close}>
            Cancel
          </Button>
          <Button autofocus disabled={stream() === null} onClick={turnOn} data-testid="camera-turn-on">
            Turn on
          </Button>
        </>
      }
    >
      <div class="camera-preview">
        <Show
          when={stream()}
          fallback={
            <Show when={error() === null}>
              <span class="spinner" role="status" aria-label="Opening the camera" />
            </Show>
          }
        >
          {(opened) => <LivePreview stream={opened()} mirrored label="Your camera" />}
        </Show>
      </div>
      <FormError text={error()} />
      <Show when={error()}>
        <Button look="outline" onClick={() => void open()}>
          Try again
        </Button>
      </Show>
      <div class="two-columns">
        <Choice
          label="Camera"
          value={preferences.cameraId}
          options={[
            { value: "", label: "Default" },
            ...(devices()?.cameras ?? []).map(({ id, label }) => ({ value: id, label })),
          ]}
          onChoose={(cameraId) => setPreferences({ cameraId })}
          testid="camera-device"
        />
        <Choice
          label="Quality"
          value={preferences.cameraTier}
          options={tierOptions("webcam")}
          onChoose={(value) => setPreferences({ cameraTier: tierOf(value) })}
          testid="camera-tier"
        />
      </div>
    </Dialog>
  );
}

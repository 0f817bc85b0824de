/** Microphones, speakers and cameras: what there is, and why there may be none. */

export type MicrophoneTrouble = "denied" | "missing" | "insecure" | "busy";

export interface Device {
  id: string;
  label: string;
}

export interface Devices {
  inputs: Device[];
  outputs: Device[];
  cameras: Device[];
}

/** What to ask of the browser; `deviceId` empty means the default. */
export interface MicrophoneWish {
  deviceId: string;
  echoCancellation: boolean;
  noiseSuppression: boolean;
  autoGainControl: boolean;
}

export const TROUBLE_TEXT: Record<MicrophoneTrouble, string> = {
  denied:
    "Your browser does not let this page use the microphone. You can listen; allow the microphone in the address bar to speak.",
  missing: "No microphone was found. You can listen; plug one in to speak.",
  insecure:
    "Browsers give the microphone only to https pages and to localhost. You can listen here; open the server by https to speak.",
  busy: "The microphone could not be opened; another program may hold it. You can listen meanwhile.",
};

/** Open the microphone. Throws a MicrophoneTrouble; a chosen device that is gone falls back to the default. */
export async function openMicrophone(wish: MicrophoneWish): Promise<MediaStream> {
  const media = mediaDevices();
  if (!media) throw troubled("insecure");
  const { deviceId, ...processing } = wish;
  const audio: MediaTrackConstraints = { ...processing, channelCount: 1 };
  try {
    return await media.getUserMedia({ audio: deviceId ? { ...audio, deviceId: { exact: deviceId } } : audio });
  } catch (reason) {
    const name = reason instanceof DOMException ? reason.name : "";
    if (deviceId && (name === "OverconstrainedError" || name === "NotFoundError"))
      return openMicrophone({ ...wish, deviceId: "" });
    throw troubled(troubleOf(name));
  }
}

export class MicrophoneError extends Error {
  constructor(readonly trouble: MicrophoneTrouble) {
    super(TROUBLE_TEXT[trouble]);
  }
}

function troubled(trouble: MicrophoneTrouble): MicrophoneError {
  return new MicrophoneError(trouble);
}

function troubleOf(name: string): MicrophoneTrouble {
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  return name === "NotFoundError" || name === "OverconstrainedError" ? "missing" : "busy";
}

/** Absent on plain-http pages, whatever the DOM types say. */
function mediaDevices(): MediaDevices | undefined {
  return (navigator as { mediaDevices?: MediaDevices }).mediaDevices;
}

/** The devices; labels are empty until the microphone was allowed once. */
export async function listDevices(): Promise<Devices> {
  const found =
    (await mediaDevices()
      ?.enumerateDevices()
      .catch(() => [])) ?? [];
  const named = (kind: MediaDeviceKind): Device[] =>
    found
      .filter((device) => device.kind === kind && device.deviceId !== "default" && device.deviceId !== "communications")
      .map((device, index) => ({ id: device.deviceId, label: device.label || `Device ${index + 1}` }))
      .filter((device) => device.id !== "");
  return { inputs: named("audioinput"), outputs: named("audiooutput"), cameras: named("videoinput") };
}

/** The name of the system's default device of a kind, where the browser tells. */
export async function defaultLabel(kind: "audioinput" | "audiooutput"): Promise<string> {
  const found =
    (await mediaDevices()
      ?.enumerateDevices()
      .catch(() => [])) ?? [];
  const entry = found.find((device) => device.kind === kind && device.deviceId === "default");
  return (entry?.label ?? "").replace(/^Default( - )?/, "");
}

/** Call `changed` when a device comes or goes. */
export function watchDevices(changed: () => void): () => void {
  const media = mediaDevices();
  media?.addEventListener("devicechange", changed);
  return () => media?.removeEventListener("devicechange", changed);
}

/** Whether the browser lets a page choose the output device. */
export function canChooseOutput(): boolean {
  return "setSinkId" in HTMLMediaElement.prototype;
}

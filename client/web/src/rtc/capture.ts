/** Open a camera or a screen, and say in plain words why that did not work. */
import type { Tier, VideoContent } from "./encodings";
import { TIERS } from "./encodings";

export type CaptureTrouble = "cancelled" | "denied" | "missing" | "insecure" | "busy";

export class CaptureError extends Error {
  constructor(
    readonly trouble: CaptureTrouble,
    what: "camera" | "screen",
  ) {
    super(WORDS[what][trouble]);
  }
}

const WORDS: Record<"camera" | "screen", Record<CaptureTrouble, string>> = {
  camera: {
    cancelled: "The camera stays off.",
    denied: "Your browser does not let this page use the camera. Allow it in the address bar to be seen.",
    missing: "No camera was found. Plug one in to be seen.",
    insecure: "Browsers give the camera only to https pages and to localhost. Open the server by https to be seen.",
    busy: "The camera could not be opened; another program may hold it.",
  },
  screen: {
    cancelled: "Nothing was shared.",
    denied: "Your system does not let this browser record the screen. Allow it in the system’s privacy settings.",
    missing: "There is nothing that could be shared.",
    insecure: "Browsers share screens only from https pages and localhost, and not on phones.",
    busy: "The screen could not be captured.",
  },
};

/** Absent on plain-http pages, whatever the DOM types say. */
function mediaDevices(): MediaDevices | undefined {
  return (navigator as { mediaDevices?: MediaDevices }).mediaDevices;
}

/** Whether this browser can share a screen from this page at all. */
export function canShareScreen(): boolean {
  return (mediaDevices() as { getDisplayMedia?: unknown } | undefined)?.getDisplayMedia !== undefined;
}

function videoLimits(kind: "webcam" | "screen", tier: Tier): MediaTrackConstraints {
  const { width, height, fps } = TIERS[kind][tier];
  return kind === "screen"
    ? { width: { max: width }, height: { max: height }, frameRate: { max: fps } }
    : { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: fps, max: fps } };
}

/** Open a camera; a chosen one that is gone falls back to the default. Throws a CaptureError. */
export async function openCamera(deviceId: string, tier: Tier): Promise<MediaStream> {
  const media = mediaDevices();
  if (!media) throw new CaptureError("insecure", "camera");
  const video = videoLimits("webcam", tier);
  try {
    const stream = await media.getUserMedia({ video: deviceId ? { ...video, deviceId: { exact: deviceId } } : video });
    hint(stream, "motion");
    return stream;
  } catch (reason) {
    const name = reason instanceof DOMException ? reason.name : "";
    const isGone = name === "OverconstrainedError" || name === "NotFoundError";
    if (deviceId && isGone) return openCamera("", tier);
    if (isGone) throw new CaptureError("missing", "camera");
    throw new CaptureError(name === "NotAllowedError" || name === "SecurityError" ? "denied" : "busy", "camera");
  }
}

export interface ShareWish {
  tier: Tier;
  content: VideoContent;
  withAudio: boolean;
}

/** What browsers know of screen capture and the DOM types do not yet. */
interface DisplayOptions extends DisplayMediaStreamOptions {
  systemAudio?: "include" | "exclude";
  surfaceSwitching?: "include" | "exclude";
  selfBrowserSurface?: "include" | "exclude";
}

/**
 * Let the person choose a screen, window or tab in the browser's own picker; call it from a click. Throws a CaptureError.
 *
 * Its sound is taken as it is: what serves a voice (echo cancellation, noise suppression, gain) ruins music. Only our
 * own page's sound is left out, where the browser can, so that nobody hears themselves.
 */
export async function openScreen(wish: ShareWish): Promise<MediaStream> {
  const media = mediaDevices();
  if (!media || !canShareScreen()) throw new CaptureError("insecure", "screen");
  const sound = {
    echoCancellation: false,
    noiseSuppression: false,
    autoGainControl: false,
    channelCount: 2,
    restrictOwnAudio: true,
  };
  const options: DisplayOptions = {
    video: videoLimits("screen", wish.tier),
    audio: wish.withAudio ? sound : false,
    systemAudio: wish.withAudio ? "include" : "exclude",
    surfaceSwitching: "include",
    selfBrowserSurface: "exclude",
  };
  try {
    const stream = await media.getDisplayMedia(options);
    hint(stream, wish.content);
    return stream;
  } catch (reason) {
    throw new CaptureError(screenTrouble(reason), "screen");
  }
}

/** A closed picker and a system that forbids recording are both "not allowed"; only the words tell them apart. */
function screenTrouble(reason: unknown): CaptureTrouble {
  if (!(reason instanceof DOMException)) return "busy";
  if (reason.name === "NotFoundError") return "missing";
  if (reason.name !== "NotAllowedError") return "busy";
  return /system/i.test(reason.message) ? "denied" : "cancelled";
}

/** Tell the encoder what it looks at. */
function hint(stream: MediaStream, content: VideoContent): void {
  for (const track of stream.getVideoTracks()) track.contentHint = content;
  for (const track of stream.getAudioTracks()) track.contentHint = "music";
}

/** Change size and rate of a running capture; a browser that cannot goes on as before. */
export async function resizeCapture(track: MediaStreamTrack, kind: "webcam" | "screen", tier: Tier): Promise<void> {
  await track.applyConstraints(videoLimits(kind, tier)).catch(() => undefined);
}

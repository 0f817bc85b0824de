/**
 * What one shows: the camera and any number of screens, from the click to the end.
 *
 *     captured → starting ─started event→ live ─stop, track ended, stopped event→ gone
 *                    └─ refused ──────────────────────────────────────────────────↗
 *
 * A capture outlives the connection: when voice has to join again, what runs is announced once more.
 */
import type { AnyCommand, AnyEvent, Id } from "../protocol";
import { screenAudio, screenVideo, shareOf, WEBCAM } from "../protocol";
import type { ShareWish } from "./capture";
import { openScreen, resizeCapture } from "./capture";
import type { Tier, VideoContent, VideoKind } from "./encodings";
import { degradationOf, shapeEncodings, startKbps } from "./encodings";
import type { Outgoing } from "./peer";

export interface LocalStream {
  source: string;
  kind: VideoKind;
  label: string;
  tier: Tier;
  content: VideoContent;
  hasAudio: boolean;
  phase: "starting" | "live";
  /** For the preview; never played aloud. */
  stream: MediaStream;
}

export interface PublisherEnv {
  send: (command: AnyCommand) => boolean;
  newRef: () => string;
  /** Where we are in voice with a connection that stands; null elsewhere. */
  channelId: () => Id | null;
  me: () => Id | null;
  /** The codec preferred for video, as in `VP8`. */
  videoCodec: () => string;
  attach: (source: string, outgoing: Outgoing | null) => void;
  onChange: (streams: LocalStream[]) => void;
  /** A stream ended without the person's doing; the words say why. */
  onVideoTrouble: (words: string) => void;
}

export interface Publisher {
  /** Ask the browser for a screen and show it; call it from a click. Throws a CaptureError. */
  share(wish: ShareWish): Promise<void>;
  /** Show an opened camera, instead of the one shown now. */
  showCamera(stream: MediaStream, tier: Tier): void;
  stop(source: string): void;
  setTier(source: string, tier: Tier): void;
  take(event: AnyEvent): void;
  /** A connection stands (again). */
  connected(): void;
  /** Voice is over: so is all that was shown. */
  close(): void;
}

/** Longest label the server takes. */
const LABEL_LENGTH = 255;

const ENDS: Record<string, string> = {
  forbidden: "You may not show video in this channel any more.",
  error: "The server lost your video.",
};

export function makePublisher(env: PublisherEnv): Publisher {
  let streams: LocalStream[] = [];
  /** Of which connection each source was announced to the server. */
  const announced = new Set<string>();

  function show(next: LocalStream[]): void {
    streams = next;
    env.onChange(streams);
  }

  function change(source: string, part: Partial<LocalStream>): void {
    show(streams.map((each) => (each.source === source ? { ...each, ...part } : each)));
  }

  const find = (source: string): LocalStream | undefined => streams.find((each) => each.source === source);

  function announce(local: LocalStream): void {
    const channelId = env.channelId();
    if (channelId === null || announced.has(local.source)) return;
    announced.add(local.source);
    env.send(startOf(local, channelId));
  }

  function attach(local: LocalStream): void {
    const [video] = local.stream.getVideoTracks();
    const [audio] = local.stream.getAudioTracks();
    const share = shareOf(local.source);
    if (video) env.attach(local.source, outgoing(local, video, env.videoCodec()));
    if (audio && share !== null) env.attach(screenAudio(share), { track: audio });
  }

  function add(local: LocalStream): void {
    for (const track of local.stream.getVideoTracks())
      // "Stop sharing" in the browser's own bar, a closed window, a camera pulled out.
      track.onended = () => {
        if (find(local.source)?.stream === local.stream) stop(local.source);
      };
    show([...streams.filter((each) => each.source !== local.source), local]);
    attach(local);
    announce(local);
  }

  /** End the capture; the server is told apart from that. */
  function drop(source: string): LocalStream | undefined {
    const local = find(source);
    if (!local) return undefined;
    announced.delete(source);
    release(local.stream);
    env.attach(source, null);
    const share = shareOf(source);
    if (share !== null) env.attach(screenAudio(share), null);
    show(streams.filter((each) => each.source !== source));
    return local;
  }

  function stop(source: string): void {
    const channelId = env.channelId();
    if (drop(source) && channelId !== null) env.send(stopOf(source, channelId));
  }

  /** The server's word on a tier, which may be lower than what was asked for. */
  function granted(source: string, tier: Tier): void {
    const local = find(source);
    if (!local) return;
    change(source, { phase: "live", tier });
    if (local.tier !== tier) resize(source);
  }

  function resize(source: string): void {
    const local = find(source);
    const [video] = local?.stream.getVideoTracks() ?? [];
    if (!local || !video) return;
    void resizeCapture(video, local.kind, local.tier).then(() => {
      const now = find(source);
      if (now?.stream === local.stream) attach(now);
    });
  }

  function ended(source: string, reason: string): void {
    // Our own word comes back, maybe when the camera is on again already.
    if (reason === "user_stopped") return;
    announced.delete(source);
    // The connection went, not the wish: `connected` announces it again.
    if (reason === "disconnected") return;
    if (drop(source) && ENDS[reason] !== undefined) env.onVideoTrouble(ENDS[reason]);
  }

  function refused(source: string, words: string): void {
    if (drop(source)) env.onVideoTrouble(words);
  }

  return {
    async share(wish) {
      const stream = await openScreen(wish);
      const [video] = stream.getVideoTracks();
      if (env.channelId() === null) {
        release(stream);
        return;
      }
      add({
        source: screenVideo(env.newRef()),
        kind: "screen",
        label: labelOf(video),
        tier: wish.tier,
        content: wish.content,
        hasAudio: stream.getAudioTracks().length > 0,
        phase: "starting",
        stream,
      });
    },

    showCamera(stream, tier) {
      if (env.channelId() === null) {
        release(stream);
        return;
      }
      const before = find(WEBCAM);
      if (before) release(before.stream);
      announced.delete(WEBCAM);
      const label = labelOf(stream.getVideoTracks()[0]);
      add({
        source: WEBCAM,
        kind: "webcam",
        label,
        tier,
        content: "motion",
        hasAudio: false,
        phase: "starting",
        stream,
      });
    },

    stop,

    setTier(source, tier) {
      const channelId = env.channelId();
      if (channelId === null || !find(source)) return;
      change(source, { tier });
      resize(source);
      env.send(qualityOf(source, channelId, tier));
    },

    take(event) {
      switch (event.type) {
        case "screen_share_started":
        case "screen_share_quality_changed":
          if (event.user_id === env.me()) granted(screenVideo(event.stream_id), event.quality);
          break;
        case "webcam_started":
          if (event.user_id === env.me()) granted(WEBCAM, event.quality);
          break;
        case "screen_share_stopped":
          if (event.user_id === env.me()) ended(screenVideo(event.stream_id), event.reason);
          break;
        case "webcam_stopped":
          if (event.user_id === env.me()) ended(WEBCAM, event.reason);
          break;
        case "error":
          if (STARTS.has(event.in_reply_to ?? "") && event.ref !== undefined) refused(event.ref, event.message);
          break;
        default:
          break;
      }
    },

    connected() {
      announced.clear();
      streams.forEach(announce);
    },

    close() {
      for (const { source } of streams) drop(source);
    },
  };
}

const STARTS = new Set(["voice_screen_share_start", "voice_webcam_start"]);

function startOf(local: LocalStream, channel_id: Id): AnyCommand {
  const { source, tier: quality, hasAudio: has_audio, label: source_label } = local;
  const stream_id = shareOf(source);
  return stream_id === null
    ? { type: "voice_webcam_start", channel_id, quality, ref: source }
    : { type: "voice_screen_share_start", channel_id, stream_id, quality, has_audio, source_label, ref: source };
}

function stopOf(source: string, channel_id: Id): AnyCommand {
  const stream_id = shareOf(source);
  return stream_id === null
    ? { type: "voice_webcam_stop", channel_id }
    : { type: "voice_screen_share_stop", channel_id, stream_id };
}

/** A camera that is on is started again to change its quality. */
function qualityOf(source: string, channel_id: Id, quality: Tier): AnyCommand {
  const stream_id = shareOf(source);
  return stream_id === null
    ? { type: "voice_webcam_start", channel_id, quality, ref: source }
    : { type: "voice_screen_share_set_quality", channel_id, stream_id, quality };
}

function outgoing(local: LocalStream, track: MediaStreamTrack, codec: string): Outgoing {
  const { kind, tier, content } = local;
  return {
    track,
    wish: { codec, startKbps: startKbps(kind, tier) },
    degradation: degradationOf(content),
    shape(negotiated) {
      const { width = 0, height = 0 } = track.getSettings();
      return shapeEncodings(negotiated, { kind, tier, content, width, height }, codec);
    },
  };
}

function release(stream: MediaStream): void {
  for (const track of stream.getTracks()) {
    track.onended = null;
    track.stop();
  }
}

/** What browsers call a source among themselves: `screen:0:0`, or a word as long as no title has. */
const MACHINE_LABEL = /^(screen|window|web-contents-media-stream|tab|current-web-contents):|^\S{32,}$/i;

/** The browser's name for what is shared, where that is one for people. */
function labelOf(track: MediaStreamTrack | undefined): string {
  const label = (track?.label ?? "").replace(/\p{Cc}/gu, " ").trim();
  if (label !== "" && !MACHINE_LABEL.test(label)) return label.slice(0, LABEL_LENGTH);
  const { displaySurface } = (track?.getSettings() ?? {}) as { displaySurface?: string };
  return { monitor: "Screen", window: "Window", browser: "Browser tab" }[displaySurface ?? ""] ?? "Screen";
}

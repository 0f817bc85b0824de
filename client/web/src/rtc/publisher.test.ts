// @vitest-environment jsdom
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { AnyCommand, AnyEvent } from "../protocol";
import type { LocalStream } from "./publisher";
import { makePublisher } from "./publisher";

class FakeTrack {
  onended: (() => void) | null = null;
  contentHint = "";
  stop = vi.fn();
  applyConstraints = vi.fn(() => Promise.resolve());
  constructor(
    readonly kind: string,
    readonly label: string,
  ) {}
  getSettings = () => ({ width: 1920, height: 1080, displaySurface: "monitor" });
}

class FakeStream {
  readonly video: FakeTrack;
  readonly audio: FakeTrack | null;
  constructor(label = "screen:0:0", withAudio = false) {
    this.video = new FakeTrack("video", label);
    this.audio = withAudio ? new FakeTrack("audio", "sound") : null;
  }
  getVideoTracks = () => [this.video];
  getAudioTracks = () => (this.audio ? [this.audio] : []);
  getTracks = () => [...this.getVideoTracks(), ...this.getAudioTracks()];
}

const camera = () => new FakeStream("Front camera") as unknown as MediaStream;
const WISH = { tier: "high", content: "detail", withAudio: true } as const;
const SCREEN = "screen_video:s1";

describe("publisher", () => {
  let sent: AnyCommand[];
  let shown: LocalStream[];
  let attached: Map<string, unknown>;
  let troubles: string[];
  let channelId: string | null;
  let screen: FakeStream;
  const getDisplayMedia = vi.fn();

  function publisher() {
    return makePublisher({
      send: (command) => sent.push(command) > 0,
      newRef: () => "s1",
      channelId: () => channelId,
      me: () => "ann",
      videoCodec: () => "VP8",
      attach: (source, outgoing) => (outgoing ? attached.set(source, outgoing) : attached.delete(source)),
      onChange: (streams) => (shown = streams),
      onVideoTrouble: (words) => troubles.push(words),
    });
  }
  const types = (): string[] => sent.map(({ type }) => type);
  const started = (quality: string): AnyEvent =>
    ({ type: "screen_share_started", user_id: "ann", stream_id: "s1", quality }) as AnyEvent;
  const stopped = (reason: string): AnyEvent =>
    ({ type: "screen_share_stopped", user_id: "ann", stream_id: "s1", reason }) as AnyEvent;

  beforeEach(() => {
    [sent, shown, troubles, channelId] = [[], [], [], "c1"];
    attached = new Map();
    screen = new FakeStream("screen:0:0", true);
    getDisplayMedia.mockReset().mockImplementation(() => Promise.resolve(screen));
    Object.defineProperty(navigator, "mediaDevices", { value: { getDisplayMedia }, configurable: true });
  });

  it("announces a screen with its sound, and sends both when the sections come", async () => {
    await publisher().share(WISH);
    expect(sent).toEqual([
      {
        type: "voice_screen_share_start",
        channel_id: "c1",
        stream_id: "s1",
        quality: "high",
        has_audio: true,
        source_label: "Screen",
        ref: SCREEN,
      },
    ]);
    expect([...attached.keys()]).toEqual([SCREEN, "screen_audio:s1"]);
    expect(screen.video.contentHint).toBe("detail");
  });

  it.each([
    ["screen:0:0", "Screen"],
    ["zoauo4wAcT4c33T3fq96o3ceHnJFZQKpncl2xWHr0olKXt", "Screen"],
    ["plane.py – Editor", "plane.py – Editor"],
  ])("names what is shared for people: %s", async (label, name) => {
    screen = new FakeStream(label);
    await publisher().share(WISH);
    expect(shown[0]?.label).toBe(name);
  });

  it("takes the screen's sound as it is", async () => {
    await publisher().share(WISH);
    expect(getDisplayMedia).toHaveBeenCalledWith(
      expect.objectContaining({
        audio: expect.objectContaining({
          echoCancellation: false,
          noiseSuppression: false,
          autoGainControl: false,
        }) as unknown,
      }),
    );
  });

  it.each([
    ["Permission denied", "cancelled"],
    ["Permission denied by system", "denied"],
  ])("says why there is no screen: %s", async (message, trouble) => {
    getDisplayMedia.mockRejectedValue(new DOMException(message, "NotAllowedError"));
    await expect(publisher().share(WISH)).rejects.toMatchObject({ trouble });
    expect(sent).toEqual([]);
  });

  it("is live at the quality the server grants", async () => {
    const made = publisher();
    await made.share(WISH);
    made.take(started("medium"));
    expect(shown).toMatchObject([{ phase: "live", tier: "medium" }]);
    expect(screen.video.applyConstraints).toHaveBeenCalled();
  });

  it("stops when the browser's own bar says so", async () => {
    await publisher().share(WISH);
    screen.video.onended?.();
    expect(types()).toEqual(["voice_screen_share_start", "voice_screen_share_stop"]);
    expect(shown).toEqual([]);
    expect(attached.size).toBe(0);
    expect(screen.audio?.stop).toHaveBeenCalled();
  });

  it("ends what a moderator forbids, and says so", async () => {
    const made = publisher();
    await made.share(WISH);
    made.take(stopped("forbidden"));
    expect(shown).toEqual([]);
    expect(screen.video.stop).toHaveBeenCalled();
    expect(troubles).toHaveLength(1);
    expect(types()).toEqual(["voice_screen_share_start"]);
  });

  it("gives back the camera when the server refuses it", () => {
    const made = publisher();
    made.showCamera(camera(), "high");
    made.take({
      type: "error",
      code: "WEBCAM_LIMIT",
      message: "too many",
      in_reply_to: "voice_webcam_start",
      ref: "webcam",
    });
    expect(shown).toEqual([]);
    expect(troubles).toEqual(["too many"]);
  });

  it("keeps a camera that is on again when the word of its end comes late", () => {
    const made = publisher();
    made.showCamera(camera(), "high");
    made.stop("webcam");
    made.showCamera(camera(), "high");
    made.take({ type: "webcam_stopped", channel_id: "c1", user_id: "ann", reason: "user_stopped" });
    expect(shown).toHaveLength(1);
  });

  it("shows nothing where there is no call any more", async () => {
    channelId = null;
    const made = publisher();
    const opened = new FakeStream("Front camera");
    made.showCamera(opened as unknown as MediaStream, "high");
    await made.share(WISH);
    expect(opened.video.stop).toHaveBeenCalled();
    expect(screen.video.stop).toHaveBeenCalled();
    expect(shown).toEqual([]);
  });

  it("announces again what runs after voice had to join again", async () => {
    const made = publisher();
    await made.share(WISH);
    made.take(stopped("disconnected"));
    expect(shown).toHaveLength(1);
    made.connected();
    expect(types()).toEqual(["voice_screen_share_start", "voice_screen_share_start"]);
  });

  it("ends everything with the call, without a word to a server that knows", async () => {
    const made = publisher();
    await made.share(WISH);
    made.showCamera(camera(), "high");
    channelId = null;
    made.close();
    expect(shown).toEqual([]);
    expect(types()).toEqual(["voice_screen_share_start", "voice_webcam_start"]);
  });
});

// @vitest-environment jsdom
import { describe, expect, it, vi } from "vitest";
import type { AnyCommand, AnyEvent } from "../protocol";
import { makeCall } from "./makeCall";

/** A connection that takes every description. */
class Connection {
  signalingState = "stable";
  connectionState = "new";
  localDescription = { sdp: "answer" };
  getTransceivers = () => [];
  setRemoteDescription = () => Promise.resolve();
  setLocalDescription = () => Promise.resolve();
  createAnswer = () => Promise.resolve({ sdp: "answer" });
  close = () => undefined;
}

function setUp(needsKey = false) {
  const sent: AnyCommand[] = [];
  const call = makeCall(
    {
      send: (command) => sent.push(command) > 0,
      onView: vi.fn(),
      onSpeaking: vi.fn(),
      onEnded: vi.fn(),
      after: () => () => undefined,
      backoffMs: () => 0,
      newRef: () => "r1",
      me: () => "ann",
      needsKey: () => needsKey,
      videoCodec: () => "VP8",
      onVideoTrouble: vi.fn(),
      wish: () => ({ deviceId: "", echoCancellation: true, noiseSuppression: true, autoGainControl: true }),
      gateDb: () => null,
      volumeOf: () => 1,
      isMuted: () => false,
      outputId: () => "",
      RTCPeerConnection: Connection as unknown as typeof RTCPeerConnection,
    },
    { muted: true, deafened: false },
  );
  call.gateway("ready");
  call.join("c1");
  return { call, sent, types: () => sent.map(({ type }) => type) };
}

const offer = (revision: number): AnyEvent => ({
  type: "voice_offer",
  channel_id: "c1",
  session_id: "v1",
  sdp: "offer",
  sends: [],
  revision,
  push_to_talk_required: false,
  ...(revision === 1 ? { ref: "r1" } : {}),
});

describe("call", () => {
  it("answers each offer of its session by its number, and stays in the phase it is in", async () => {
    const { call, sent } = setUp();
    call.take(offer(1));
    await vi.waitFor(() => expect(call.view.call.phase).toBe("connecting"));
    call.take(offer(2));
    call.take(offer(3));
    await vi.waitFor(() => expect(sent.filter(({ type }) => type === "voice_answer")).toHaveLength(3));
    expect(sent.flatMap((each) => (each.type === "voice_answer" ? [each.revision] : []))).toEqual([1, 2, 3]);
    expect(call.view.call.phase).toBe("connecting");
  });

  it.each([
    [false, ["voice_join", "voice_unmute", "voice_mute"]],
    [true, ["voice_join", "voice_mute"]],
  ])("says that it is unmuted, but where a key is required (%s)", (needsKey, types) => {
    const { call, types: said } = setUp(needsKey);
    call.setMuted(false);
    call.setMuted(true);
    expect(said()).toEqual(types);
  });
});

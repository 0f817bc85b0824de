import { describe, expect, it, vi } from "vitest";
import type { Offer } from "./peer";
import { makePeer } from "./peer";

type Params = { encodings: RTCRtpEncodingParameters[]; degradationPreference?: string };

/** A connection that notes what is done to it, and takes its time over each description. */
function makeConnection(mids: string[]) {
  const log: string[] = [];
  const transceivers = mids.map((mid) => {
    let parameters: Params = { encodings: [{ rid: "h" }, { rid: "l" }] };
    return {
      mid,
      direction: "recvonly",
      sender: {
        track: null,
        replaceTrack: vi.fn(function (this: { track: unknown }, track: unknown) {
          this.track = track;
          log.push(`${mid} sends ${(track as { id: string } | null)?.id ?? "nothing"}`);
          return Promise.resolve();
        }),
        getParameters: () => parameters,
        setParameters: (next: Params) => {
          parameters = next;
          log.push(`${mid} is shaped`);
          return Promise.resolve();
        },
      },
    };
  });
  class Connection {
    signalingState = "stable";
    localDescription: { sdp: string } | null = null;
    getTransceivers = () => transceivers;
    setRemoteDescription = async ({ sdp }: { sdp: string }) => {
      log.push(`offer ${sdp}`);
      await new Promise((resolve) => setTimeout(resolve, sdp === "slow" ? 20 : 0));
    };
    createAnswer = () => Promise.resolve({ sdp: "answer" });
    setLocalDescription = (description: { sdp: string }) => {
      this.localDescription = description;
      log.push("answered");
      return Promise.resolve();
    };
    close = vi.fn();
  }
  return { log, transceivers, RTCPeerConnection: Connection as unknown as typeof RTCPeerConnection };
}

function setUp(mids: string[]) {
  const connection = makeConnection(mids);
  const peer = makePeer({ ...connection, onState: vi.fn(), onTrack: vi.fn() });
  return { ...connection, peer };
}

const track = (id: string) => ({ id }) as unknown as MediaStreamTrack;
const offer = (sdp: string, ...sends: [mid: string, source: string][]): Offer => ({
  sdp,
  sends: sends.map(([mid, source]) => ({ mid, source })),
  revision: 1,
});

describe("peer", () => {
  it("answers offers in the order they came, each when the one before is done", async () => {
    const { peer, log } = setUp([]);
    await Promise.all([peer.answer(offer("slow")), peer.answer(offer("quick"))]);
    expect(log).toEqual(["offer slow", "answered", "offer quick", "answered"]);
  });

  it("answers the next offer though one could not be taken", async () => {
    const { peer, log } = setUp([]);
    await expect(peer.answer(offer("bad", ["9", "webcam"]))).rejects.toThrow("no media section 9 for webcam");
    await peer.answer(offer("good"));
    expect(log.at(-1)).toBe("answered");
  });

  it("puts each source into the section named for it, shaped before it starts", async () => {
    const { peer, log, transceivers } = setUp(["0", "5", "6"]);
    void peer.send("microphone", { track: track("mic") });
    void peer.send("webcam", { track: track("cam"), shape: (layers) => layers });
    await peer.answer(offer("o", ["0", "microphone"], ["5", "webcam"]));
    expect(log.slice(2)).toEqual(["0 sends mic", "5 is shaped", "5 sends cam"]);
    expect(transceivers.map(({ direction }) => direction)).toEqual(["sendonly", "sendonly", "recvonly"]);
  });

  it("silences a section that is ours no more", async () => {
    const { peer, transceivers } = setUp(["5"]);
    void peer.send("webcam", { track: track("cam") });
    await peer.answer(offer("o", ["5", "webcam"]));
    await peer.answer(offer("o"));
    expect(transceivers[0]).toMatchObject({ direction: "inactive", sender: { track: null } });
  });

  it("gives a used section to another source", async () => {
    const { peer, transceivers } = setUp(["5"]);
    await peer.answer(offer("o", ["5", "webcam"]));
    await peer.send("screen_video:s", { track: track("screen") });
    await peer.answer(offer("o", ["5", "screen_video:s"]));
    expect(transceivers[0]?.sender.track).toEqual({ id: "screen" });
  });
});

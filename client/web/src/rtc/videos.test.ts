// @vitest-environment jsdom
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { ReceivedVideos } from "./videos";
import { makeVideos } from "./videos";

beforeAll(() => {
  vi.stubGlobal(
    "MediaStream",
    vi.fn(function MediaStream() {}),
  );
});

describe("received videos", () => {
  it("are found by whose section they are in, whichever is told first", () => {
    const told: ReceivedVideos[] = [];
    const videos = makeVideos((next) => told.push(next));
    videos.setSlots([
      { mid: "3", user_id: "bob", source: "webcam" },
      { mid: "1", user_id: "bob", source: "microphone" },
    ]);
    videos.addTrack("3", {} as MediaStreamTrack);
    videos.addTrack("4", {} as MediaStreamTrack);
    expect(told.map(({ byKey, hasSpare }) => [Object.keys(byKey), hasSpare])).toEqual([
      [["bob/webcam"], false],
      [["bob/webcam"], true],
    ]);
    videos.setSlots([{ mid: "4", user_id: "bob", source: "screen_video:s" }]);
    expect(told.at(-1)?.byKey).toMatchObject({ "bob/screen_video:s": { mid: "4" } });
    videos.close();
    expect(told.at(-1)).toEqual({ byKey: {}, hasSpare: false });
  });
});

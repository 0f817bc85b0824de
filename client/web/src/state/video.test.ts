import { describe, expect, it } from "vitest";
import { ready, stateAfter } from "../test/fixtures";
import type { StoreEvent } from "./local";

const SHARE = {
  channel_id: "lounge",
  user_id: "bob",
  stream_id: "s",
  username: "bob",
  source_label: "Editor",
  has_audio: true,
  quality: "high",
  started_at: "2026-03-01T12:00:00Z",
} as const;
const started: StoreEvent = { type: "screen_share_started", ...SHARE };
const camera: StoreEvent = {
  type: "webcam_started",
  channel_id: "lounge",
  user_id: "bob",
  username: "bob",
  quality: "high",
};
const layer = (active_layer: "high" | null, track_source = "screen_video:s"): StoreEvent => ({
  type: "voice_layer_changed",
  channel_id: "lounge",
  source_user_id: "bob",
  track_source,
  active_layer,
});
const room: StoreEvent = {
  type: "voice_room_state",
  channel_id: "lounge",
  participants: [],
  screen_shares: [],
  webcams: [],
  listeners: [],
  push_to_talk_required: false,
};

describe("video of a room", () => {
  it("is kept from its start to its end", () => {
    expect(stateAfter(ready(), started, camera)).toMatchObject({
      shares: { "bob/screen_video:s": { source_label: "Editor" } },
      webcams: { bob: { quality: "high" } },
    });
    const ends: StoreEvent[] = [
      { type: "screen_share_stopped", channel_id: "lounge", user_id: "bob", stream_id: "s", reason: "user_stopped" },
      { type: "webcam_stopped", channel_id: "lounge", user_id: "bob", reason: "user_stopped" },
    ];
    expect(stateAfter(ready(), started, camera, layer("high"), ...ends)).toMatchObject({
      shares: {},
      webcams: {},
      layers: {},
    });
  });

  it("is what the room's state says, and what was sent of the rest is forgotten", () => {
    const state = stateAfter(ready(), started, layer("high"), { ...room, screen_shares: [SHARE] });
    expect(state.layers).toEqual({ "bob/screen_video:s": "high" });
    expect(stateAfter(ready(), started, layer("high"), room)).toMatchObject({ shares: {}, layers: {} });
  });

  it("knows what is sent of each picture, and nothing of sounds", () => {
    expect(stateAfter(ready(), started, layer("high"), layer(null, "screen_audio:s")).layers).toEqual({
      "bob/screen_video:s": "high",
    });
  });

  it("says why nothing of it is sent", () => {
    const withheld: StoreEvent = { ...layer(null), reason: "no_codec" } as StoreEvent;
    expect(stateAfter(ready(), started, layer("high"), withheld).layers).toEqual({ "bob/screen_video:s": "no_codec" });
    expect(stateAfter(ready(), started, withheld, layer("high")).layers).toEqual({ "bob/screen_video:s": "high" });
  });

  it("changes quality", () => {
    const changed: StoreEvent = {
      type: "screen_share_quality_changed",
      channel_id: "lounge",
      user_id: "bob",
      stream_id: "s",
      quality: "low",
    };
    expect(stateAfter(ready(), started, changed).shares["bob/screen_video:s"]?.quality).toBe("low");
  });

  const ENDS: StoreEvent[] = [
    { type: "voice_user_left", channel_id: "lounge", user_id: "bob" },
    { type: "local_call_ended" },
  ];
  it.each(ENDS)("goes with whoever shows or watches it: $type", (end) => {
    expect(stateAfter(ready(), started, camera, end)).toMatchObject({ shares: {}, webcams: {} });
  });
});

// @vitest-environment jsdom
import { fireEvent, screen } from "@solidjs/testing-library";
import { describe, expect, it, vi } from "vitest";
import { Permission } from "../../protocol";
import { initialCall } from "../../rtc/callMachine";
import { CaptureError } from "../../rtc/capture";
import type { CallView } from "../../rtc/makeCall";
import type { LocalStream } from "../../rtc/publisher";
import type { StoreEvent } from "../../state/local";
import { quietView, show } from "../../test/client";
import { channel, ready, snapshot, voiceState } from "../../test/fixtures";
import { VoicePerson } from "../voice/VoicePerson";
import { MiniPlayer } from "./MiniPlayer";
import { CameraButton, ShareButton } from "./PublishButtons";
import { RoomStage } from "./RoomStage";
import { ShareDialog } from "./ShareDialog";
import { StageOutside } from "./StageOutside";

const KEY = "bob/screen_video:s";
const stream = (): MediaStream => ({}) as MediaStream;
const inCall = (change: Partial<CallView> = {}): CallView => ({
  ...quietView,
  call: { ...initialCall, channelId: "lounge", sessionId: "v", phase: "connected", gatewayUp: true },
  videos: { byKey: { [KEY]: { mid: "7", stream: stream() } }, hasSpare: true },
  ...change,
});
const spare = (hasSpare: boolean): CallView["videos"] => ({ byKey: {}, hasSpare });
const mayShow = Permission.USE_VIDEO + Permission.SCREEN_SHARE;
const lounge = channel("lounge", { channel_type: "voice", my_permissions: mayShow });
const room = ready([
  snapshot({ channels: [lounge], voice_states: [voiceState("ann"), voiceState("bob", { screen_sharing: true })] }),
]);
const share: StoreEvent = {
  type: "screen_share_started",
  channel_id: "lounge",
  user_id: "bob",
  stream_id: "s",
  username: "bob",
  source_label: "Editor",
  has_audio: true,
  quality: "high",
  started_at: "2026-03-01T12:00:00Z",
};
const webcam: StoreEvent = {
  type: "webcam_started",
  channel_id: "lounge",
  user_id: "bob",
  username: "bob",
  quality: "high",
};
const own = (source: string, label: string): LocalStream => ({
  source,
  kind: source === "webcam" ? "webcam" : "screen",
  label,
  tier: "high",
  content: "detail",
  hasAudio: false,
  phase: "live",
  stream: stream(),
});
const layer = (active_layer: "high" | null): StoreEvent => ({
  type: "voice_layer_changed",
  channel_id: "lounge",
  source_user_id: "bob",
  track_source: "screen_video:s",
  active_layer,
});
const stage = (events: StoreEvent[] = [share], view: CallView = inCall()) =>
  show(() => <RoomStage channelId="lounge" />, [room, ...events], { view });

describe("a shared screen", () => {
  it("is offered, and shown large when one watches it", () => {
    stage();
    expect(screen.queryByTestId("stage-main")).toBeNull();
    screen.getByTestId("watch-stream").focus();
    fireEvent.click(screen.getByTestId("watch-stream"));
    expect(screen.getByTestId("stage-main").getAttribute("aria-label")).toBe("BOB, shared screen");
    expect(screen.queryByTestId("stream-tile-bob")).toBeNull();
    expect(document.activeElement).toBe(screen.getByTestId("stage-main"));
  });

  it("says that it is loading until the server sends it and a frame is there", () => {
    const client = stage();
    fireEvent.click(screen.getByTestId("watch-stream"));
    const state = (): string | undefined => screen.getByTestId("video-view").dataset["state"];
    expect(state()).toBe("loading");
    fireEvent(screen.getByTestId("video-view").querySelector("video")!, new Event("loadeddata"));
    expect(state()).toBe("loading");
    client.dispatch(layer("high"));
    expect(state()).toBe("playing");
  });

  it.each([
    ["paused once the server has sent nothing for a moment", null, inCall(), "paused"],
    [
      "in a codec one cannot play when there is room and it never comes",
      undefined,
      inCall({ videos: spare(true) }),
      "unplayable",
    ],
    ["one too many when there is no room for it", undefined, inCall({ videos: spare(false) }), "crowded"],
  ])("is said to be %s", (_, active, view, expected) => {
    vi.useFakeTimers();
    const client = stage([share], view);
    fireEvent.click(screen.getByTestId("watch-stream"));
    const state = (): string | undefined => screen.getByTestId("video-view").dataset["state"];
    if (active === null) {
      fireEvent(screen.getByTestId("video-view").querySelector("video")!, new Event("loadeddata"));
      client.dispatch(layer("high"));
      client.dispatch(layer(null));
      expect(state()).toBe("playing");
      vi.advanceTimersByTime(2_000);
    } else vi.advanceTimersByTime(7_000);
    expect(state()).toBe(expected);
    vi.useRealTimers();
  });

  it.each([
    ["bandwidth", "paused", "too slow"],
    ["no_packets", "silent", "from their side"],
    ["no_slot", "crowded", "Too many videos"],
    ["no_codec", "unplayable", "codec"],
  ] as const)("that is not sent for want of %s says so in the tile after a moment", (reason, expected, words) => {
    vi.useFakeTimers();
    const client = stage();
    fireEvent.click(screen.getByTestId("watch-stream"));
    client.dispatch({ ...layer(null), reason } as StoreEvent);
    const view = screen.getByTestId("video-view");
    expect(view.dataset["state"]).toBe("loading");
    vi.advanceTimersByTime(2_000);
    expect(view.dataset["state"]).toBe(expected);
    expect(screen.getByTestId("video-veil").querySelector("[data-words]")?.getAttribute("data-words")).toContain(words);
    fireEvent(view.querySelector("video")!, new Event("loadeddata"));
    client.dispatch(layer("high"));
    expect(view.dataset["state"]).toBe("playing");
    vi.useRealTimers();
  });

  it("goes away with its end, and a screen reader is told of both", () => {
    const client = show(
      () => (
        <>
          <RoomStage channelId="lounge" />
          <StageOutside />
        </>
      ),
      [room],
      { view: inCall() },
    );
    client.dispatch(share);
    expect(screen.getByTestId("stage-news").textContent).toBe("BOB started sharing a screen.");
    fireEvent.click(screen.getByTestId("watch-stream"));
    client.dispatch({
      type: "screen_share_stopped",
      channel_id: "lounge",
      user_id: "bob",
      stream_id: "s",
      reason: "user_stopped",
    });
    expect(screen.queryByTestId("stage-main")).toBeNull();
    expect(screen.getByTestId("stage-news").textContent).toBe("BOB stopped sharing a screen.");
    expect(client.stage.isWatched(KEY)).toBe(false);
  });

  it("is heard only by those who watch it, until they silence it", () => {
    const client = stage();
    const heard = { userId: "bob", source: "screen_audio:s" };
    expect(client.stage.isHeard(heard)).toBe(false);
    fireEvent.click(screen.getByTestId("watch-stream"));
    expect(client.stage.isHeard(heard)).toBe(true);
    fireEvent.click(screen.getByTestId("stream-mute"));
    expect(client.stage.isHeard(heard)).toBe(false);
    expect(client.call.refreshPlayback).toHaveBeenCalled();
  });

  it("is taken at most as large as chosen", () => {
    const client = stage();
    fireEvent.click(screen.getByTestId("watch-stream"));
    fireEvent.click(screen.getByTestId("stream-quality"));
    fireEvent.click(screen.getByTestId("quality-low"));
    expect(client.stage.choiceOf(KEY)).toBe("low");
    expect(screen.getByTestId("stream-quality").getAttribute("aria-label")).toBe("Quality for me: Low");
  });
});

describe("the viewer's keys", () => {
  const press = (key: string, target: EventTarget = document.body): boolean =>
    fireEvent.keyDown(target as Element, { key });

  it("change the view, silence, show all and stop watching", () => {
    const { stage: on } = stage();
    fireEvent.click(screen.getByTestId("watch-stream"));
    press("v");
    expect(on.mode()).toBe("theater");
    press("Escape");
    expect(on.mode()).toBe("spotlight");
    press("m");
    expect(on.isSilenced(KEY)).toBe(true);
    press("g");
    expect(screen.queryByTestId("stage-main")).toBeNull();
    press("g");
    expect(screen.getByTestId("stage-main")).toBeTruthy();
    press("Escape");
    expect(on.isWatched(KEY)).toBe(false);
  });

  it("belong to a text field while one types, and to the page while nothing is watched", () => {
    const { stage: on } = stage();
    expect(press("Escape")).toBe(true);
    fireEvent.click(screen.getByTestId("watch-stream"));
    const field = document.body.appendChild(document.createElement("textarea"));
    expect(press("g", field)).toBe(true);
    expect(on.mode()).toBe("spotlight");
    field.remove();
  });
});

describe("faces", () => {
  it("stand in their tile and can be shown large", () => {
    const client = stage([webcam]);
    expect(screen.getByTestId("voice-tile-bob").querySelector("video")).toBeTruthy();
    fireEvent.click(screen.getByTestId("camera-enlarge"));
    expect(screen.getByTestId("stage-main").getAttribute("aria-label")).toBe("BOB, camera");
    expect(screen.getByTestId("voice-tile-bob").querySelector("video")).toBeNull();
    fireEvent.click(screen.getByTestId("stream-leave"));
    expect(client.stage.focused()).toBeNull();
  });

  it("are marked in the sidebar, as screens are", () => {
    const both = voiceState("bob", { screen_sharing: true, webcam_active: true });
    show(() => <VoicePerson userId="bob" channelId="lounge" />, [ready([snapshot({ voice_states: [both] })])]);
    const person = screen.getByTestId("voice-person-bob");
    expect(person.getAttribute("aria-label")).toBe("BOB, shares a screen, camera on. Open menu");
    expect(person.querySelector(".live-tag")).toBeTruthy();
  });
});

describe("somebody's menu", () => {
  it("leads to the screen they share", () => {
    const client = show(() => <VoicePerson userId="bob" channelId="lounge" />, [room, share], { view: inCall() });
    fireEvent.click(screen.getByTestId("voice-person-bob"));
    fireEvent.click(screen.getByTestId("participant-watch"));
    expect(client.stage.focused()?.key).toBe(KEY);
    expect(client.router.route()).toEqual({ name: "channel", guildId: "g1", channelId: "lounge" });
  });
});

describe("one's own screen", () => {
  it("is shown with a way to end it", () => {
    const client = stage([], inCall({ published: [own("screen_video:x", "Screen")] }));
    fireEvent.click(screen.getByTestId("stream-stop"));
    expect(client.call.publisher.stop).toHaveBeenCalledWith("screen_video:x");
  });

  it("is chosen in the browser with what was set, and a closed picker is no error to shout about", async () => {
    const client = show(() => <ShareDialog />, [room], { view: inCall() });
    vi.mocked(client.call.publisher.share).mockRejectedValue(new CaptureError("cancelled", "screen"));
    fireEvent.click(screen.getByTestId("share-choose"));
    expect(client.call.publisher.share).toHaveBeenCalledWith({ tier: "high", content: "detail", withAudio: true });
    expect((await screen.findByTestId("form-error")).textContent).toBe("Nothing was shared.");
  });

  it("may be three at most, each with its end", () => {
    const published = ["a", "b", "c"].map((id) => own(`screen_video:${id}`, id));
    const client = show(() => <ShareDialog />, [room], { view: inCall({ published }) });
    expect(screen.getByTestId<HTMLButtonElement>("share-choose").disabled).toBe(true);
    fireEvent.click(screen.getAllByTestId("own-share-stop")[1]!);
    expect(client.call.publisher.stop).toHaveBeenCalledWith("screen_video:b");
  });
});

describe("camera and screen buttons", () => {
  const buttons = () => (
    <>
      <CameraButton />
      <ShareButton />
    </>
  );

  it("open their dialogs", () => {
    const client = show(buttons, [room], { view: inCall() });
    fireEvent.click(screen.getByTestId("toggle-camera"));
    expect(client.dialogs.current()?.name).toBe("camera");
    fireEvent.click(screen.getByTestId("share-screen"));
    expect(client.dialogs.current()?.name).toBe("share");
  });

  it("turn the camera off with a click", () => {
    const client = show(buttons, [room], { view: inCall({ published: [own("webcam", "Camera")] }) });
    fireEvent.click(screen.getByTestId("toggle-camera"));
    expect(client.call.publisher.stop).toHaveBeenCalledWith("webcam");
  });

  it("say that one may not", () => {
    const locked = ready([snapshot({ channels: [channel("lounge", { channel_type: "voice", my_permissions: 0 })] })]);
    show(buttons, [locked], { view: inCall() });
    expect(screen.getByTestId<HTMLButtonElement>("share-screen").disabled).toBe(true);
    expect(screen.getByTestId("toggle-camera").getAttribute("aria-label")).toBe("You may not use a camera here");
  });
});

describe("the corner player", () => {
  it("keeps the watched screen in sight elsewhere, and not in the room itself", () => {
    const client = show(() => <MiniPlayer />, [room, share], { view: inCall() });
    expect(screen.queryByTestId("mini-player")).toBeNull();
    client.stage.watch(KEY);
    expect(screen.getByTestId("mini-player")).toBeTruthy();
    fireEvent.click(screen.getByTestId("mini-back"));
    expect(screen.queryByTestId("mini-player")).toBeNull();
  });
});

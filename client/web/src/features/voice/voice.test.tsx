// @vitest-environment jsdom
import { fireEvent, screen } from "@solidjs/testing-library";
import { describe, expect, it, vi } from "vitest";
import { initialCall } from "../../rtc/callMachine";
import type { Client } from "../../client/createClient";
import { Permission } from "../../protocol";
import type { CallView } from "../../rtc/makeCall";
import type { VoiceSample } from "../../rtc/stats";
import type { StoreEvent } from "../../state/local";
import { quietView, show } from "../../test/client";
import { channel, ready, snapshot, voiceState } from "../../test/fixtures";
import { VoiceChannelRow } from "../channels/VoiceChannelRow";
import { UserPanel } from "./UserPanel";
import { VoicePanel } from "./VoicePanel";

const inCall = (change: Partial<CallView["call"]> = {}): CallView => ({
  ...quietView,
  call: { ...initialCall, channelId: "lounge", sessionId: "v", phase: "connected", gatewayUp: true, ...change },
});
const room = ready([snapshot({ voice_states: [voiceState("ann"), voiceState("bob", { muted: true })] })]);
const lounge = channel("lounge", { channel_type: "voice" });

describe("voice panel", () => {
  it("is not there outside voice", () => {
    show(() => <VoicePanel />, [room]);
    expect(screen.queryByTestId("voice-panel")).toBeNull();
  });

  it.each([
    [{ phase: "joining" as const }, "Connecting"],
    [{ phase: "negotiating" as const }, "Finding route"],
    [{ phase: "connecting" as const }, "Securing"],
    [{ phase: "connected" as const }, "Connected"],
    [{ phase: "connected" as const, isUnstable: true }, "Unstable"],
    [{ phase: "reconnecting" as const, attempt: 3 }, "Reconnecting (attempt 3)"],
  ])("names the state %o", (change, words) => {
    show(() => <VoicePanel />, [room], { view: inCall(change) });
    expect(screen.getByTestId("voice-state-text").textContent).toBe(words);
  });

  it("shows the ping beside the state, and says how good that is", () => {
    const sample = { rttMs: 23, lossInPercent: 0, lossOutPercent: 0, jitterMs: 1, jitterBufferMs: 40 } as VoiceSample;
    show(() => <VoicePanel />, [room], { view: { ...inCall(), sample } });
    expect(screen.getByTestId("voice-ping").textContent).toBe("· 23 ms, Excellent");
  });

  it("says plainly that there is no microphone", () => {
    show(() => <VoicePanel />, [room], { view: { ...inCall(), trouble: "denied" } });
    expect(screen.getByTestId("microphone-trouble").textContent).toContain("You can listen");
  });

  it.each([true, false])("says why there is delay only when connected over TCP: %o", (isOverTcp) => {
    const sample = { rttMs: 23, lossInPercent: 0, lossOutPercent: 0, isOverTcp } as VoiceSample;
    show(() => <VoicePanel />, [room], { view: { ...inCall(), sample } });
    expect(screen.queryByTestId("voice-over-tcp")?.textContent).toBe(
      isOverTcp ? "Your network blocks UDP – using TCP, expect delay" : undefined,
    );
  });

  it("leaves", () => {
    const client = show(() => <VoicePanel />, [room], { view: inCall() });
    fireEvent.click(screen.getByTestId("voice-leave"));
    expect(client.call.leave).toHaveBeenCalled();
  });
});

describe("push to talk", () => {
  const required = (open: boolean): StoreEvent => ({
    type: "voice_push_to_talk",
    channel_id: "lounge",
    required: true,
    open,
  });

  it("is not asked for where voice may open by itself", () => {
    show(() => <VoicePanel />, [room, required(false), { ...required(false), required: false } as StoreEvent], {
      view: inCall(),
    });
    expect(screen.queryByTestId("hold-to-talk")).toBeNull();
  });

  it("opens the microphone while the button is held, and once for a key that repeats", () => {
    const client = show(() => <VoicePanel />, [room, required(false)], { view: inCall() });
    const button = screen.getByTestId("hold-to-talk");
    fireEvent.keyDown(button, { key: " " });
    fireEvent.keyDown(button, { key: " " });
    expect(vi.mocked(client.send).mock.calls).toEqual([[{ type: "voice_unmute", push_to_talk: true }]]);
    fireEvent.keyUp(button, { key: " " });
    expect(client.send).toHaveBeenLastCalledWith({ type: "voice_mute", push_to_talk: true });
  });

  it("closes it when the window is left, and says whether one is heard", () => {
    const client = show(() => <VoicePanel />, [room, required(false)], { view: inCall() });
    fireEvent.keyDown(screen.getByTestId("hold-to-talk"), { key: "Enter" });
    client.dispatch(required(true));
    expect(screen.getByTestId("hold-to-talk").textContent).toBe("You are heard");
    fireEvent.blur(window);
    expect(client.send).toHaveBeenLastCalledWith({ type: "voice_mute", push_to_talk: true });
  });
});

describe("whispering", () => {
  const lounge = channel("lounge", { channel_type: "voice", my_permissions: Permission.WHISPER });
  const room = ready([snapshot({ channels: [lounge], voice_states: [voiceState("ann"), voiceState("bob")] })]);
  const whispering = (user_ids: string[]): StoreEvent => ({
    type: "voice_whispering",
    user_ids,
    target_channel_id: null,
  });
  const panel = () =>
    show(
      () => (
        <>
          <VoicePanel />
          <VoiceChannelRow channel={lounge} selected={false} />
        </>
      ),
      [room],
      { view: inCall() },
    );
  const chooseBob = (): void => {
    fireEvent.contextMenu(screen.getByTestId("voice-person-bob"));
    fireEvent.click(screen.getByTestId("participant-whisper"));
  };
  const hushes = (client: Client): unknown[] => vi.mocked(client.call.setHushed).mock.calls.flat();

  it("is for those chosen in their menu, while the key is held, and hushed until it is settled who hears", () => {
    const client = panel();
    chooseBob();
    fireEvent.keyDown(window, { altKey: true, code: "KeyW" });
    expect(client.send).toHaveBeenLastCalledWith({ type: "voice_whisper", user_ids: ["bob"] });
    expect(hushes(client)).toEqual([true]);
    client.dispatch(whispering(["bob"]));
    expect(hushes(client)).toEqual([true, false]);
    expect(screen.getByTestId("hold-to-whisper").textContent).toBe("Only BOB hears you");
    fireEvent.keyUp(window, { code: "KeyW" });
    expect(client.send).toHaveBeenLastCalledWith({ type: "voice_whisper_stop" });
    expect(hushes(client)).toEqual([true, false, true]);
    client.dispatch(whispering([]));
    expect(hushes(client)).toEqual([true, false, true, false]);
  });

  it("stays hushed when the one whispered to is gone while the key is held", () => {
    const client = panel();
    chooseBob();
    fireEvent.keyDown(window, { altKey: true, code: "KeyW" });
    client.dispatch(whispering(["bob"]));
    client.dispatch(whispering([]));
    expect(hushes(client).at(-1)).toBe(true);
  });

  it("takes a microphone that is open", () => {
    show(() => <VoicePanel />, [room], { view: { ...inCall(), muted: true } }).whisper.toggleTarget("bob");
    expect(screen.getByTestId<HTMLButtonElement>("hold-to-whisper").disabled).toBe(true);
  });
});

describe("listening in", () => {
  it("is switched in the menu of another voice channel, and shown in one's own", () => {
    const other = channel("stage", { channel_type: "voice" });
    const client = show(
      () => (
        <>
          <VoiceChannelRow channel={lounge} selected={false} />
          <VoiceChannelRow channel={other} selected={false} />
        </>
      ),
      [ready([snapshot({ channels: [lounge, other] })])],
      { view: inCall() },
    );
    fireEvent.contextMenu(screen.getByTestId("voice-channel-stage"));
    fireEvent.click(screen.getByTestId("listen-in"));
    expect(client.send).toHaveBeenLastCalledWith({ type: "voice_listen", channel_id: "stage" });
    client.dispatch({ type: "voice_listening", channel_ids: ["stage"] });
    expect(screen.getByTestId("voice-channel-stage").getAttribute("aria-label")).toContain("you listen in");
    const listeners = [{ user_id: "bob", username: "bob", display_name: "BOB" }];
    client.dispatch({ type: "voice_listeners", channel_id: "lounge", listeners });
    expect(screen.getByTestId("voice-listeners").textContent).toBe("1 person listens in");
  });
});

describe("user panel", () => {
  it("names the state of its buttons", () => {
    show(() => <UserPanel />, [room], { view: { ...quietView, muted: true } });
    const mute = screen.getByTestId("toggle-mute");
    expect(mute.getAttribute("aria-label")).toMatch(/^Unmute/);
    expect(mute.getAttribute("aria-pressed")).toBe("true");
  });
});

describe("voice channel", () => {
  it("is joined by one click and shows who is inside, with their state in words", () => {
    const client = show(
      () => <VoiceChannelRow channel={lounge} selected={false} />,
      [room, { type: "voice_speaking", channel_id: "lounge", user_id: "ann", speaking: true }],
    );
    expect(screen.getByTestId("voice-person-ann").getAttribute("aria-label")).toBe("ANN, speaking. Open menu");
    expect(screen.getByTestId("voice-person-bob").getAttribute("aria-label")).toBe("BOB, muted. Open menu");
    fireEvent.click(screen.getByTestId("voice-channel-lounge"));
    expect(client.call.join).toHaveBeenCalledWith("lounge");
  });

  it("says who whispers to one and who has priority", () => {
    const events: StoreEvent[] = [
      room,
      { type: "voice_whisper_started", channel_id: "lounge", user_id: "ann" },
      { type: "voice_priority_changed", channel_id: "lounge", user_id: "bob", active: true },
    ];
    show(() => <VoiceChannelRow channel={lounge} selected={false} />, events);
    expect(screen.getByTestId("voice-person-ann").getAttribute("aria-label")).toContain("whispers to you");
    expect(screen.getByTestId("voice-person-bob").getAttribute("aria-label")).toContain("priority speaker");
  });

  it("does not join without the permission", () => {
    const locked = channel("lounge", { channel_type: "voice", my_permissions: 0 });
    const client = show(
      () => <VoiceChannelRow channel={locked} selected={false} />,
      [ready([snapshot({ channels: [locked] })])],
    );
    fireEvent.click(screen.getByTestId("voice-channel-lounge"));
    expect(client.call.join).not.toHaveBeenCalled();
  });

  it("remembers a volume of one's own for a person", () => {
    const client = show(() => <VoiceChannelRow channel={lounge} selected={false} />, [room]);
    fireEvent.contextMenu(screen.getByTestId("voice-person-bob"));
    const slider = screen.getByTestId<HTMLInputElement>("participant-volume");
    Object.defineProperty(slider, "valueAsNumber", { value: 150 });
    fireEvent.input(slider);
    expect(client.setPreferences).toHaveBeenCalledWith({ volumes: { bob: 1.5 } });
    expect(client.call.refreshPlayback).toHaveBeenCalled();
  });
});

// @vitest-environment jsdom
import { fireEvent, screen } from "@solidjs/testing-library";
import { describe, expect, it, vi } from "vitest";
import type { Client } from "../../client/createClient";
import { show } from "../../test/client";
import { channel, ready, snapshot } from "../../test/fixtures";
import { ChannelOverview } from "../guildSettings/ChannelOverview";
import { CreateChannelDialog } from "./CreateChannelDialog";

const fill = (id: string, value: string): void => void fireEvent.input(screen.getByTestId(id), { target: { value } });
const choose = (id: string, value: string): void =>
  void fireEvent.change(screen.getByTestId(id), { target: { value } });

function channels() {
  const create = vi.fn(() => new Promise<never>(() => undefined));
  const edit = vi.fn(() => new Promise<never>(() => undefined));
  return { create, edit, api: { channels: { create, edit } } as unknown as Client["api"] };
}

describe("voice channel fields", () => {
  it("are asked for a new voice channel and start at the server's own choice", () => {
    const { create, api } = channels();
    show(() => <CreateChannelDialog guildId="g1" categoryId={null} kind="voice" />, [ready()], { api });
    fill("channel-name", "Ranked");
    choose("channel-ptime", "10");
    fill("channel-limit", "5");
    fireEvent.submit(screen.getByTestId("channel-create").closest("form")!);
    expect(create).toHaveBeenCalledWith({
      guild_id: "g1",
      name: "Ranked",
      channel_type: "voice",
      category_id: null,
      user_limit: 5,
      bitrate_kbps: 64,
      ptime_ms: 10,
      max_screen_shares: 6,
    });
  });

  it("are not sent for a text channel", () => {
    const { create, api } = channels();
    show(() => <CreateChannelDialog guildId="g1" categoryId={null} kind="text" />, [ready()], { api });
    expect(screen.queryByTestId("channel-bitrate")).toBeNull();
    fill("channel-name", "Raids");
    fireEvent.submit(screen.getByTestId("channel-create").closest("form")!);
    expect(create).toHaveBeenCalledWith({ guild_id: "g1", name: "raids", channel_type: "text", category_id: null });
  });

  it("show what a channel has and send what was changed", () => {
    const { edit, api } = channels();
    const lounge = channel("lounge", { channel_type: "voice", user_limit: 9, bitrate_kbps: 96, ptime_ms: 10 });
    show(() => <ChannelOverview channelId="lounge" />, [ready([snapshot({ channels: [lounge] })])], { api });
    expect(screen.getByTestId<HTMLSelectElement>("channel-ptime").value).toBe("10");
    expect(screen.getByTestId<HTMLInputElement>("channel-bitrate").value).toBe("96");
    fill("channel-bitrate", "128");
    fill("channel-limit", "");
    fill("channel-screens", "2");
    choose("channel-ptime", "20");
    fireEvent.submit(screen.getByTestId("channel-save").closest("form")!);
    expect(edit).toHaveBeenCalledWith("lounge", {
      name: "lounge",
      category_id: null,
      user_limit: null,
      bitrate_kbps: 128,
      ptime_ms: 20,
      max_screen_shares: 2,
    });
  });
});

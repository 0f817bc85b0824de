// @vitest-environment jsdom
import { fireEvent, screen } from "@solidjs/testing-library";
import { expect, it, vi } from "vitest";
import type { Client } from "../../client/createClient";
import { show } from "../../test/client";
import { guild, ready, snapshot } from "../../test/fixtures";
import { OverviewPage } from "./OverviewPage";

const choose = (id: string, value: string): void =>
  void fireEvent.change(screen.getByTestId(id), { target: { value } });

it("sets where those who fall silent go, and when; a time of the server's own is kept", () => {
  const edit = vi.fn(() => Promise.resolve());
  const api = { guilds: { edit } } as unknown as Client["api"];
  const own = snapshot({ guild: guild({ afk_timeout_s: 420 }) });
  show(() => <OverviewPage guildId="g1" />, [ready([own])], { api });
  expect(screen.getByTestId<HTMLSelectElement>("afk-timeout").disabled).toBe(true);
  choose("afk-channel", "lounge");
  expect(screen.getByTestId<HTMLSelectElement>("afk-timeout").value).toBe("420");
  choose("afk-timeout", "900");
  fireEvent.submit(screen.getByTestId("guild-save").closest("form")!);
  expect(edit).toHaveBeenCalledWith("g1", {
    name: "Night Owls",
    description: null,
    afk_channel_id: "lounge",
    afk_timeout_s: 900,
  });
});

/** Which dialog stands before the page; at most one. */
import type { Accessor } from "solid-js";
import { createSignal } from "solid-js";
import type { Id } from "../protocol";

export type OpenDialog =
  | { name: "create_guild" }
  | { name: "invite"; guildId: Id; channelId: Id | null }
  | { name: "create_channel"; guildId: Id; categoryId: Id | null; kind: "text" | "voice" }
  | { name: "category"; guildId: Id; categoryId: Id | null }
  | { name: "channel_settings"; channelId: Id; page?: ChannelPage }
  | { name: "guild_settings"; guildId: Id; page?: GuildPage }
  | { name: "settings"; page?: SettingsPage }
  | { name: "share" }
  | { name: "camera" }
  | { name: "shortcuts" }
  | { name: "switcher" }
  | { name: "confirm"; title: string; text: string; action: string; act: () => Promise<unknown> };

export type SettingsPage = "account" | "voice" | "appearance" | "keybinds";
export type GuildPage = "overview" | "roles" | "members" | "invites" | "bans";
export type ChannelPage = "overview" | "permissions";

export interface Dialogs {
  readonly current: Accessor<OpenDialog | null>;
  open(dialog: OpenDialog): void;
  close(): void;
}

export function createDialogs(): Dialogs {
  const [current, setCurrent] = createSignal<OpenDialog | null>(null);
  return { current, open: setCurrent, close: () => setCurrent(null) };
}

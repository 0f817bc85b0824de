/** The keyboard: one table of shortcuts, matched in one place. */
import type { Client } from "../../client/createClient";
import type { Id } from "../../protocol";
import { guildChannels } from "../../state/selectors";
import { openShare, toggleCamera } from "../stage/publishing";

export interface Shortcut {
  keys: string;
  label: string;
  /** In a text field these keys belong to the field. */
  notWhileTyping?: boolean;
  run: (client: Client) => void;
}

export const SHORTCUTS: Shortcut[] = [
  { keys: "Ctrl+K", label: "Find a channel", run: ({ dialogs }) => dialogs.open({ name: "switcher" }) },
  { keys: "Ctrl+/", label: "Show the shortcuts", run: ({ dialogs }) => dialogs.open({ name: "shortcuts" }) },
  { keys: "Ctrl+,", label: "Open settings", run: ({ dialogs }) => dialogs.open({ name: "settings" }) },
  { keys: "Alt+ArrowUp", label: "Previous channel", run: (client) => stepChannel(client, -1) },
  { keys: "Alt+ArrowDown", label: "Next channel", run: (client) => stepChannel(client, 1) },
  { keys: "Alt+Shift+ArrowUp", label: "Previous unread channel", run: (client) => stepChannel(client, -1, true) },
  { keys: "Alt+Shift+ArrowDown", label: "Next unread channel", run: (client) => stepChannel(client, 1, true) },
  { keys: "Ctrl+Alt+ArrowUp", label: "Previous server", run: (client) => stepGuild(client, -1) },
  { keys: "Ctrl+Alt+ArrowDown", label: "Next server", run: (client) => stepGuild(client, 1) },
  {
    keys: "Ctrl+Shift+M",
    label: "Mute or unmute",
    run: ({ call }) => call.setMuted(!(call.view.muted || call.view.deafened)),
  },
  { keys: "Ctrl+Shift+D", label: "Deafen or undeafen", run: ({ call }) => call.setDeafened(!call.view.deafened) },
  { keys: "Ctrl+Shift+V", label: "Turn the camera on or off", run: toggleCamera },
  { keys: "Ctrl+Shift+S", label: "Share a screen, or stop", run: openShare },
  { keys: "Ctrl+Alt+A", label: "Go to my voice channel", run: goToCall },
  {
    keys: "Ctrl+U",
    label: "Show or hide the members",
    run: ({ preferences, setPreferences }) => setPreferences({ showMembers: !preferences.showMembers }),
  },
  { keys: "Escape", label: "Mark the channel as read", run: markRead },
  { keys: "F6", label: "Next region of the page", run: () => stepRegion(1) },
  { keys: "Shift+F6", label: "Previous region of the page", run: () => stepRegion(-1) },
];

/** What composer, message list, voice panel and stage do by themselves; listed for people only. */
export const LOCAL_SHORTCUTS: { keys: string; label: string }[] = [
  { keys: "Enter", label: "Send the message" },
  { keys: "Shift+Enter", label: "New line" },
  { keys: "ArrowUp", label: "Edit the last message (in an empty composer)" },
  { keys: "Tab", label: "Between message list and composer" },
  { keys: "E", label: "Edit the focused message" },
  { keys: "R", label: "Reply to the focused message" },
  { keys: "Backspace", label: "Delete the focused message" },
  { keys: "Alt+W", label: "Whisper while held, to whom you chose in their menu" },
  { keys: "V", label: "Watching a stream: theater and back" },
  { keys: "F", label: "Watching a stream: full screen" },
  { keys: "G", label: "Watching a stream: all side by side" },
  { keys: "M", label: "Watching a stream: its sound on or off" },
  { keys: "Escape", label: "Watching a stream: stop watching" },
];

/** The name of a key press in the table's spelling; Cmd counts as Ctrl. */
export function keysOf(press: KeyboardEvent): string {
  const parts = [
    press.ctrlKey || press.metaKey ? "Ctrl" : "",
    press.altKey ? "Alt" : "",
    press.shiftKey ? "Shift" : "",
  ];
  const key = press.key.length === 1 ? press.key.toUpperCase() : press.key;
  return [...parts.filter(Boolean), key].join("+");
}

/** Listen on the page until the answer is called. A dialog that is open keeps its keys to itself. */
export function installShortcuts(client: Client): () => void {
  const listen = (press: KeyboardEvent): void => {
    if (press.defaultPrevented || client.dialogs.current() !== null) return;
    const shortcut = SHORTCUTS.find((each) => each.keys === keysOf(press));
    if (!shortcut) return;
    press.preventDefault();
    shortcut.run(client);
  };
  addEventListener("keydown", listen);
  return () => removeEventListener("keydown", listen);
}

function here(client: Client): { guildId: Id; channelId: Id | null } | null {
  const route = client.router.route();
  return route.name === "channel" ? route : null;
}

function stepChannel(client: Client, step: number, unreadOnly = false): void {
  const place = here(client);
  if (!place) return;
  const channels = guildChannels(client.state, place.guildId).filter((channel) => channel.channel_type === "text");
  const at = channels.findIndex((channel) => channel.id === place.channelId);
  for (let index = 1; index <= channels.length; index++) {
    const next = channels.at((at + step * index) % channels.length);
    if (!next || (unreadOnly && next.unread_count === 0)) continue;
    client.router.go({ name: "channel", guildId: place.guildId, channelId: next.id });
    return;
  }
}

function stepGuild(client: Client, step: number): void {
  const { guildOrder } = client.state;
  const at = guildOrder.indexOf(here(client)?.guildId ?? "");
  const next = guildOrder.at((at + step) % guildOrder.length);
  if (next)
    client.router.go({ name: "channel", guildId: next, channelId: client.preferences.lastChannels[next] ?? null });
}

function goToCall(client: Client): void {
  const { channelId } = client.view.call;
  const guildId = client.state.channels[channelId ?? ""]?.guild_id;
  if (channelId && guildId) client.router.go({ name: "channel", guildId, channelId });
}

function markRead(client: Client): void {
  const channelId = here(client)?.channelId;
  if (!channelId) return;
  client.dispatch({ type: "local_divider", channel_id: channelId, after: null });
  client.messages.markRead(channelId);
}

/** Move the focus between the parts of the page that are marked as regions. */
function stepRegion(step: number): void {
  const regions = [...document.querySelectorAll<HTMLElement>("[data-region]")].filter(
    (region) => region.offsetParent !== null,
  );
  const at = regions.findIndex((region) => region.contains(document.activeElement));
  const region = regions.at((at + step) % regions.length);
  const target = region?.matches("[tabindex]")
    ? region
    : region?.querySelector<HTMLElement>("[tabindex='0'], a[href], button:not([disabled]), textarea");
  target?.focus();
}

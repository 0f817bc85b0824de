import { describe, expect, it } from "vitest";
import type { Message } from "../protocol";
import {
  channel,
  everyone,
  guild,
  member,
  message,
  ready,
  role,
  snapshot,
  stateAfter,
  user,
  voiceState,
} from "../test/fixtures";
import { apply } from "./apply";
import type { StoreEvent } from "./local";
import { channelGroups, colorOf, guildBits, isDucked, mayActOn, mayInGuild, nameOf, voiceIn } from "./selectors";

const posted = (item: Message): StoreEvent => ({ type: "message_new", channel_id: item.channel_id, message: item });
const page = (items: Message[], has_more = false, older = false): StoreEvent => ({
  type: "local_history",
  channel_id: "general",
  older,
  page: { items, has_more, next_cursor: null },
});
const ids = (state: ReturnType<typeof stateAfter>): string[] =>
  (state.timelines["general"]?.items ?? []).map((item) => item.id);
const voiceEvent = (userId: string, change: object = {}): StoreEvent => ({
  type: "voice_state",
  ...voiceState(userId),
  left_channel_id: null,
  ...change,
});

describe("ready", () => {
  it("fills the state from the snapshot", () => {
    const state = stateAfter(ready([snapshot({ voice_states: [voiceState("bob")] })]));
    expect(state.me?.id).toBe("ann");
    expect(state.guildOrder).toEqual(["g1"]);
    expect(voiceIn(state, "lounge").map((voice) => voice.user_id)).toEqual(["bob"]);
  });

  it("forgets what is gone and marks loaded history as stale", () => {
    const state = stateAfter(ready(), page([message("m1", "bob")]), ready());
    expect(state.timelines["general"]?.stale).toBe(true);
    apply(state, ready([]), 0);
    expect(state.channels).toEqual({});
    expect(state.timelines).toEqual({});
  });
});

describe("messages", () => {
  it("keeps them in order, whatever the order of arrival, each once", () => {
    const state = stateAfter(
      ready(),
      page([]),
      posted(message("m2", "bob")),
      posted(message("m1", "bob")),
      posted(message("m2", "bob")),
    );
    expect(ids(state)).toEqual(["m1", "m2"]);
  });

  it("counts unread ones of others in channels that are not on screen", () => {
    const state = stateAfter(
      ready(),
      posted(message("m1", "bob")),
      posted(message("m2", "ann")),
      posted(message("m3", "bob")),
    );
    expect(state.channels["general"]?.unread_count).toBe(2);
    apply(state, { type: "local_viewing", channel_id: "general" }, 0);
    apply(state, posted(message("m4", "bob")), 0);
    expect(state.channels["general"]?.unread_count).toBe(2);
    apply(state, { type: "channel_read", channel_id: "general", last_read_message_id: "m4", unread_count: 0 }, 0);
    expect(state.channels["general"]?.unread_count).toBe(0);
  });

  it("replaces a pending message by the one that carries its nonce, by event or by answer", () => {
    const pending = {
      nonce: "n1",
      content: "hi",
      reply_to: null,
      created_at: "",
      state: "sending" as const,
      error: null,
    };
    const own = message("m1", "ann", { nonce: "n1" });
    const state = stateAfter(ready(), page([]), { type: "local_pending", channel_id: "general", pending }, posted(own));
    expect(state.timelines["general"]?.pending).toEqual([]);
    apply(state, { type: "local_posted", message: own }, 0);
    expect(ids(state)).toEqual(["m1"]);
  });

  it("does not take another's nonce for ours", () => {
    const pending = {
      nonce: "n1",
      content: "hi",
      reply_to: null,
      created_at: "",
      state: "sending" as const,
      error: null,
    };
    const state = stateAfter(
      ready(),
      { type: "local_pending", channel_id: "general", pending },
      posted(message("m1", "bob", { nonce: "n1" })),
    );
    expect(state.timelines["general"]?.pending).toHaveLength(1);
  });

  it("marks a failed one, retries it and drops it", () => {
    const pending = {
      nonce: "n1",
      content: "hi",
      reply_to: null,
      created_at: "",
      state: "sending" as const,
      error: null,
    };
    const state = stateAfter(
      ready(),
      { type: "local_pending", channel_id: "general", pending: { ...pending } },
      { type: "local_pending_failed", channel_id: "general", nonce: "n1", error: "no" },
    );
    expect(state.timelines["general"]?.pending[0]).toMatchObject({ state: "failed", error: "no" });
    apply(state, { type: "local_pending_retried", channel_id: "general", nonce: "n1" }, 0);
    expect(state.timelines["general"]?.pending[0]).toMatchObject({ state: "sending", error: null });
    apply(state, { type: "local_pending_dropped", channel_id: "general", nonce: "n1" }, 0);
    expect(state.timelines["general"]?.pending).toEqual([]);
  });

  it("edits and deletes", () => {
    const edited = message("m1", "bob", { content: "better" });
    const state = stateAfter(
      ready(),
      page([message("m2", "bob"), message("m1", "bob")]),
      {
        type: "message_edit",
        channel_id: "general",
        message_id: "m1",
        content: "better",
        edited_at: "x",
        message: edited,
      },
      { type: "message_delete", channel_id: "general", message_id: "m2" },
    );
    expect(state.timelines["general"]?.items).toEqual([edited]);
  });

  it("puts older pages in front", () => {
    const state = stateAfter(
      ready(),
      page([message("m4", "bob"), message("m3", "bob")], true),
      page([message("m3", "bob"), message("m2", "bob")], true, true),
    );
    expect(ids(state)).toEqual(["m2", "m3", "m4"]);
    expect(state.timelines["general"]?.hasOlder).toBe(true);
  });

  it("joins a fresh newest page to what is loaded, without what was deleted meanwhile", () => {
    const state = stateAfter(
      ready(),
      page([message("m3", "bob"), message("m2", "bob"), message("m1", "bob")]),
      ready(),
      page([message("m4", "bob"), message("m2", "bob")], true),
    );
    expect(ids(state)).toEqual(["m1", "m2", "m4"]);
  });

  it("starts anew when there is a gap it cannot close", () => {
    const state = stateAfter(
      ready(),
      page([message("m1", "bob")]),
      ready(),
      page([message("m9", "bob"), message("m8", "bob")], true),
    );
    expect(ids(state)).toEqual(["m8", "m9"]);
    expect(state.timelines["general"]?.hasOlder).toBe(true);
  });

  it("keeps a message that arrived while the page was under way", () => {
    const state = stateAfter(
      ready(),
      { type: "local_history_loading", channel_id: "general", older: false },
      posted(message("m5", "bob")),
      page([message("m4", "bob")]),
    );
    expect(ids(state)).toEqual(["m4", "m5"]);
  });
});

describe("typing", () => {
  const typing = (id: string): StoreEvent => ({
    type: "typing_start",
    channel_id: "general",
    user_id: id,
    username: id,
    display_name: id,
  });

  it("shows others, never oneself, and forgets after eight seconds", () => {
    const state = stateAfter(ready(), typing("bob"), typing("ann"));
    expect(Object.keys(state.typing["general"] ?? {})).toEqual(["bob"]);
    apply(state, { type: "local_typing_swept" }, 8_999);
    expect(Object.keys(state.typing["general"] ?? {})).toEqual(["bob"]);
    apply(state, { type: "local_typing_swept" }, 9_000);
    expect(state.typing["general"]).toEqual({});
  });

  it("ends with the message", () => {
    expect(stateAfter(ready(), typing("bob"), posted(message("m1", "bob"))).typing["general"]).toEqual({});
  });
});

describe("voice", () => {
  it("follows people in, between and out of channels", () => {
    const state = stateAfter(ready(), voiceEvent("bob"));
    expect(voiceIn(state, "lounge")).toHaveLength(1);
    apply(state, voiceEvent("bob", { channel_id: "other" }), 0);
    expect(voiceIn(state, "lounge")).toHaveLength(0);
    apply(state, voiceEvent("bob", { channel_id: null, left_channel_id: "lounge" }), 0);
    expect(state.voice["bob"]?.channel_id).toBe("other");
    apply(state, voiceEvent("bob", { channel_id: null, left_channel_id: "other" }), 0);
    expect(state.voice["bob"]).toBeUndefined();
  });

  it("takes the room's own list for the truth", () => {
    const participant = {
      ...voiceState("cat"),
      username: "cat",
      display_name: "CAT",
      priority: false,
      screen_sharing: false,
      webcam_active: false,
    };
    const state = stateAfter(ready(), voiceEvent("bob"), {
      type: "voice_room_state",
      channel_id: "lounge",
      participants: [participant],
      screen_shares: [],
      webcams: [],
      listeners: [],
      push_to_talk_required: false,
    });
    expect(voiceIn(state, "lounge").map((voice) => voice.user_id)).toEqual(["cat"]);
  });

  it("turns the others down while a priority speaker speaks", () => {
    const active = { type: "voice_priority_changed", channel_id: "lounge", user_id: "bob" } as const;
    const speaking: StoreEvent = { type: "voice_speaking", channel_id: "lounge", user_id: "bob", speaking: true };
    const state = stateAfter(ready(), voiceEvent("bob"), voiceEvent("cat"), { ...active, active: true });
    expect(isDucked(state, "cat")).toBe(false);
    apply(state, speaking, 0);
    expect([isDucked(state, "cat"), isDucked(state, "bob")]).toEqual([true, false]);
    apply(state, { ...active, active: false }, 0);
    expect(isDucked(state, "cat")).toBe(false);
  });

  it("knows who whispers to us until they stop or leave", () => {
    const whisper = { channel_id: "lounge", user_id: "bob" };
    const state = stateAfter(ready(), voiceEvent("bob"), { type: "voice_whisper_started", ...whisper });
    expect(state.whispering["bob"]).toBe(true);
    apply(state, { type: "voice_whisper_stopped", ...whisper }, 0);
    expect(state.whispering["bob"]).toBeUndefined();
  });

  it("stops the speaking ring of who mutes or leaves", () => {
    const speaking: StoreEvent = { type: "voice_speaking", channel_id: "lounge", user_id: "bob", speaking: true };
    const state = stateAfter(ready(), voiceEvent("bob"), speaking);
    expect(state.speaking["bob"]).toBe(true);
    apply(state, voiceEvent("bob", { muted: true }), 0);
    expect(state.speaking["bob"]).toBeUndefined();
    apply(state, speaking, 0);
    apply(state, { type: "voice_user_left", channel_id: "lounge", user_id: "bob" }, 0);
    expect(state.speaking["bob"]).toBeUndefined();
  });
});

describe("looking at the past", () => {
  const around = (items: Message[], has_more = true): StoreEvent => ({
    type: "local_history_around",
    channel_id: "general",
    page: { items, has_more, next_cursor: null },
  });
  const newer = (items: Message[], has_more: boolean): StoreEvent => ({
    type: "local_history_newer",
    channel_id: "general",
    page: { items, has_more, next_cursor: null },
  });
  const old = [message("m3", "bob"), message("m2", "bob")];
  const present = [posted(message("m8", "bob")), page([message("m8", "bob")], true)];

  it("leaves out what is said now, but counts it", () => {
    const state = stateAfter(ready(), ...present, around(old), posted(message("m9", "bob")));
    expect(ids(state)).toEqual(["m2", "m3"]);
    expect(state.timelines["general"]).toMatchObject({ hasNewer: true, hasOlder: true });
    expect(state.channels["general"]?.unread_count).toBe(2);
  });

  it("grows until the present is reached", () => {
    const state = stateAfter(ready(), ...present, around(old), newer([message("m5", "bob"), message("m4", "bob")], true));
    expect(ids(state)).toEqual(["m2", "m3", "m4", "m5"]);
    apply(state, newer([message("m8", "bob")], false), 0);
    apply(state, posted(message("m9", "bob")), 0);
    expect(ids(state)).toEqual(["m2", "m3", "m4", "m5", "m8", "m9"]);
  });

  it("goes back to the present and loses nothing said while that was fetched", () => {
    const loading: StoreEvent = { type: "local_history_loading", channel_id: "general", older: false };
    const state = stateAfter(ready(), ...present, around(old), loading, posted(message("m9", "bob")));
    apply(state, page([message("m8", "bob")], true), 0);
    expect(ids(state)).toEqual(["m8", "m9"]);
    expect(state.timelines["general"]?.hasNewer).toBe(false);
  });

  it("is over when one leaves the channel", () => {
    const left: StoreEvent = { type: "local_history_left", channel_id: "general" };
    expect(stateAfter(ready(), ...present, around(old), left).timelines["general"]).toMatchObject({
      items: [],
      load: "idle",
      hasNewer: false,
    });
    expect(ids(stateAfter(ready(), ...present, left))).toEqual(["m8"]);
  });
});

describe("guilds", () => {
  it("forgets everything of a guild that is gone", () => {
    const state = stateAfter(ready([snapshot({ voice_states: [voiceState("bob")] })]), page([message("m1", "bob")]), {
      type: "guild_deleted",
      guild_id: "g1",
      reason: "kicked",
    });
    expect(state).toMatchObject({
      guildOrder: [],
      guilds: {},
      channels: {},
      roles: {},
      members: {},
      timelines: {},
      voice: {},
    });
  });

  it("counts members once", () => {
    const joined: StoreEvent = { type: "member_joined", guild_id: "g1", member: member("dan") };
    const state = stateAfter(ready(), joined, joined);
    expect(state.guilds["g1"]?.member_count).toBe(4);
    apply(state, { type: "member_left", guild_id: "g1", user_id: "dan", reason: "left" }, 0);
    expect(state.guilds["g1"]?.member_count).toBe(3);
  });

  it("renames people everywhere", () => {
    const state = stateAfter(ready(), { type: "user_updated", user: { ...user("ann"), display_name: "Anna" } });
    expect(nameOf(state, "g1", "ann")).toBe("Anna");
    expect(state.me?.display_name).toBe("Anna");
  });

  it("takes a deleted role from its members", () => {
    const state = stateAfter(
      ready([
        snapshot({ roles: [everyone, role("mods", { color: "#ff0000" })], me: member("ann", { role_ids: ["mods"] }) }),
      ]),
      { type: "role_deleted", guild_id: "g1", role_id: "mods" },
    );
    expect(colorOf(state, "g1", "ann")).toBeNull();
  });
});

describe("channels", () => {
  it("sorts text before voice, loose ones before categories", () => {
    const state = stateAfter(
      ready([
        snapshot({
          categories: [{ id: "k1", guild_id: "g1", name: "Games", position: 0 }],
          channels: [
            channel("v", { channel_type: "voice", category_id: "k1" }),
            channel("b", { position: 2, category_id: "k1" }),
            channel("a", { position: 1, category_id: "k1" }),
            channel("loose"),
          ],
        }),
      ]),
    );
    const names = (): string[][] => channelGroups(state, "g1").map((group) => group.channels.map((each) => each.id));
    expect(names()).toEqual([["loose"], ["a", "b", "v"]]);
    apply(state, { type: "category_deleted", guild_id: "g1", category_id: "k1" }, 0);
    expect(names()).toEqual([["loose", "a", "b", "v"]]);
  });

  it("keeps its own newer count when an older channel is told again", () => {
    const state = stateAfter(ready(), posted(message("m1", "bob")), {
      type: "channel_updated",
      channel: channel("general", { name: "renamed" }),
    });
    expect(state.channels["general"]).toMatchObject({ name: "renamed", unread_count: 1, last_message_id: "m1" });
  });
});

describe("what I may do", () => {
  const roles = [everyone, role("mods", { permissions: 4096 + 2 ** 33, position: 5 })];

  it("adds up my roles, beyond 32 bits too", () => {
    const state = stateAfter(ready([snapshot({ roles, me: member("ann", { role_ids: ["mods"] }) })]));
    expect(mayInGuild(state, "g1", "KICK_MEMBERS")).toBe(true);
    expect(mayInGuild(state, "g1", "MANAGE_THREADS")).toBe(true);
    expect(mayInGuild(state, "g1", "BAN_MEMBERS")).toBe(false);
  });

  it("is everything for the owner, next to nothing in a timeout", () => {
    expect(guildBits(stateAfter(ready([snapshot({ guild: guild({ owner_id: "ann" }) })])), "g1")).toBe(2 ** 34 - 1);
    const late = stateAfter(ready([snapshot({ me: member("ann", { timed_out_until: "2026-03-01T13:00:00Z" }) })]));
    expect(guildBits(late, "g1", Date.parse("2026-03-01T12:30:00Z"))).toBe(2 ** 24 + 2 ** 26);
  });

  it("reaches only those below me", () => {
    const state = stateAfter(ready([snapshot({ roles, me: member("ann", { role_ids: ["mods"] }) })]), {
      type: "local_members",
      guild_id: "g1",
      members: [member("bob"), member("cat", { role_ids: ["mods"] }), member("owner")],
      complete: true,
    });
    const may = (id: string): boolean => mayActOn(state, "g1", id, "KICK_MEMBERS");
    expect([may("bob"), may("cat"), may("owner"), may("ann")]).toEqual([true, false, false, false]);
  });
});

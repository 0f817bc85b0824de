import { describe, expect, it, vi } from "vitest";
import type { Api } from "../net/api";
import { Problem } from "../net/problem";
import type { Message, PostMessage } from "../protocol";
import { createAppStore } from "../state/store";
import { message, ready } from "../test/fixtures";
import { makeMessageActions } from "./messages";

function fixture(post: (body: PostMessage, key: string) => Promise<Message>) {
  const store = createAppStore();
  store.dispatch(ready());
  const keys: string[] = [];
  const slept: number[] = [];
  const api = {
    messages: {
      post: (_channelId: string, body: PostMessage, key: string) => {
        keys.push(key);
        return post(body, key);
      },
    },
    channels: { read: vi.fn(() => Promise.resolve()) },
  } as unknown as Api;
  const actions = makeMessageActions(api, store, (ms) => {
    slept.push(ms);
    return Promise.resolve();
  });
  return { store, keys, slept, actions, api, pending: () => store.state.timelines["general"]?.pending ?? [] };
}

const answered = (body: PostMessage): Promise<Message> =>
  Promise.resolve(message("m1", "ann", { content: body.content, nonce: body.nonce ?? null }));

describe("sending", () => {
  it("shows the message at once and settles it with the answer", async () => {
    const { actions, pending, store } = fixture(answered);
    actions.send("general", "hi", null);
    expect(pending()).toHaveLength(1);
    await vi.waitFor(() => expect(pending()).toHaveLength(0));
    expect(store.state.timelines["general"]?.items.map((item) => item.content)).toEqual(["hi"]);
  });

  it("tries again with the same key when no answer came", async () => {
    let calls = 0;
    const { actions, pending, keys } = fixture((body) =>
      calls++ < 2 ? Promise.reject(new Problem(0, "OFFLINE", "away")) : answered(body),
    );
    actions.send("general", "hi", null);
    await vi.waitFor(() => expect(pending()).toHaveLength(0));
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
  });

  it("waits as long as the server says", async () => {
    let calls = 0;
    const { actions, pending, slept } = fixture((body) =>
      calls++ < 1 ? Promise.reject(new Problem(429, "TOO_MANY", "slow down", {}, 2)) : answered(body),
    );
    actions.send("general", "hi", null);
    await vi.waitFor(() => expect(pending()).toHaveLength(0));
    expect(slept).toEqual([2000]);
  });

  it("gives up at once when the server refuses, and says why", async () => {
    const { actions, pending, keys } = fixture(() =>
      Promise.reject(new Problem(403, "FORBIDDEN", "you may not write here")),
    );
    actions.send("general", "hi", null);
    await vi.waitFor(() => expect(pending()[0]?.state).toBe("failed"));
    expect(pending()[0]?.error).toBe("you may not write here");
    expect(keys).toHaveLength(1);
  });

  it("can be told to try again", async () => {
    let calls = 0;
    const { actions, pending } = fixture((body) =>
      calls++ < 1 ? Promise.reject(new Problem(403, "FORBIDDEN", "no")) : answered(body),
    );
    actions.send("general", "hi", null);
    await vi.waitFor(() => expect(pending()[0]?.state).toBe("failed"));
    actions.retry("general", pending()[0]!.nonce);
    await vi.waitFor(() => expect(pending()).toHaveLength(0));
  });
});

describe("going back in time", () => {
  it("shows the stretch around a message, or says that it is gone", async () => {
    const { actions, store, api } = fixture(answered);
    const list = vi.fn(() => Promise.resolve({ items: [message("m2", "bob")], has_more: true, next_cursor: null }));
    Object.assign(api.messages, { list });
    expect(await actions.loadAround("general", "gone")).toBe(false);
    expect(store.state.timelines["general"]).toBeUndefined();
    expect(await actions.loadAround("general", "m2")).toBe(true);
    expect(list).toHaveBeenLastCalledWith("general", { around: "m2", limit: 50 });
    expect(store.state.timelines["general"]?.items.map((item) => item.id)).toEqual(["m2"]);
  });

  it("returns to the present with what one writes", () => {
    const { actions, store, api } = fixture(answered);
    const list = vi.fn(() => new Promise<never>(() => undefined));
    Object.assign(api.messages, { list });
    store.dispatch({ type: "message_new", channel_id: "general", message: message("m9", "bob") });
    const page = { items: [message("m2", "bob")], has_more: true, next_cursor: null };
    store.dispatch({ type: "local_history_around", channel_id: "general", page });
    actions.send("general", "hi", null);
    expect(list).toHaveBeenCalledWith("general", { limit: 50 });
  });
});

describe("reading", () => {
  it("tells the server only when there is something new", () => {
    const { actions, store, api } = fixture(answered);
    actions.markRead("general");
    expect(api.channels.read).not.toHaveBeenCalled();
    store.dispatch({ type: "message_new", channel_id: "general", message: message("m9", "bob") });
    actions.markRead("general");
    expect(api.channels.read).toHaveBeenCalledWith("general", "m9");
    expect(store.state.channels["general"]?.unread_count).toBe(0);
  });
});

import { describe, expect, it } from "vitest";
import type { Message } from "../../protocol";
import { message } from "../../test/fixtures";
import { keepRows, layOut } from "./rows";

const at = (id: string, author: string, minute: number, change: Partial<Message> = {}): Message =>
  message(id, author, { created_at: new Date(Date.UTC(2026, 2, 1, 12, minute)).toISOString(), ...change });
const heads = (items: Message[], after: string | null = null): boolean[] =>
  layOut(items, [], "ann", after).map((row) => row.head);

describe("rows of the message list", () => {
  it("groups an author's messages within seven minutes", () => {
    expect(heads([at("1", "bob", 0), at("2", "bob", 6), at("3", "bob", 13)])).toEqual([true, false, true]);
  });

  it("starts a group for another author and for a reply", () => {
    expect(heads([at("1", "bob", 0), at("2", "ann", 0), at("3", "ann", 1, { reply_to: "1" })])).toEqual([
      true,
      true,
      true,
    ]);
  });

  it("never groups messages of deleted accounts, who may be different people", () => {
    expect(heads([at("1", "x", 0, { author: null }), at("2", "x", 0, { author: null })])).toEqual([true, true]);
  });

  it("draws a line at each new day", () => {
    const rows = layOut(
      [at("1", "bob", 0), message("2", "bob", { created_at: "2026-03-03T12:00:00Z" })],
      [],
      "ann",
      null,
    );
    expect(rows.map((row) => row.day !== null)).toEqual([true, true]);
    expect(rows[1]?.head).toBe(true);
  });

  it("puts the line of the news before the first message of somebody else", () => {
    const rows = layOut([at("1", "bob", 0), at("2", "ann", 1), at("3", "bob", 2), at("4", "bob", 3)], [], "ann", "1");
    expect(rows.map((row) => row.isFirstNew)).toEqual([false, false, true, false]);
  });

  it("adds what is on its way, grouped with what was sent", () => {
    const pending = {
      nonce: "n",
      content: "hi",
      reply_to: null,
      created_at: at("1", "ann", 1).created_at,
      state: "sending" as const,
      error: null,
    };
    const rows = layOut([at("1", "ann", 0)], [pending], "ann", null);
    expect(rows[1]).toMatchObject({ id: "n", pending: true, head: false });
  });

  it("keeps the objects of rows that did not change", () => {
    const before = layOut([at("1", "bob", 0)], [], "ann", null);
    const after = keepRows(before, layOut([at("1", "bob", 0), at("2", "bob", 1)], [], "ann", null));
    expect(after[0]).toBe(before[0]);
  });
});

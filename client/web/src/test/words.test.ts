// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { inviteCodeOf } from "../features/guilds/CreateGuildDialog";
import { typingWords } from "../features/messages/TypingLine";
import { matchRank } from "../features/shell/QuickSwitcher";
import { hasBit, withBit } from "../protocol";
import { clean, DEFAULTS } from "../client/preferences";
import { parseRoute, routePath } from "../client/router";

describe("addresses", () => {
  it.each(["/", "/channels/g1", "/channels/g1/c1", "/invite/a%2Fb"])("reads and writes %s", (path) => {
    expect(routePath(parseRoute(path))).toBe(path);
  });

  it("takes anything else for home", () => {
    expect(parseRoute("/what/ever")).toEqual({ name: "home" });
  });
});

describe("preferences", () => {
  it("takes what fits and leaves the rest at its default", () => {
    const kept = clean({ muted: true, fontScale: 99, volumes: "loud", gateDb: -30, unknown: 1 });
    expect(kept).toEqual({ ...DEFAULTS, muted: true, fontScale: 1.5, gateDb: -30 });
    expect(clean(null)).toEqual(DEFAULTS);
  });
});

describe("words", () => {
  it("finds the code in a pasted link", () => {
    expect(["abc", " https://x.org/invite/abc/ ", "x.org/invite/abc"].map(inviteCodeOf)).toEqual(["abc", "abc", "abc"]);
  });

  it("says who is typing", () => {
    expect([[], ["A"], ["A", "B"], ["A", "B", "C", "D"]].map(typingWords)).toEqual([
      "",
      "A is typing…",
      "A and B are typing…",
      "Several people are typing…",
    ]);
  });

  it("ranks names by how they match", () => {
    expect(["general", "the-general", "degenerate", "g-e-n"].map((name) => matchRank(name, "gen"))).toEqual([
      0, 1, 2, 3,
    ]);
    expect(matchRank("lounge", "gen")).toBeNull();
  });
});

describe("permission sets", () => {
  it("adds and removes bits beyond 32", () => {
    const bits = withBit(withBit(0, "MANAGE_THREADS", true), "SEND_MESSAGES", true);
    expect(bits).toBe(2 ** 33 + 1);
    expect(hasBit(withBit(bits, "SEND_MESSAGES", false), "MANAGE_THREADS")).toBe(true);
    expect(withBit(bits, "SEND_MESSAGES", true)).toBe(bits);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import type { AnyCommand } from "../protocol";
import type { Circumstances, View, Wish } from "./demand";
import { makeDemand, wishFor } from "./demand";

const view = (change: Partial<View> = {}): View => ({ height: 900, isVisible: true, isDetached: false, ...change });
const at = (change: Partial<Circumstances>): Circumstances => ({
  kind: "screen",
  views: [view()],
  choice: "auto",
  isHidden: false,
  ...change,
});

describe("the wish for a stream", () => {
  it.each([
    ["nothing where nobody looks", at({ views: [] }), "off"],
    ["everything for a large picture", at({}), "auto"],
    ["the middle for a tile", at({ views: [view({ height: 400 })] }), "medium"],
    ["the least for a thumbnail", at({ views: [view({ height: 120 })] }), "low"],
    ["what the largest view needs", at({ views: [view({ height: 120 }), view()] }), "auto"],
    ["what was chosen, at any size", at({ choice: "medium", views: [view({ height: 120 })] }), "medium"],
    ["the least of a screen in a hidden tab", at({ isHidden: true }), "low"],
    ["no face in a hidden tab", at({ isHidden: true, kind: "webcam" }), "off"],
    ["the least of what is scrolled away", at({ views: [view({ isVisible: false })] }), "low"],
    [
      "all for a window of its own, though the tab is hidden",
      at({ isHidden: true, views: [view({ isDetached: true })] }),
      "auto",
    ],
  ] as const)("is %s", (_, circumstances, wish) => {
    expect(wishFor(circumstances)).toBe(wish);
  });
});

describe("demand", () => {
  let sent: AnyCommand[];
  let due: (() => void) | null;
  const env = {
    send: (command: AnyCommand) => sent.push(command) > 0,
    after: (_: number, act: () => void) => {
      due = act;
      return () => (due = null);
    },
  };
  const rest = (): void => {
    due?.();
    due = null;
  };
  const wish = (layer: Wish["layer"], userId = "bob"): Wish => ({ userId, source: "webcam", layer });
  const layers = (): unknown[] => sent.map((each) => (each as { preferred_layer: string }).preferred_layer);
  beforeEach(() => {
    sent = [];
    due = null;
  });

  it("says nothing of what is sent anyway, and each change once", () => {
    const demand = makeDemand(env);
    for (const layer of ["auto", "off", "off", "low"] as const) {
      demand.update("c1", "v1", [wish(layer)]);
      rest();
    }
    expect(layers()).toEqual(["off", "low"]);
  });

  it("waits until the wishes rest", () => {
    const demand = makeDemand(env);
    demand.update("c1", "v1", [wish("off")]);
    demand.update("c1", "v1", [wish("medium")]);
    rest();
    expect(layers()).toEqual(["medium"]);
  });

  it("says it all again to a new session, and to a stream that came back", () => {
    const demand = makeDemand(env);
    const rounds: [string, Wish[]][] = [
      ["v1", [wish("off")]],
      ["v2", [wish("off")]],
      ["v2", []],
      ["v2", [wish("off")]],
    ];
    for (const [session, wishes] of rounds) {
      demand.update("c1", session, wishes);
      rest();
    }
    expect(layers()).toEqual(["off", "off", "off"]);
  });
});

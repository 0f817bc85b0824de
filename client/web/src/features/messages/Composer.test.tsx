// @vitest-environment jsdom
import { fireEvent, screen } from "@solidjs/testing-library";
import { describe, expect, it, vi } from "vitest";
import { channel, message, ready, snapshot } from "../../test/fixtures";
import { show } from "../../test/client";
import { Composer } from "./Composer";

globalThis.matchMedia = vi.fn(() => ({ matches: true })) as unknown as typeof matchMedia;

function compose(events = [ready()]) {
  const onEdit = vi.fn();
  const client = show(
    () => <Composer channelId="general" replyTo={null} onReply={() => undefined} onEdit={onEdit} />,
    events,
  );
  const box = screen.getByTestId<HTMLTextAreaElement>("composer");
  const type = (text: string): void => {
    box.value = text;
    fireEvent.input(box);
  };
  return { client, box, type, onEdit };
}

describe("composer", () => {
  it("sends with Enter and empties itself", () => {
    const { client, box, type } = compose();
    type("  hello  ");
    fireEvent.keyDown(box, { key: "Enter" });
    expect(client.messages.send).toHaveBeenCalledWith("general", "hello", null);
    expect(box.value).toBe("");
  });

  it("breaks the line with Shift+Enter, and leaves Enter to an input method", () => {
    const { client, box, type } = compose();
    type("hello");
    fireEvent.keyDown(box, { key: "Enter", shiftKey: true });
    fireEvent.keyDown(box, { key: "Enter", isComposing: true });
    expect(client.messages.send).not.toHaveBeenCalled();
  });

  it("sends nothing that is empty or too long", () => {
    const { client, box, type } = compose();
    type("   ");
    fireEvent.keyDown(box, { key: "Enter" });
    type("x".repeat(4001));
    fireEvent.keyDown(box, { key: "Enter" });
    expect(client.messages.send).not.toHaveBeenCalled();
    expect(screen.getByTestId("composer-left").textContent).toBe("-1");
  });

  it("counts characters as the server does", () => {
    const { type } = compose();
    type("😀".repeat(3999));
    expect(screen.getByTestId("composer-left").textContent).toBe("1");
  });

  it("says that one types, at most every four seconds, and when one stops", () => {
    const { client, type } = compose();
    type("h");
    type("he");
    expect(client.send).toHaveBeenCalledTimes(1);
    expect(client.send).toHaveBeenLastCalledWith({ type: "typing", channel_id: "general" });
    type("");
    expect(client.send).toHaveBeenLastCalledWith({ type: "stop_typing", channel_id: "general" });
  });

  it("edits one's last message with Up, when nothing is typed", () => {
    const page = { items: [message("m2", "bob"), message("m1", "ann")], has_more: false, next_cursor: null };
    const { box, type, onEdit } = compose([
      ready(),
      { type: "local_history", channel_id: "general", older: false, page },
    ]);
    type("something");
    fireEvent.keyDown(box, { key: "ArrowUp" });
    expect(onEdit).not.toHaveBeenCalled();
    type("");
    fireEvent.keyDown(box, { key: "ArrowUp" });
    expect(onEdit).toHaveBeenCalledWith("m1");
  });

  it("says why one may not write", () => {
    const { box } = compose([ready([snapshot({ channels: [channel("general", { my_permissions: 0 })] })])]);
    expect(box.disabled).toBe(true);
    expect(box.placeholder).toContain("may not write");
  });
});

// @vitest-environment jsdom
import { render } from "@solidjs/testing-library";
import { describe, expect, it } from "vitest";
import { Markdown } from "./Markdown";

function html(text: string): HTMLElement {
  return render(() => <Markdown text={text} isName={(name) => name === "bob"} me="ann" />).container;
}

describe("markdown", () => {
  it("marks up the usual", () => {
    const page = html("**b** *i* ~~d~~ `c`\n> q\n\n```\nblock <b>\n```");
    expect(page.querySelector("strong")?.textContent).toBe("b");
    expect(page.querySelector("em")?.textContent).toBe("i");
    expect(page.querySelector("del")?.textContent).toBe("d");
    expect(page.querySelector("p code")?.textContent).toBe("c");
    expect(page.querySelector("blockquote")?.textContent.trim()).toBe("q");
    expect(page.querySelector("pre")?.textContent.trim()).toBe("block <b>");
  });

  it.each([
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "![x](https://example.org/tracker.png)",
    "<style>*{display:none}</style>",
    "<svg onload=alert(1)>",
  ])("makes nothing dangerous of %s", (text) => {
    const page = html(text);
    expect(page.querySelector("img, script, style, svg, iframe, [onerror], [onload]")).toBeNull();
    for (const link of page.querySelectorAll("a")) expect(link.protocol).toMatch(/^https?:$/);
    expect(page.textContent.length).toBeGreaterThan(0);
  });

  it("shows text that looks like HTML as it was written", () => {
    expect(html("a < b && c > d &amp; <br>").textContent).toBe("a < b && c > d &amp; <br>");
  });

  it("keeps quotes, lists and marks within each other", () => {
    const page = html("> one\n> > two **three *four***\n\n- a\n  - b");
    expect(page.querySelector("blockquote blockquote strong em")?.textContent).toBe("four");
    expect(page.querySelector("li li")?.textContent).toBe("b");
  });

  it.each([">", "> ", "- ", "*", "**a ", "[", "![", "||", "`", "~~a", "<", "_a_ ", "[a](", "@bob ", "\\"])(
    "survives %j four thousand characters long",
    (text) => {
      expect(html(text.repeat(4000 / text.length)).querySelector(".markdown > *")).not.toBeNull();
    },
  );

  it("opens links apart, without a way back", () => {
    const link = html("see https://example.org/x").querySelector("a");
    expect(link?.href).toBe("https://example.org/x");
    expect(link?.rel).toContain("noopener");
  });

  it("lights names that exist, and one's own", () => {
    const found = [...html("@bob @nobody_here @ann @everyone mail@bob").querySelectorAll(".mention")].map(
      (each) => each.textContent,
    );
    expect(found).toContain("@bob");
    expect(found).toContain("@everyone");
    expect(found).not.toContain("@nobody_here");
  });

  it("hides a spoiler until it is asked for", () => {
    const page = html("the end: ||he lives||");
    page.querySelector<HTMLButtonElement>("button.spoiler")?.click();
    expect(page.querySelector(".spoiler.is-open")?.textContent).toBe("he lives");
  });
});

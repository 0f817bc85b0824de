/**
 * Keep a growing list where the reader is: at the end while they are there, otherwise on the message they read,
 * whatever is added above or below or changes its height.
 */
import { onCleanup } from "solid-js";

/** Nearer to the end than this counts as being there, in pixels. */
const END_PX = 48;
/** Nearer to the start than this asks for older messages. */
const START_PX = 600;

export interface Scroll {
  /** To be set as the scroller's element, with its one child. */
  attach(scroller: HTMLElement, content: HTMLElement): void;
  /** Put the view back after the content changed. */
  restore(): void;
  toEnd(smooth?: boolean): void;
}

export function createScroll(events: { onAtEnd: (atEnd: boolean) => void; onNearStart: () => void }): Scroll {
  let scroller: HTMLElement | null = null;
  let content: HTMLElement | null = null;
  let isAtEnd = true;
  let anchor: { element: HTMLElement; top: number } | null = null;

  function topOf(element: HTMLElement): number {
    return element.getBoundingClientRect().top - (scroller?.getBoundingClientRect().top ?? 0);
  }

  /** Remember the first row in view and where it stands. */
  function note(): void {
    if (!scroller || !content) return;
    isAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < END_PX;
    const rows = [...content.children] as HTMLElement[];
    const first = rows.find((row) => row.dataset["row"] !== undefined && topOf(row) + row.offsetHeight > 0);
    anchor = first ? { element: first, top: topOf(first) } : null;
    // Last, for whoever hears this may change the rows, which comes back here to restore the view.
    events.onAtEnd(isAtEnd);
    if (scroller.scrollTop < START_PX) events.onNearStart();
  }

  function restore(): void {
    if (!scroller) return;
    if (isAtEnd) scroller.scrollTop = scroller.scrollHeight;
    else if (anchor?.element.isConnected) scroller.scrollTop += topOf(anchor.element) - anchor.top;
    note();
  }

  const sizes = new ResizeObserver(restore);
  onCleanup(() => sizes.disconnect());

  return {
    attach(outer, inner) {
      scroller = outer;
      content = inner;
      outer.addEventListener("scroll", note, { passive: true });
      sizes.observe(outer);
      sizes.observe(inner);
    },
    restore,
    toEnd(smooth = false) {
      scroller?.scrollTo({ top: scroller.scrollHeight, behavior: smooth ? "smooth" : "instant" });
    },
  };
}

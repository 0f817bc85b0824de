/**
 * Keep a growing list where the reader is: at the end while they are there, otherwise on the message they read,
 * whatever is added above or below or changes its height.
 */
import { onCleanup } from "solid-js";

/** Nearer to the end than this counts as being there, in pixels. */
const END_PX = 48;
/** Nearer to the start or the end of what is loaded than this asks for more. */
const EDGE_PX = 600;

export interface Scroll {
  /** To be set as the scroller's element, with its one child. */
  attach(scroller: HTMLElement, content: HTMLElement): void;
  /** Put the view back after the content changed. */
  restore(): void;
  toEnd(smooth?: boolean): void;
}

export interface ScrollEvents {
  onAtEnd: (atEnd: boolean) => void;
  onNearStart: () => void;
  onNearEnd: () => void;
  /** Whether the list's end is not the present: then nobody is held there. */
  hasNewer: () => boolean;
}

export function createScroll(events: ScrollEvents): Scroll {
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
    const left = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    isAtEnd = left < END_PX && !events.hasNewer();
    const rows = [...content.children] as HTMLElement[];
    const first = rows.find((row) => row.dataset["row"] !== undefined && topOf(row) + row.offsetHeight > 0);
    anchor = first ? { element: first, top: topOf(first) } : null;
    // Last, for whoever hears this may change the rows, which comes back here to restore the view.
    events.onAtEnd(isAtEnd);
    if (scroller.scrollTop < EDGE_PX) events.onNearStart();
    if (left < EDGE_PX) events.onNearEnd();
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

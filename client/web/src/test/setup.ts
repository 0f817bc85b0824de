/** What jsdom lacks of a browser and our components use. Tests without a DOM pass by. */
import { cleanup } from "@solidjs/testing-library";
import { afterEach } from "vitest";

if (typeof HTMLDialogElement !== "undefined") {
  afterEach(cleanup);
  HTMLDialogElement.prototype.showModal = function showModal(this: HTMLDialogElement) {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function close(this: HTMLDialogElement) {
    this.open = false;
    this.dispatchEvent(new Event("close"));
  };
  Element.prototype.scrollIntoView = () => undefined;
  class Observer {
    observe(): void {}
    unobserve(): void {}
    disconnect(): void {}
  }
  globalThis.ResizeObserver = Observer;
  globalThis.IntersectionObserver = Observer as unknown as typeof IntersectionObserver;
  HTMLMediaElement.prototype.play = () => Promise.resolve();
}

/**
 * A stream in a window of its own that stays while one looks at other things.
 *
 * Chromium's Document Picture-in-Picture stays above all windows; where there is none, a plain small window does.
 */
import type { Stage } from "../../client/createStage";

interface DocumentPictureInPicture {
  requestWindow(options: { width: number; height: number }): Promise<Window>;
}

const SIZE = { width: 480, height: 270 };
const NAME = "voicechat-stream";

let current: Window | null = null;

function pictureInPicture(): DocumentPictureInPicture | undefined {
  return (globalThis as { documentPictureInPicture?: DocumentPictureInPicture }).documentPictureInPicture;
}

export function canPopOut(): boolean {
  return pictureInPicture() !== undefined || typeof globalThis.open === "function";
}

/** The window of the stream that is popped out. */
export function popOutWindow(): Window | null {
  return current;
}

/** Open the window for a stream; call it from a click. Throws when the browser gives none. */
export async function popOut(stage: Stage, key: string): Promise<void> {
  closePopOut();
  const opened = await openWindow();
  current = opened;
  dress(opened);
  opened.addEventListener("pagehide", () => {
    if (current !== opened) return;
    current = null;
    stage.setPoppedOut(null);
  });
  stage.setPoppedOut(key);
}

export function closePopOut(): void {
  const closing = current;
  current = null;
  closing?.close();
}

async function openWindow(): Promise<Window> {
  const inPicture = pictureInPicture();
  if (inPicture) {
    try {
      return await inPicture.requestWindow(SIZE);
    } catch {
      // No room for one here (a browser without windows); a plain window may still be given.
    }
  }
  const plain = open("", NAME, `popup,width=${SIZE.width},height=${SIZE.height}`);
  if (!plain) throw new Error("The browser did not open a window. Allow pop-ups for this page.");
  return plain;
}

/** The same look as here. */
function dress(opened: Window): void {
  const { document: page } = opened;
  page.title = "VoiceChat";
  page.documentElement.lang = document.documentElement.lang;
  page.documentElement.dataset["theme"] = document.documentElement.dataset["theme"] ?? "dark";
  page.head.replaceChildren();
  page.body.replaceChildren();
  for (const sheet of document.querySelectorAll<HTMLLinkElement>("link[rel=stylesheet]")) {
    const link = page.createElement("link");
    link.rel = "stylesheet";
    link.href = sheet.href;
    page.head.append(link);
  }
}

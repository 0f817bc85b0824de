/** What composer and edit box have in common. */
import { Bounds } from "../../protocol";

export const LONGEST: number = Bounds.PostMessage.content.maxLength;

const TALLEST_PX = 360;

/** Let a textarea grow with its text, up to half a screen. */
export function fitHeight(box: HTMLTextAreaElement): void {
  box.style.height = "auto";
  box.style.height = `${Math.min(TALLEST_PX, box.scrollHeight)}px`;
}

/** Length in characters as the server counts them (code points). */
export function lengthOf(text: string): number {
  return text.length < LONGEST / 2 ? text.length : Array.from(text).length;
}

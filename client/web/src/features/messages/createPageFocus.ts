/** Whether somebody is looking at the page. */
import type { Accessor } from "solid-js";
import { createSignal, onCleanup } from "solid-js";

export function createPageFocus(): Accessor<boolean> {
  const look = (): boolean => document.visibilityState === "visible" && document.hasFocus();
  const [isFocused, setFocused] = createSignal(look());
  const update = (): void => void setFocused(look());
  const names = ["focus", "blur", "visibilitychange"] as const;
  names.forEach((name) => addEventListener(name, update, true));
  onCleanup(() => names.forEach((name) => removeEventListener(name, update, true)));
  return isFocused;
}

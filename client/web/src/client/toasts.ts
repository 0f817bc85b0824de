/** Short words to the person that go away by themselves. */
import type { Accessor } from "solid-js";
import { createSignal } from "solid-js";
import { messageOf } from "../net/problem";

export type ToastKind = "info" | "good" | "bad";

export interface Toast {
  id: number;
  kind: ToastKind;
  text: string;
}

export interface Toasts {
  readonly list: Accessor<Toast[]>;
  tell(text: string, kind?: ToastKind): void;
  dismiss(id: number): void;
  /** Run something, and say it when it fails. True when it went well. */
  attempt(act: () => Promise<unknown>): Promise<boolean>;
}

const SHOWN_MS = 6_000;

export function createToasts(): Toasts {
  const [list, setList] = createSignal<Toast[]>([]);
  let nextId = 1;

  const dismiss = (id: number): void => void setList((all) => all.filter((toast) => toast.id !== id));

  function tell(text: string, kind: ToastKind = "info"): void {
    const id = nextId++;
    setList((all) => [...all.filter((toast) => toast.text !== text), { id, kind, text }].slice(-4));
    setTimeout(dismiss, SHOWN_MS, id);
  }

  return {
    list,
    tell,
    dismiss,
    async attempt(act) {
      try {
        await act();
        return true;
      } catch (reason) {
        tell(messageOf(reason), "bad");
        return false;
      }
    },
  };
}

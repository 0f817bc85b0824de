/** A menu at a point or under its button: arrows move, Enter acts, Escape and a click elsewhere close. */
import type { JSX } from "solid-js";
import { onCleanup, onMount, Show } from "solid-js";
import { Portal } from "solid-js/web";
import type { IconName } from "./Icon";
import { Icon } from "./Icon";

export interface Point {
  x: number;
  y: number;
}

export interface MenuProps {
  label: string;
  at: Point;
  onClose: () => void;
  children: JSX.Element;
  testid?: string;
}

/** Where a menu opens for a pointer event or, from the keyboard, for the element itself. */
export function menuPoint(cause: MouseEvent | KeyboardEvent): Point {
  if (cause instanceof MouseEvent && (cause.clientX !== 0 || cause.clientY !== 0))
    return { x: cause.clientX, y: cause.clientY };
  const box = (cause.currentTarget as Element).getBoundingClientRect();
  return { x: box.left + 12, y: box.bottom + 4 };
}

/** Whether a key asks for the context menu. */
export function isMenuKey(press: KeyboardEvent): boolean {
  return press.key === "ContextMenu" || (press.key === "F10" && press.shiftKey);
}

export function Menu(props: MenuProps): JSX.Element {
  let element!: HTMLDivElement;
  const before = document.activeElement;
  const items = (): HTMLElement[] => [
    ...element.querySelectorAll<HTMLElement>("[role^=menuitem]:not([disabled]), input:not([disabled])"),
  ];

  function place(): void {
    const box = element.getBoundingClientRect();
    element.style.left = `${Math.max(8, Math.min(props.at.x, innerWidth - box.width - 8))}px`;
    element.style.top = `${Math.max(8, Math.min(props.at.y, innerHeight - box.height - 8))}px`;
  }

  function move(press: KeyboardEvent): void {
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const target: Partial<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: all.length - 1,
    };
    const next = target[press.key];
    if (press.key === "Escape" || press.key === "Tab") props.onClose();
    else if (next === undefined) return;
    else all.at(next % all.length)?.focus();
    press.preventDefault();
    press.stopPropagation();
  }

  const outside = (press: Event): void => {
    if (!element.contains(press.target as Node)) props.onClose();
  };

  onMount(() => {
    place();
    items()[0]?.focus();
    addEventListener("pointerdown", outside, true);
    addEventListener("blur", props.onClose);
    addEventListener("resize", props.onClose);
  });
  onCleanup(() => {
    removeEventListener("pointerdown", outside, true);
    removeEventListener("blur", props.onClose);
    removeEventListener("resize", props.onClose);
    if (before instanceof HTMLElement && before.isConnected) before.focus();
  });

  return (
    <Portal mount={document.querySelector("dialog[open]") ?? document.fullscreenElement ?? document.body}>
      <div ref={element} class="menu" role="menu" aria-label={props.label} data-testid={props.testid} onKeyDown={move}>
        {props.children}
      </div>
    </Portal>
  );
}

export interface MenuItemProps {
  onSelect: () => void;
  children: JSX.Element;
  icon?: IconName;
  danger?: boolean;
  disabled?: boolean;
  /** Given for an item that can be on or off. */
  checked?: boolean;
  /** One of several of which one is on. */
  radio?: boolean;
  testid?: string;
}

export function MenuItem(props: MenuItemProps): JSX.Element {
  return (
    <button
      type="button"
      class="menu-item"
      classList={{ "is-danger": props.danger === true }}
      role={props.checked === undefined ? "menuitem" : props.radio ? "menuitemradio" : "menuitemcheckbox"}
      aria-checked={props.checked}
      disabled={props.disabled}
      tabIndex={-1}
      data-testid={props.testid}
      onClick={() => props.onSelect()}
    >
      <span>{props.children}</span>
      <Show when={props.checked === undefined ? props.icon : props.checked ? "check" : undefined}>
        {(icon) => <Icon name={icon()} size={18} />}
      </Show>
    </button>
  );
}

export function MenuLine(): JSX.Element {
  return <div class="menu-line" role="separator" />;
}

export function MenuTitle(props: { children: JSX.Element }): JSX.Element {
  return <div class="menu-title">{props.children}</div>;
}

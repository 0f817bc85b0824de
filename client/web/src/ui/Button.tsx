/** Buttons: with words, and with an icon alone (then the name says what it does and its state). */
import type { JSX } from "solid-js";
import { Show, splitProps } from "solid-js";
import type { IconName } from "./Icon";
import { Icon } from "./Icon";

type ButtonAttributes = JSX.ButtonHTMLAttributes<HTMLButtonElement>;

export interface ButtonProps extends ButtonAttributes {
  look?: "primary" | "quiet" | "danger" | "outline";
  busy?: boolean;
  "data-testid"?: string;
}

export function Button(props: ButtonProps): JSX.Element {
  const [own, rest] = splitProps(props, ["look", "busy", "children", "disabled", "class"]);
  return (
    <button
      type="button"
      {...rest}
      class={`button button-${own.look ?? "primary"} ${own.class ?? ""}`}
      disabled={own.disabled === true || own.busy === true}
      aria-busy={own.busy === true}
    >
      <Show when={own.busy}>
        <span class="spinner" aria-hidden="true" />
      </Show>
      {own.children}
    </button>
  );
}

export interface IconButtonProps extends ButtonAttributes {
  icon: IconName;
  /** Accessible name and tooltip; names the state where there is one ("Unmute"). */
  label: string;
  size?: number;
  /** Drawn as switched on in a bad way: muted, deafened, leaving. */
  danger?: boolean;
  "data-testid"?: string;
}

export function IconButton(props: IconButtonProps): JSX.Element {
  const [own, rest] = splitProps(props, ["icon", "label", "size", "danger", "class", "classList"]);
  return (
    <button
      type="button"
      title={own.label}
      {...rest}
      class={`icon-button ${own.class ?? ""}`}
      classList={{ ...own.classList, "is-danger": own.danger === true }}
      aria-label={own.label}
    >
      <Icon name={own.icon} size={own.size} />
    </button>
  );
}

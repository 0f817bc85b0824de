/**
 * A person's picture: their image, or their initial on a colour of their own.
 *
 * The initial is drawn by the style sheet: as text it would stand before the name in whatever holds the picture.
 */
import type { JSX } from "solid-js";
import { Show } from "solid-js";

export interface AvatarProps {
  name: string;
  /** Decides the colour. */
  seed: string;
  url?: string | null | undefined;
  size?: "tiny" | "small" | "medium" | "large";
  speaking?: boolean;
}

const HUES = 8;

/** The first letters of the first and last word. */
export function initials(name: string, letters = 1): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const chosen = words.length > 1 && letters > 1 ? [words[0]!, words.at(-1)!] : words.slice(0, 1);
  return chosen
    .map((word) => Array.from(word)[0] ?? "")
    .join("")
    .toUpperCase();
}

/** A number from 0 to 7 that stays with the seed. */
export function hueOf(seed: string): number {
  let sum = 0;
  for (const character of seed) sum = (sum * 31 + character.charCodeAt(0)) >>> 0;
  return sum % HUES;
}

export function Avatar(props: AvatarProps): JSX.Element {
  return (
    <span
      class={`avatar avatar-${props.size ?? "medium"} hue-${hueOf(props.seed)}`}
      classList={{ "is-speaking": props.speaking === true }}
      aria-hidden="true"
      data-initials={props.url ? undefined : initials(props.name) || "?"}
    >
      <Show when={props.url}>
        {(url) => <img src={url()} alt="" loading="lazy" />}
      </Show>
    </span>
  );
}

/** A button, and a key, that whisper to those one chose for as long as they are held. */
import type { JSX } from "solid-js";
import { onCleanup, onMount } from "solid-js";
import { useClient } from "../../client/context";
import { nameOf } from "../../state/selectors";
import { Button, IconButton } from "../../ui/Button";
import { Icon } from "../../ui/Icon";

const HOLD_KEYS = [" ", "Enter"];

export function HoldToWhisper(): JSX.Element {
  const { state, view, whisper } = useClient();
  const names = (): string => {
    const guildId = state.channels[view.call.channelId ?? ""]?.guild_id ?? null;
    return whisper
      .targets()
      .map((id) => nameOf(state, guildId, id))
      .join(", ");
  };
  const isSilent = (): boolean => view.muted || view.deafened;
  const isHeard = (): boolean => whisper.isHeld() && state.whisperTo !== null;
  const words = (): string => {
    if (isSilent()) return "Unmute to whisper";
    return isHeard() ? `Only ${names()} hears you` : `Hold to whisper to ${names()}`;
  };

  const isKey = (press: KeyboardEvent): boolean => press.altKey && press.code === "KeyW";
  const down = (press: KeyboardEvent): void => {
    if (!isKey(press) || isSilent()) return;
    press.preventDefault();
    whisper.press();
  };
  // Either key of the two may be let go first.
  const up = (press: KeyboardEvent): void => {
    if (press.code === "KeyW" || press.key === "Alt") whisper.release();
  };
  onMount(() => {
    addEventListener("keydown", down);
    addEventListener("keyup", up);
    addEventListener("blur", whisper.release);
  });
  onCleanup(() => {
    removeEventListener("keydown", down);
    removeEventListener("keyup", up);
    removeEventListener("blur", whisper.release);
    whisper.release();
  });

  return (
    <div class="whisper-row">
      <Button
        class="hold-to-talk"
        look={isHeard() ? "primary" : "outline"}
        disabled={isSilent()}
        aria-pressed={whisper.isHeld()}
        title={words()}
        onPointerDown={(press) => {
          press.currentTarget.setPointerCapture(press.pointerId);
          whisper.press();
        }}
        onPointerUp={() => whisper.release()}
        onPointerCancel={() => whisper.release()}
        onBlur={() => whisper.release()}
        onKeyDown={(press) => {
          if (!HOLD_KEYS.includes(press.key)) return;
          press.preventDefault();
          whisper.press();
        }}
        onKeyUp={(press) => HOLD_KEYS.includes(press.key) && whisper.release()}
        onContextMenu={(asking) => asking.preventDefault()}
        data-testid="hold-to-whisper"
      >
        <Icon name="whisper" size={16} />
        <span class="truncate">{words()}</span>
      </Button>
      <IconButton icon="close" label="Whisper to nobody" onClick={() => whisper.clear()} data-testid="whisper-clear" />
    </div>
  );
}

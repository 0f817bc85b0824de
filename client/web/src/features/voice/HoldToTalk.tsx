/** Where push to talk is required: a button that is heard for as long as it is held, by pointer or by key. */
import type { JSX } from "solid-js";
import { createSignal, onCleanup, onMount } from "solid-js";
import { useClient } from "../../client/context";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";

const HOLD_KEYS = [" ", "Enter"];

export function HoldToTalk(): JSX.Element {
  const { state, view, call, send } = useClient();
  const [isHeld, setHeld] = createSignal(false);
  const isOpen = (): boolean => state.pushToTalk?.isOpen === true;

  function press(): void {
    if (isHeld()) return;
    setHeld(true);
    if (view.muted || view.deafened) call.setMuted(false);
    send({ type: "voice_unmute", push_to_talk: true });
  }

  function release(): void {
    if (!isHeld()) return;
    setHeld(false);
    // Where a key is no longer required, this would be a plain mute.
    if (state.pushToTalk) send({ type: "voice_mute", push_to_talk: true });
  }

  // A page out of sight gets no key's end.
  onMount(() => addEventListener("blur", release));
  onCleanup(() => {
    removeEventListener("blur", release);
    release();
  });

  return (
    <Button
      class="hold-to-talk"
      look={isOpen() ? "primary" : "outline"}
      aria-pressed={isHeld()}
      onPointerDown={(down) => {
        down.currentTarget.setPointerCapture(down.pointerId);
        press();
      }}
      onPointerUp={release}
      onPointerCancel={release}
      onBlur={release}
      onKeyDown={(down) => {
        if (!HOLD_KEYS.includes(down.key)) return;
        down.preventDefault();
        press();
      }}
      onKeyUp={(up) => HOLD_KEYS.includes(up.key) && release()}
      onContextMenu={(asking) => asking.preventDefault()}
      data-testid="hold-to-talk"
    >
      <Icon name={isOpen() ? "mic" : "micOff"} size={16} />
      {isOpen() ? "You are heard" : "Hold to talk"}
    </Button>
  );
}

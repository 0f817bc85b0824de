/** Fill the pop-out window with its stream. */
import type { JSX } from "solid-js";
import { createEffect, on, onCleanup, Show } from "solid-js";
import { delegateEvents, Portal } from "solid-js/web";
import { useClient } from "../../client/context";
import { IconButton } from "../../ui/Button";
import { closePopOut, popOutWindow } from "./popOut";
import { VideoView } from "./VideoView";

/** The events our parts listen for, which Solid catches at the document. */
const EVENTS = ["click", "input", "keydown"];

export function PopOut(): JSX.Element {
  const { stage } = useClient();
  const stream = () => stage.find(stage.poppedOut() ?? "");
  createEffect(on(stage.poppedOut, (key) => key === null && closePopOut(), { defer: true }));
  onCleanup(closePopOut);
  return (
    <Show when={stream() && popOutWindow()} keyed>
      {(place) => {
        delegateEvents(EVENTS, place.document);
        return (
          <Portal mount={place.document.body}>
            <main class="pop-out" aria-label={`Stream of ${stream()?.name ?? ""}`} data-testid="pop-out">
              <Show when={stream()}>{(shown) => <VideoView stream={shown()} isDetached />}</Show>
              <footer>
                <strong class="truncate">{stream()?.name}</strong>
                <IconButton
                  icon={stage.isSilenced(stream()?.key ?? "") ? "volumeOff" : "volume"}
                  label={stage.isSilenced(stream()?.key ?? "") ? "Unmute the stream" : "Mute the stream"}
                  onClick={() => stage.silence(stream()?.key ?? "", !stage.isSilenced(stream()?.key ?? ""))}
                />
                <IconButton
                  icon="close"
                  label="Back into the page"
                  onClick={() => stage.setPoppedOut(null)}
                  data-testid="pop-out-close"
                />
              </footer>
            </main>
          </Portal>
        );
      }}
    </Show>
  );
}

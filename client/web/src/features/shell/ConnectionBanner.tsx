/** A line over everything while the connection is away; gone as soon as it is back. */
import type { JSX } from "solid-js";
import { createSignal, onCleanup, Show } from "solid-js";
import { useClient } from "../../client/context";

/** Shorter breaks heal before anybody could read about them. */
const PATIENCE_MS = 700;

export function ConnectionBanner(): JSX.Element {
  const { state } = useClient();
  const [isLate, setIsLate] = createSignal(false);
  const isAway = (): boolean =>
    state.connection.attempt > 0 && state.connection.phase !== "ready" && state.connection.phase !== "ended";
  return (
    <Show when={isAway()}>
      <Patience after={() => setIsLate(true)} gone={() => setIsLate(false)} />
      <Show when={isLate()}>
        <div class="connection-banner" role="status" data-testid="connection-banner">
          <span class="spinner" aria-hidden="true" />
          <span>
            {state.connection.wasReady ? "Connection lost. Reconnecting…" : "Connecting…"}
            <Show when={state.connection.attempt > 2}> (attempt {state.connection.attempt})</Show>
          </span>
        </div>
      </Show>
    </Show>
  );
}

function Patience(props: { after: () => void; gone: () => void }): JSX.Element {
  const handle = setTimeout(() => props.after(), PATIENCE_MS);
  onCleanup(() => {
    clearTimeout(handle);
    props.gone();
  });
  return null;
}

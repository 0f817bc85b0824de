/** The centre when there is no channel to show. */
import type { JSX } from "solid-js";
import { Show } from "solid-js";
import { useClient } from "../../client/context";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";

export function Welcome(): JSX.Element {
  const { state, dialogs } = useClient();
  return (
    <Show
      when={state.guildOrder.length === 0}
      fallback={
        <Empty icon="hash" title="No channel here">
          There is no channel in this server that you may see.
        </Empty>
      }
    >
      <Empty
        icon="users"
        title={`Welcome, ${state.me?.display_name ?? ""}`}
        actions={
          <Button onClick={() => dialogs.open({ name: "create_guild" })} data-testid="welcome-create">
            Create or join a server
          </Button>
        }
      >
        A server is where your people talk. Make one and send them an invitation, or open one you were given.
      </Empty>
    </Show>
  );
}

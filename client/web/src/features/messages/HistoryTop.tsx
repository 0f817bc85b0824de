/** What stands above the oldest loaded message: loading, trouble, more to come, or the channel's beginning. */
import type { JSX } from "solid-js";
import { Match, Show, Switch } from "solid-js";
import { useClient } from "../../client/context";
import type { Id } from "../../protocol";
import { Button } from "../../ui/Button";
import { Empty, Skeleton } from "../../ui/Empty";
import { Icon } from "../../ui/Icon";

export function HistoryTop(props: { channelId: Id }): JSX.Element {
  const { state, messages } = useClient();
  const timeline = () => state.timelines[props.channelId];
  return (
    <Switch>
      <Match
        when={
          (timeline()?.items.length ?? 0) === 0 &&
          (timeline()?.load ?? "idle") !== "ready" &&
          timeline()?.load !== "failed"
        }
      >
        <div>
          <Skeleton rows={7} kind="message" />
        </div>
      </Match>
      <Match when={timeline()?.load === "failed"}>
        <div class="load-failed">
          <Icon name="warning" /> The messages could not be loaded.
          <Button look="outline" onClick={() => void messages.loadLatest(props.channelId)}>
            Try again
          </Button>
        </div>
      </Match>
      <Match when={timeline()?.hasOlder}>
        <div class="loading-older">
          <Show when={timeline()?.loadingOlder}>
            <Skeleton rows={3} kind="message" />
          </Show>
        </div>
      </Match>
      <Match when={true}>
        <Beginning channelId={props.channelId} />
      </Match>
    </Switch>
  );
}

function Beginning(props: { channelId: Id }): JSX.Element {
  const { state } = useClient();
  return (
    <div class="beginning">
      <Empty icon="hash" title={`Welcome to #${state.channels[props.channelId]?.name ?? ""}`}>
        This is where the channel begins.
      </Empty>
    </div>
  );
}

/** The devices that are signed in, and how to end their sessions. */
import type { JSX } from "solid-js";
import { createResource, For, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Id, LoginSession } from "../../protocol";
import { Button } from "../../ui/Button";
import { Skeleton } from "../../ui/Empty";

const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export function SessionList(): JSX.Element {
  const { api, toasts } = useClient();
  const [sessions, { refetch }] = createResource(() =>
    api.accounts.sessions().then(
      (answer) => answer.sessions,
      () => null,
    ),
  );

  async function end(act: () => Promise<unknown>): Promise<void> {
    await toasts.attempt(act);
    await refetch();
  }

  const others = (): LoginSession[] => (sessions() ?? []).filter((session) => !session.current);
  return (
    <section class="section">
      <h3>Devices</h3>
      <p class="muted">Where you are signed in. End what you do not recognise, then change your password.</p>
      <Show when={sessions() !== undefined} fallback={<Skeleton rows={2} kind="row" />}>
        <Show when={sessions()} fallback={<p class="muted">The list could not be loaded.</p>}>
          {(all) => (
            <ul data-testid="session-list">
              <For each={all()}>
                {(session) => <SessionRow session={session} onEnd={(id) => void end(() => api.accounts.revoke(id))} />}
              </For>
            </ul>
          )}
        </Show>
      </Show>
      <Show when={others().length > 1}>
        <div class="row">
          <Button look="outline" onClick={() => void end(api.accounts.revokeOthers)}>
            End all other sessions
          </Button>
        </div>
      </Show>
    </section>
  );
}

function SessionRow(props: { session: LoginSession; onEnd: (id: Id) => void }): JSX.Element {
  return (
    <li class="list-row">
      <div class="grow">
        <strong>{props.session.device || "Unknown device"}</strong>
        <small>
          {props.session.ip} ·{" "}
          {props.session.current ? "this device" : `last used ${WHEN.format(new Date(props.session.last_used_at))}`}
        </small>
      </div>
      <Show when={!props.session.current} fallback={<span class="badge badge-here">Here</span>}>
        <Button look="outline" onClick={() => props.onEnd(props.session.id)}>
          End
        </Button>
      </Show>
    </li>
  );
}

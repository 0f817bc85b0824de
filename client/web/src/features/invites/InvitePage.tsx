/** An invite link: what it leads to, then sign up or in if needed, then join and open the channel. */
import type { JSX } from "solid-js";
import { createResource, createSignal, onMount, Show, untrack } from "solid-js";
import { useClient } from "../../client/context";
import { messageOf } from "../../net/problem";
import type { InvitePreview } from "../../protocol";
import { hueOf, initials } from "../../ui/Avatar";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { FormError } from "../../ui/Field";
import { AuthForm } from "../accounts/AuthForm";
import "../accounts/auth.css";

export function InvitePage(): JSX.Element {
  const client = useClient();
  const code = (): string => {
    const route = client.router.route();
    return route.name === "invite" ? route.code : "";
  };
  // Whoever signs in here came to join: they are not asked again.
  const cameToJoin = untrack(client.phase) === "signed_out";
  const [settings] = createResource(() => client.api.server.settings().catch(() => undefined));
  const [preview] = createResource(code, (wanted) => client.api.invites.preview(wanted).catch(() => null));

  return (
    <main class="auth-page">
      <section class="auth-card" data-testid="invite-page">
        <Show when={!preview.loading && !settings.loading} fallback={<p class="muted">Looking up the invitation…</p>}>
          <Show when={preview()} fallback={<DeadInvite />}>
            {(found) => (
              <>
                <InviteHead preview={found()} />
                <Show
                  when={client.phase() === "signed_in"}
                  fallback={<AuthForm settings={settings()} startWith="register" inviteCode={code()} />}
                >
                  <JoinButton code={code()} guildName={found().guild_name} atOnce={cameToJoin} />
                </Show>
              </>
            )}
          </Show>
        </Show>
      </section>
    </main>
  );
}

function InviteHead(props: { preview: InvitePreview }): JSX.Element {
  const people = (): string =>
    `${props.preview.member_count} ${props.preview.member_count === 1 ? "member" : "members"}`;
  return (
    <header class="invite-guild">
      <span
        class={`guild-icon hue-${hueOf(props.preview.guild_id)}`}
        data-initials={initials(props.preview.guild_name, 2)}
      />
      <p class="muted">
        {props.preview.inviter
          ? `${props.preview.inviter.display_name} invited you to join`
          : "You have been invited to join"}
      </p>
      <h1 data-testid="invite-guild-name">{props.preview.guild_name}</h1>
      <p class="muted">
        {people()}
        <Show when={props.preview.channel_name}>{(name) => ` · #${name()}`}</Show>
      </p>
      <Show when={props.preview.guild_description}>{(text) => <p>{text()}</p>}</Show>
    </header>
  );
}

function JoinButton(props: { code: string; guildName: string; atOnce: boolean }): JSX.Element {
  const client = useClient();
  const [busy, setBusy] = createSignal(false);
  const [error, setError] = createSignal<string | null>(null);

  async function join(): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      const joined = await client.api.invites.join(props.code);
      client.openSoon(joined.guild.id, joined.channel_id);
    } catch (reason) {
      setError(messageOf(reason));
      setBusy(false);
    }
  }

  onMount(() => {
    if (props.atOnce) void join();
  });

  return (
    <div class="stack">
      <FormError text={error()} />
      <Button busy={busy()} autofocus onClick={() => void join()} data-testid="invite-accept">
        Join {props.guildName}
      </Button>
      <Button look="quiet" onClick={() => client.router.go({ name: "home" }, { replace: true })}>
        Not now
      </Button>
    </div>
  );
}

function DeadInvite(): JSX.Element {
  const client = useClient();
  return (
    <Empty
      icon="warning"
      title="This invitation is not valid"
      actions={
        <Button onClick={() => client.router.go({ name: "home" }, { replace: true })}>Continue to VoiceChat</Button>
      }
    >
      It may have expired or been used up. Ask for a new one.
    </Empty>
  );
}

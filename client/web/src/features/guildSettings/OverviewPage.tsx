/** A server's name and description, and its end. */
import type { JSX } from "solid-js";
import { createSignal, Show } from "solid-js";
import { useClient } from "../../client/context";
import { messageOf } from "../../net/problem";
import type { Id } from "../../protocol";
import { Bounds } from "../../protocol";
import { Button } from "../../ui/Button";
import { FormError, TextField } from "../../ui/Field";

export function OverviewPage(props: { guildId: Id }): JSX.Element {
  const { state, api, toasts } = useClient();
  const guild = () => state.guilds[props.guildId];
  const [name, setName] = createSignal(guild()?.name ?? "");
  const [description, setDescription] = createSignal(guild()?.description ?? "");
  const [busy, setBusy] = createSignal(false);
  const [error, setError] = createSignal<string | null>(null);
  const isChanged = (): boolean =>
    name().trim() !== guild()?.name || description().trim() !== (guild()?.description ?? "");

  async function save(sending: SubmitEvent): Promise<void> {
    sending.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await api.guilds.edit(props.guildId, { name: name().trim(), description: description().trim() || null });
      toasts.tell("Saved.", "good");
    } catch (reason) {
      setError(messageOf(reason));
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <form class="section" onSubmit={(sending) => void save(sending)}>
        <h3>Overview</h3>
        <TextField
          label="Server name"
          required
          maxlength={Bounds.EditGuild.name.maxLength}
          value={name()}
          onText={setName}
          data-testid="guild-rename"
        />
        <TextField
          label="Description"
          maxlength={Bounds.EditGuild.description.maxLength}
          value={description()}
          hint="Shown on invitations"
          onText={setDescription}
        />
        <FormError text={error()} />
        <div class="row">
          <Button
            type="submit"
            busy={busy()}
            disabled={!isChanged() || name().trim().length < Bounds.EditGuild.name.minLength}
            data-testid="guild-save"
          >
            Save
          </Button>
        </div>
      </form>
      <Show when={guild()?.owner_id === state.me?.id}>
        <DeleteGuild guildId={props.guildId} />
      </Show>
    </>
  );
}

function DeleteGuild(props: { guildId: Id }): JSX.Element {
  const { state, api, dialogs } = useClient();
  const [typed, setTyped] = createSignal("");
  const [busy, setBusy] = createSignal(false);
  const [error, setError] = createSignal<string | null>(null);
  const name = (): string => state.guilds[props.guildId]?.name ?? "";

  async function remove(): Promise<void> {
    setBusy(true);
    try {
      await api.guilds.remove(props.guildId);
      dialogs.close();
    } catch (reason) {
      setError(messageOf(reason));
      setBusy(false);
    }
  }

  return (
    <section class="section">
      <h3>Delete server</h3>
      <p class="muted">All its channels and messages go with it. This cannot be undone.</p>
      <div class="row row-form">
        <TextField
          label={`Type “${name()}” to confirm`}
          value={typed()}
          onText={setTyped}
          data-testid="guild-delete-name"
        />
        <Button
          look="danger"
          busy={busy()}
          disabled={typed() !== name()}
          onClick={() => void remove()}
          data-testid="guild-delete"
        >
          Delete
        </Button>
      </div>
      <FormError text={error()} />
    </section>
  );
}

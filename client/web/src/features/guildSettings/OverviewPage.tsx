/** A server's name and description, where those who fall silent go, and its end. */
import type { JSX } from "solid-js";
import { createSignal, Show } from "solid-js";
import { useClient } from "../../client/context";
import { messageOf } from "../../net/problem";
import type { Id } from "../../protocol";
import { Bounds } from "../../protocol";
import { guildChannels } from "../../state/selectors";
import { Button } from "../../ui/Button";
import { Choice, FormError, TextField } from "../../ui/Field";

const AFK_DEFAULT_S = 300;
const AFK_TIMES_S = [60, 300, 900, 1800, 3600];

/** The usual times, and the one that is set if it is none of them. */
function afkTimes(current: number): number[] {
  return [...new Set([...AFK_TIMES_S, current])].sort((left, right) => left - right);
}

function minutes(seconds: number): string {
  if (seconds % 60 !== 0) return `${seconds} seconds`;
  return seconds === 60 ? "1 minute" : `${seconds / 60} minutes`;
}

export function OverviewPage(props: { guildId: Id }): JSX.Element {
  const { state, api, toasts } = useClient();
  const guild = () => state.guilds[props.guildId];
  const [name, setName] = createSignal(guild()?.name ?? "");
  const [description, setDescription] = createSignal(guild()?.description ?? "");
  const [afkChannel, setAfkChannel] = createSignal(guild()?.afk_channel_id ?? "");
  const [afkTimeout, setAfkTimeout] = createSignal(guild()?.afk_timeout_s ?? AFK_DEFAULT_S);
  const [busy, setBusy] = createSignal(false);
  const [error, setError] = createSignal<string | null>(null);
  const voiceChannels = () => guildChannels(state, props.guildId).filter((channel) => channel.channel_type === "voice");
  const isChanged = (): boolean =>
    name().trim() !== guild()?.name ||
    description().trim() !== (guild()?.description ?? "") ||
    afkChannel() !== (guild()?.afk_channel_id ?? "") ||
    afkTimeout() !== guild()?.afk_timeout_s;

  async function save(sending: SubmitEvent): Promise<void> {
    sending.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await api.guilds.edit(props.guildId, {
        name: name().trim(),
        description: description().trim() || null,
        afk_channel_id: afkChannel() || null,
        afk_timeout_s: afkTimeout(),
      });
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
        <div class="two-columns">
          <Choice
            label="Channel for the absent"
            value={afkChannel()}
            options={[
              { value: "", label: "None" },
              ...voiceChannels().map((channel) => ({ value: channel.id, label: channel.name })),
            ]}
            onChoose={setAfkChannel}
            testid="afk-channel"
          />
          <Choice
            label="Moved there after silence of"
            value={String(afkTimeout())}
            disabled={afkChannel() === ""}
            options={afkTimes(afkTimeout()).map((seconds) => ({ value: String(seconds), label: minutes(seconds) }))}
            onChoose={(seconds) => setAfkTimeout(Number(seconds))}
            testid="afk-timeout"
          />
        </div>
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

/** Make a server of one's own, or join one by its invitation. */
import type { JSX } from "solid-js";
import { createSignal } from "solid-js";
import { useClient } from "../../client/context";
import { messageOf } from "../../net/problem";
import { Bounds } from "../../protocol";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { FormError, TextField } from "../../ui/Field";

/** The code in what somebody pasted: a whole link or the code alone. */
export function inviteCodeOf(text: string): string {
  return (
    text
      .trim()
      .replace(/[/\s]+$/, "")
      .split("/")
      .at(-1) ?? ""
  );
}

export function CreateGuildDialog(): JSX.Element {
  const client = useClient();
  const [name, setName] = createSignal(`${client.state.me?.display_name ?? "My"}’s server`);
  const [invite, setInvite] = createSignal("");
  const [busy, setBusy] = createSignal<"create" | "join" | null>(null);
  const [error, setError] = createSignal<string | null>(null);

  async function run(which: "create" | "join", act: () => Promise<void>): Promise<void> {
    setBusy(which);
    setError(null);
    try {
      await act();
      client.dialogs.close();
    } catch (reason) {
      setError(messageOf(reason));
      setBusy(null);
    }
  }

  const create = (sending: SubmitEvent): void => {
    sending.preventDefault();
    void run("create", async () => {
      const guild = await client.api.guilds.create({ name: name().trim() });
      client.openSoon(guild.id, null);
    });
  };

  const join = (sending: SubmitEvent): void => {
    sending.preventDefault();
    void run("join", async () => {
      const joined = await client.api.invites.join(inviteCodeOf(invite()));
      client.openSoon(joined.guild.id, joined.channel_id);
    });
  };

  return (
    <Dialog
      title="Create a server"
      note="It starts with a text and a voice channel. You can change everything later."
      onClose={client.dialogs.close}
      testid="create-guild-dialog"
    >
      <form class="stack" onSubmit={create}>
        <TextField
          label="Server name"
          required
          autofocus
          minlength={Bounds.CreateGuild.name.minLength}
          maxlength={Bounds.CreateGuild.name.maxLength}
          value={name()}
          onText={setName}
          data-testid="guild-name"
        />
        <Button
          type="submit"
          busy={busy() === "create"}
          disabled={name().trim().length < Bounds.CreateGuild.name.minLength}
          data-testid="guild-create"
        >
          Create
        </Button>
      </form>
      <div class="or-line">
        <span>or</span>
      </div>
      <form class="stack" onSubmit={join}>
        <TextField
          label="Have an invitation?"
          placeholder="Paste the link or its code"
          value={invite()}
          onText={setInvite}
          data-testid="guild-invite"
        />
        <Button
          type="submit"
          look="outline"
          busy={busy() === "join"}
          disabled={inviteCodeOf(invite()) === ""}
          data-testid="guild-join"
        >
          Join
        </Button>
      </form>
      <FormError text={error()} />
    </Dialog>
  );
}

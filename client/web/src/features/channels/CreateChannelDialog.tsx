/** Make a text or voice channel. */
import type { JSX } from "solid-js";
import { createSignal, For, Show } from "solid-js";
import { createStore } from "solid-js/store";
import { useClient } from "../../client/context";
import { messageOf } from "../../net/problem";
import type { Id } from "../../protocol";
import { Bounds } from "../../protocol";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { FormError, TextField } from "../../ui/Field";
import { Icon } from "../../ui/Icon";
import { draftOf, voicePart } from "./voiceDraft";
import { VoiceFields } from "./VoiceFields";

const KINDS = [
  { kind: "text", icon: "hash", title: "Text", note: "Write messages" },
  { kind: "voice", icon: "speaker", title: "Voice", note: "Talk together" },
] as const;

export function CreateChannelDialog(props: {
  guildId: Id;
  categoryId: Id | null;
  kind: "text" | "voice";
}): JSX.Element {
  const client = useClient();
  // eslint-disable-next-line solid/reactivity -- only where to begin
  const [kind, setKind] = createSignal(props.kind);
  const [name, setName] = createSignal("");
  const [voice, setVoice] = createStore(draftOf(undefined));
  const [busy, setBusy] = createSignal(false);
  const [error, setError] = createSignal<string | null>(null);
  const finalName = (): string =>
    kind() === "text" ? name().trim().toLowerCase().replace(/\s+/g, "-") : name().trim();

  async function create(sending: SubmitEvent): Promise<void> {
    sending.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const made = await client.api.channels.create({
        guild_id: props.guildId,
        name: finalName(),
        channel_type: kind(),
        category_id: props.categoryId,
        ...(kind() === "voice" ? voicePart(voice) : {}),
      });
      client.dialogs.close();
      if (kind() === "text") client.openSoon(props.guildId, made.id);
    } catch (reason) {
      setError(messageOf(reason));
      setBusy(false);
    }
  }

  return (
    <Dialog title="Create channel" onClose={client.dialogs.close} testid="create-channel-dialog">
      <form class="stack" onSubmit={(sending) => void create(sending)}>
        <fieldset class="kinds">
          <legend class="offscreen">Kind of channel</legend>
          <For each={KINDS}>
            {(choice) => (
              <label class="kind">
                <Icon name={choice.icon} size={22} />
                <span>
                  <strong>{choice.title}</strong>
                  <small>{choice.note}</small>
                </span>
                <input
                  type="radio"
                  name="kind"
                  checked={kind() === choice.kind}
                  onChange={() => setKind(choice.kind)}
                  data-testid={`kind-${choice.kind}`}
                />
              </label>
            )}
          </For>
        </fieldset>
        <TextField
          label="Channel name"
          required
          autofocus
          maxlength={Bounds.CreateChannel.name.maxLength}
          placeholder={kind() === "text" ? "new-channel" : "Lounge"}
          value={name()}
          hint={kind() === "text" && finalName() !== name() ? `Will be called ${finalName()}` : undefined}
          onText={setName}
          data-testid="channel-name"
        />
        <Show when={kind() === "voice"}>
          <VoiceFields draft={voice} onChange={setVoice} />
        </Show>
        <FormError text={error()} />
        <div class="row row-end">
          <Button look="quiet" onClick={client.dialogs.close}>
            Cancel
          </Button>
          <Button type="submit" busy={busy()} disabled={finalName() === ""} data-testid="channel-create">
            Create channel
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** A channel's name, category, topic or how its voice is encoded, and its end. */
import type { JSX } from "solid-js";
import { createSignal, Show } from "solid-js";
import { createStore } from "solid-js/store";
import { useClient } from "../../client/context";
import { messageOf } from "../../net/problem";
import type { EditChannel, Id } from "../../protocol";
import { Bounds } from "../../protocol";
import { Button } from "../../ui/Button";
import { Choice, FormError, TextField } from "../../ui/Field";
import { draftOf, voicePart } from "../channels/voiceDraft";
import { VoiceFields } from "../channels/VoiceFields";

export function ChannelOverview(props: { channelId: Id }): JSX.Element {
  const { state, api, dialogs, toasts } = useClient();
  const channel = () => state.channels[props.channelId];
  const isVoice = (): boolean => channel()?.channel_type === "voice";
  const [name, setName] = createSignal(channel()?.name ?? "");
  const [topic, setTopic] = createSignal(channel()?.topic ?? "");
  const [voice, setVoice] = createStore(draftOf(channel()));
  const [categoryId, setCategoryId] = createSignal(channel()?.category_id ?? "");
  const [busy, setBusy] = createSignal(false);
  const [error, setError] = createSignal<string | null>(null);
  const categories = () => [
    { value: "", label: "No category" },
    ...Object.values(state.categories)
      .filter((category) => category.guild_id === channel()?.guild_id)
      .map(({ id, name: label }) => ({ value: id, label })),
  ];

  async function save(sending: SubmitEvent): Promise<void> {
    sending.preventDefault();
    setBusy(true);
    setError(null);
    const body: EditChannel = {
      name: name().trim(),
      category_id: categoryId() || null,
      ...(isVoice() ? voicePart(voice) : { topic: topic().trim() || null }),
    };
    try {
      await api.channels.edit(props.channelId, body);
      toasts.tell("Saved.", "good");
    } catch (reason) {
      setError(messageOf(reason));
    } finally {
      setBusy(false);
    }
  }

  function remove(): void {
    dialogs.open({
      name: "confirm",
      title: `Delete ${channel()?.name ?? "the channel"}?`,
      text: "Everything written in it goes with it. This cannot be undone.",
      action: "Delete channel",
      act: () => api.channels.remove(props.channelId),
    });
  }

  return (
    <form class="section" onSubmit={(sending) => void save(sending)}>
      <h3>Overview</h3>
      <TextField
        label="Channel name"
        required
        maxlength={Bounds.EditChannel.name.maxLength}
        value={name()}
        onText={setName}
        data-testid="channel-rename"
      />
      <Show
        when={!isVoice()}
        fallback={
          <VoiceFields draft={voice} onChange={setVoice} note="Changes hold for those who join from now on." />
        }
      >
        <TextField
          label="Topic"
          maxlength={Bounds.EditChannel.topic.maxLength}
          value={topic()}
          onText={setTopic}
          data-testid="channel-topic"
        />
      </Show>
      <Choice label="Category" value={categoryId()} options={categories()} onChoose={setCategoryId} />
      <FormError text={error()} />
      <div class="row">
        <Button type="submit" busy={busy()} disabled={name().trim() === ""} data-testid="channel-save">
          Save
        </Button>
        <Button look="quiet" class="push-right danger-text" onClick={remove} data-testid="channel-delete">
          Delete channel
        </Button>
      </div>
    </form>
  );
}

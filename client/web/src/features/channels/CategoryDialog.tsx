/** Make, rename or remove a category. */
import type { JSX } from "solid-js";
import { createSignal, Show } from "solid-js";
import { useClient } from "../../client/context";
import { messageOf } from "../../net/problem";
import type { Id } from "../../protocol";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { FormError, TextField } from "../../ui/Field";

export function CategoryDialog(props: { guildId: Id; categoryId: Id | null }): JSX.Element {
  const client = useClient();
  // eslint-disable-next-line solid/reactivity -- only where to begin
  const [name, setName] = createSignal(client.state.categories[props.categoryId ?? ""]?.name ?? "");
  const [busy, setBusy] = createSignal(false);
  const [error, setError] = createSignal<string | null>(null);

  async function run(act: () => Promise<unknown>): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      await act();
      client.dialogs.close();
    } catch (reason) {
      setError(messageOf(reason));
      setBusy(false);
    }
  }

  const save = (sending: SubmitEvent): void => {
    sending.preventDefault();
    const { categories } = client.api;
    const given = name().trim();
    void run(() =>
      props.categoryId
        ? categories.edit(props.guildId, props.categoryId, { name: given })
        : categories.create(props.guildId, given),
    );
  };

  return (
    <Dialog
      title={props.categoryId ? "Edit category" : "Create category"}
      onClose={client.dialogs.close}
      testid="category-dialog"
    >
      <form class="stack" onSubmit={save}>
        <TextField
          label="Category name"
          required
          autofocus
          maxlength={64}
          value={name()}
          onText={setName}
          data-testid="category-name"
        />
        <FormError text={error()} />
        <div class="row row-end">
          <Show when={props.categoryId}>
            {(id) => (
              <Button
                look="quiet"
                class="push-left danger-text"
                disabled={busy()}
                onClick={() => void run(() => client.api.categories.remove(props.guildId, id()))}
              >
                Delete category
              </Button>
            )}
          </Show>
          <Button look="quiet" onClick={client.dialogs.close}>
            Cancel
          </Button>
          <Button type="submit" busy={busy()} disabled={name().trim() === ""} data-testid="category-save">
            {props.categoryId ? "Save" : "Create"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

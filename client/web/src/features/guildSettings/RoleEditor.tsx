/** One role: name, colour, rank and bits. Nobody gives what they lack, nor touches their own rank. */
import type { JSX } from "solid-js";
import { createSignal, For, Show } from "solid-js";
import { useClient } from "../../client/context";
import { messageOf } from "../../net/problem";
import type { EditRole, Id, Role } from "../../protocol";
import { Bounds, hasBit, withBit } from "../../protocol";
import { guildBits, rankOf } from "../../state/selectors";
import { Button, IconButton } from "../../ui/Button";
import { FormError, Switch, TextField } from "../../ui/Field";
import { PERMISSION_GROUPS } from "./permissionWords";

const NO_COLOR = "#98a2b3";

export function RoleEditor(props: { guildId: Id; roleId: Id; onGone: () => void }): JSX.Element {
  const { state, api, toasts } = useClient();
  const role = (): Role | undefined => state.roles[props.roleId];
  const [name, setName] = createSignal(role()?.name ?? "");
  const [color, setColor] = createSignal(role()?.color ?? null);
  const [bits, setBits] = createSignal(role()?.permissions ?? 0);
  const [busy, setBusy] = createSignal(false);
  const [error, setError] = createSignal<string | null>(null);

  const rank = (): number => rankOf(state, props.guildId, state.me?.id ?? "");
  const isLocked = (): boolean => (role()?.position ?? 0) >= rank();
  const isChanged = (): boolean =>
    name().trim() !== role()?.name || color() !== (role()?.color ?? null) || bits() !== role()?.permissions;

  async function save(): Promise<void> {
    setBusy(true);
    setError(null);
    const isDefault = role()?.is_default === true;
    const body: EditRole = isDefault
      ? { permissions: bits() }
      : { name: name().trim(), color: color(), permissions: bits() };
    try {
      await api.roles.edit(props.guildId, props.roleId, body);
    } catch (reason) {
      setError(messageOf(reason));
    } finally {
      setBusy(false);
    }
  }

  const move = (step: number): void => {
    const position = Math.max(Bounds.EditRole.position.min, (role()?.position ?? 1) + step);
    void toasts.attempt(() => api.roles.edit(props.guildId, props.roleId, { position }));
  };

  function remove(): void {
    void toasts.attempt(async () => {
      await api.roles.remove(props.guildId, props.roleId);
      props.onGone();
    });
  }

  return (
    <div class="role-editor" data-testid="role-editor">
      <Show when={isLocked()}>
        <p class="notice">This role is not below yours, so you can only look at it.</p>
      </Show>
      <Show when={!role()?.is_default}>
        <div class="row row-form">
          <TextField
            label="Name"
            maxlength={64}
            value={name()}
            disabled={isLocked()}
            onText={setName}
            data-testid="role-name"
          />
          <label class="role-color" title="Colour">
            <span class="offscreen">Colour</span>
            <input
              type="color"
              value={color() ?? NO_COLOR}
              disabled={isLocked()}
              onInput={(picking) => setColor(picking.currentTarget.value)}
            />
          </label>
          <IconButton
            icon="chevronDown"
            class="turned"
            label="Rank higher"
            disabled={isLocked()}
            onClick={() => move(1)}
          />
          <IconButton icon="chevronDown" label="Rank lower" disabled={isLocked()} onClick={() => move(-1)} />
          <IconButton icon="trash" danger label="Delete role" disabled={isLocked()} onClick={remove} />
        </div>
      </Show>
      <For each={PERMISSION_GROUPS}>
        {(group) => (
          <fieldset class="permissions">
            <legend class="caps">{group.title}</legend>
            <For each={group.permissions}>
              {(permission) => (
                <Switch
                  label={permission.label}
                  note={permission.note}
                  checked={hasBit(bits(), permission.name)}
                  disabled={isLocked() || !hasBit(guildBits(state, props.guildId), permission.name)}
                  onChange={(on) => setBits(withBit(bits(), permission.name, on))}
                  testid={`bit-${permission.name}`}
                />
              )}
            </For>
          </fieldset>
        )}
      </For>
      <FormError text={error()} />
      <Show when={isChanged()}>
        <div class="save-bar" role="status">
          <span>Careful, you have unsaved changes.</span>
          <Button
            look="quiet"
            onClick={() => (
              setName(role()?.name ?? ""),
              setColor(role()?.color ?? null),
              setBits(role()?.permissions ?? 0)
            )}
          >
            Reset
          </Button>
          <Button busy={busy()} onClick={() => void save()} data-testid="role-save">
            Save
          </Button>
        </div>
      </Show>
    </div>
  );
}

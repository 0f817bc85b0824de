/** The override of one role or member: each bit denied, as elsewhere, or allowed. */
import type { JSX } from "solid-js";
import { createEffect, createSignal, createUniqueId, For, on, Show } from "solid-js";
import type { Override, PermissionName, PutOverride } from "../../protocol";
import { hasBit, withBit } from "../../protocol";
import { Button } from "../../ui/Button";
import type { Target } from "./ChannelPermissions";
import type { PermissionWords } from "./permissionWords";
import { PERMISSION_GROUPS } from "./permissionWords";

type Stand = "deny" | "neutral" | "allow";

const STANDS: { stand: Stand; sign: string; label: string }[] = [
  { stand: "deny", sign: "✕", label: "Deny" },
  { stand: "neutral", sign: "/", label: "As elsewhere" },
  { stand: "allow", sign: "✓", label: "Allow" },
];

export interface OverrideEditorProps {
  target: Target;
  override: Override | undefined;
  kind: "text" | "voice";
  onSave: (body: PutOverride) => Promise<void>;
}

export function OverrideEditor(props: OverrideEditorProps): JSX.Element {
  const [allow, setAllow] = createSignal(0);
  const [deny, setDeny] = createSignal(0);
  const [busy, setBusy] = createSignal(false);
  const reset = (): void => {
    setAllow(props.override?.allow ?? 0);
    setDeny(props.override?.deny ?? 0);
  };
  createEffect(on(() => props.override, reset));

  const isChanged = (): boolean => allow() !== (props.override?.allow ?? 0) || deny() !== (props.override?.deny ?? 0);
  const standOf = (name: PermissionName): Stand =>
    hasBit(allow(), name) ? "allow" : hasBit(deny(), name) ? "deny" : "neutral";
  const permissions = (): PermissionWords[] =>
    PERMISSION_GROUPS.flatMap((group) => group.permissions).filter(
      (each) => each.inChannels === "both" || each.inChannels === props.kind,
    );

  function setStand(name: PermissionName, stand: Stand): void {
    setAllow(withBit(allow(), name, stand === "allow"));
    setDeny(withBit(deny(), name, stand === "deny"));
  }

  async function save(): Promise<void> {
    setBusy(true);
    await props.onSave({ allow: allow(), deny: deny(), target_type: props.target.type });
    setBusy(false);
  }

  return (
    <div class="role-editor">
      <For each={permissions()}>
        {(permission) => (
          <StandRow
            permission={permission}
            stand={standOf(permission.name)}
            onStand={(stand) => setStand(permission.name, stand)}
          />
        )}
      </For>
      <Show when={isChanged()}>
        <div class="save-bar" role="status">
          <span>Careful, you have unsaved changes.</span>
          <Button look="quiet" onClick={reset}>
            Reset
          </Button>
          <Button busy={busy()} onClick={() => void save()} data-testid="override-save">
            Save
          </Button>
        </div>
      </Show>
    </div>
  );
}

function StandRow(props: { permission: PermissionWords; stand: Stand; onStand: (stand: Stand) => void }): JSX.Element {
  const group = createUniqueId();
  return (
    <div class="stand-row">
      <span id={group}>{props.permission.label}</span>
      <div class="stands" role="radiogroup" aria-labelledby={group} data-testid={`stand-${props.permission.name}`}>
        <For each={STANDS}>
          {(each) => (
            <label class={`stand stand-${each.stand}`} title={each.label}>
              <input
                type="radio"
                class="offscreen"
                name={group}
                checked={props.stand === each.stand}
                onChange={() => props.onStand(each.stand)}
                aria-label={each.label}
              />
              <span aria-hidden="true">{each.sign}</span>
            </label>
          )}
        </For>
      </div>
    </div>
  );
}

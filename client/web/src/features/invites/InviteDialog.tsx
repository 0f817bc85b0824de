/** Make an invitation and copy its link. */
import type { JSX } from "solid-js";
import { createEffect, createSignal, on } from "solid-js";
import { useClient } from "../../client/context";
import { routePath } from "../../client/router";
import { messageOf } from "../../net/problem";
import type { Id, Invite } from "../../protocol";
import { Button } from "../../ui/Button";
import { copyText } from "../../ui/clipboard";
import { Dialog } from "../../ui/Dialog";
import { Choice, FormError } from "../../ui/Field";

const DAY_S = 86_400;
const EXPIRY = [
  { value: String(1800), label: "30 minutes" },
  { value: String(3600), label: "1 hour" },
  { value: String(DAY_S), label: "1 day" },
  { value: String(7 * DAY_S), label: "7 days" },
  { value: String(30 * DAY_S), label: "30 days" },
  { value: "", label: "Never" },
];
const USES = ["", "1", "5", "10", "25", "100"].map((value) => ({
  value,
  label: value === "" ? "No limit" : value === "1" ? "1 use" : `${value} uses`,
}));

export function InviteDialog(props: { guildId: Id; channelId: Id | null }): JSX.Element {
  const client = useClient();
  const [expiry, setExpiry] = createSignal(String(7 * DAY_S));
  const [uses, setUses] = createSignal("");
  const [invite, setInvite] = createSignal<Invite | null>(null);
  const [error, setError] = createSignal<string | null>(null);
  const [copied, setCopied] = createSignal(false);
  const link = (): string => {
    const made = invite();
    return made ? location.origin + routePath({ name: "invite", code: made.code }) : "";
  };

  createEffect(on([expiry, uses], () => void make()));

  async function make(): Promise<void> {
    setError(null);
    setCopied(false);
    setInvite(null);
    try {
      const made = await client.api.invites.create(props.guildId, {
        expires_in_s: expiry() === "" ? null : Number(expiry()),
        max_uses: uses() === "" ? null : Number(uses()),
        channel_id: props.channelId,
      });
      setInvite(made);
    } catch (reason) {
      setError(messageOf(reason));
    }
  }

  async function copy(): Promise<void> {
    await copyText(link());
    setCopied(true);
  }

  return (
    <Dialog
      title={`Invite people to ${client.state.guilds[props.guildId]?.name ?? ""}`}
      note="Whoever opens this link can join."
      onClose={client.dialogs.close}
      testid="invite-dialog"
    >
      <div class="field">
        <label for="invite-link">Invite link</label>
        <div class="row">
          <input
            id="invite-link"
            readonly
            value={link()}
            placeholder="Making a link…"
            onFocus={(focus) => focus.currentTarget.select()}
            data-testid="invite-link"
          />
          <Button disabled={!invite()} onClick={() => void copy()} data-testid="invite-copy">
            {copied() ? "Copied" : "Copy"}
          </Button>
        </div>
      </div>
      <div class="two-columns">
        <Choice label="Ends after" value={expiry()} options={EXPIRY} onChoose={setExpiry} testid="invite-expiry" />
        <Choice label="Uses" value={uses()} options={USES} onChoose={setUses} testid="invite-uses" />
      </div>
      <FormError text={error()} />
    </Dialog>
  );
}

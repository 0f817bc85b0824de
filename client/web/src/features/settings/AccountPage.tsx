/** My account: name, password, where I am signed in. */
import type { JSX } from "solid-js";
import { createSignal } from "solid-js";
import { useClient } from "../../client/context";
import { messageOf } from "../../net/problem";
import { Bounds } from "../../protocol";
import { Avatar } from "../../ui/Avatar";
import { Button } from "../../ui/Button";
import { FormError, TextField } from "../../ui/Field";
import { SessionList } from "./SessionList";

export function AccountPage(): JSX.Element {
  const { state } = useClient();
  return (
    <>
      <section class="section">
        <div class="row account-card">
          <Avatar
            size="large"
            name={state.me?.display_name ?? ""}
            seed={state.me?.id ?? ""}
            url={state.me?.avatar_url}
          />
          <div>
            <h3>{state.me?.display_name}</h3>
            <p class="muted">
              @{state.me?.username}
              {state.me?.is_admin ? " · administrator of this server" : ""}
            </p>
          </div>
        </div>
        <NameForm />
      </section>
      <PasswordForm />
      <SessionList />
    </>
  );
}

function NameForm(): JSX.Element {
  const { state, api, dispatch, toasts } = useClient();
  const [name, setName] = createSignal(state.me?.display_name ?? "");
  const [busy, setBusy] = createSignal(false);
  const [error, setError] = createSignal<string | null>(null);

  async function save(sending: SubmitEvent): Promise<void> {
    sending.preventDefault();
    setBusy(true);
    setError(null);
    try {
      dispatch({ type: "local_me", me: await api.accounts.edit({ display_name: name().trim() }) });
      toasts.tell("Your name was changed.", "good");
    } catch (reason) {
      setError(messageOf(reason));
    } finally {
      setBusy(false);
    }
  }

  return (
    <form class="row row-form" onSubmit={(sending) => void save(sending)}>
      <TextField
        label="Display name"
        maxlength={Bounds.EditMe.display_name.maxLength}
        value={name()}
        error={error()}
        onText={setName}
        data-testid="display-name"
      />
      <Button type="submit" busy={busy()} disabled={name().trim() === "" || name().trim() === state.me?.display_name}>
        Save
      </Button>
    </form>
  );
}

function PasswordForm(): JSX.Element {
  const { api, toasts } = useClient();
  const [current, setCurrent] = createSignal("");
  const [next, setNext] = createSignal("");
  const [busy, setBusy] = createSignal(false);
  const [error, setError] = createSignal<string | null>(null);
  const shortest = Bounds.ChangePassword.new_password.minLength;

  async function save(sending: SubmitEvent): Promise<void> {
    sending.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await api.accounts.changePassword({ current_password: current(), new_password: next() });
      setCurrent("");
      setNext("");
      toasts.tell("Your password was changed. Your other devices were signed out.", "good");
    } catch (reason) {
      setError(messageOf(reason));
    } finally {
      setBusy(false);
    }
  }

  return (
    <form class="section" onSubmit={(sending) => void save(sending)}>
      <h3>Password</h3>
      <div class="two-columns">
        <TextField
          label="Current password"
          type="password"
          autocomplete="current-password"
          value={current()}
          onText={setCurrent}
        />
        <TextField
          label="New password"
          type="password"
          autocomplete="new-password"
          hint={`At least ${shortest} characters`}
          value={next()}
          onText={setNext}
        />
      </div>
      <FormError text={error()} />
      <div class="row">
        <Button type="submit" busy={busy()} disabled={current() === "" || next().length < shortest}>
          Change password
        </Button>
      </div>
    </form>
  );
}

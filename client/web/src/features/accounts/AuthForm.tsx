/** Sign in or sign up, in one form with two faces. */
import type { JSX } from "solid-js";
import { createSignal, Show } from "solid-js";
import { useClient } from "../../client/context";
import { messageOf, Problem } from "../../net/problem";
import type { PublicSettings } from "../../protocol";
import { Bounds } from "../../protocol";
import { Button } from "../../ui/Button";
import { FormError, TextField } from "../../ui/Field";

export type AuthMode = "login" | "register";

export interface AuthFormProps {
  settings: PublicSettings | undefined;
  startWith: AuthMode;
  /** Told of every turn to the other face. */
  onMode?: (mode: AuthMode) => void;
  inviteCode?: string;
}

const USERNAME = new RegExp(Bounds.Register.username.pattern);
const USERNAME_HINT = "3–32 characters: a–z, 0–9 and _";
const SHORTEST = Bounds.Register.password.minLength;

export function AuthForm(props: AuthFormProps): JSX.Element {
  const client = useClient();
  // eslint-disable-next-line solid/reactivity -- only where to begin
  const [mode, setMode] = createSignal(props.startWith);
  const [username, setUsername] = createSignal("");
  const [displayName, setDisplayName] = createSignal("");
  const [password, setPassword] = createSignal("");
  const [setupToken, setSetupToken] = createSignal("");
  const [busy, setBusy] = createSignal(false);
  const [error, setError] = createSignal<string | null>(null);
  const [tried, setTried] = createSignal(false);

  const isNew = (): boolean => mode() === "register";
  const closed = (): string | null => {
    const policy = props.settings?.registration_policy;
    if (props.settings?.setup_required) return null;
    if (policy === "closed") return "This server takes no new accounts at the moment.";
    return policy === "invite_only" && !props.inviteCode
      ? "New accounts need an invitation. Open the link you were given."
      : null;
  };
  const usernameError = (): string | null =>
    isNew() && tried() && !USERNAME.test(username()) ? `A username has ${USERNAME_HINT}.` : null;
  const passwordError = (): string | null =>
    isNew() && tried() && password().length < SHORTEST ? `A password has at least ${SHORTEST} characters.` : null;

  async function submit(sending: SubmitEvent): Promise<void> {
    sending.preventDefault();
    setTried(true);
    setError(null);
    if (usernameError() ?? passwordError()) return;
    setBusy(true);
    try {
      await (isNew() ? signUp() : client.login({ username: username().trim(), password: password() }));
    } catch (reason) {
      setError(wordsFor(reason));
    } finally {
      setBusy(false);
    }
  }

  function signUp(): Promise<void> {
    return client.register({
      username: username(),
      password: password(),
      ...(displayName().trim() ? { display_name: displayName().trim() } : {}),
      ...(setupToken().trim() ? { setup_token: setupToken().trim() } : {}),
      ...(props.inviteCode ? { invite_code: props.inviteCode } : {}),
    });
  }

  function change(to: AuthMode): void {
    setMode(to);
    props.onMode?.(to);
    setError(null);
    setTried(false);
  }

  return (
    <form class="stack" onSubmit={(sending) => void submit(sending)} novalidate data-testid="auth-form">
      <Show when={isNew() && props.settings?.setup_required}>
        <p class="notice" data-testid="first-account">
          This is the first account here. It becomes the <strong>administrator</strong> of the server.
        </p>
      </Show>
      <TextField
        label="Username"
        required
        autocomplete="username"
        autocapitalize="none"
        spellcheck={false}
        autofocus
        value={username()}
        hint={isNew() ? USERNAME_HINT : undefined}
        error={usernameError()}
        onText={(text) => setUsername(isNew() ? text.toLowerCase() : text)}
        data-testid="auth-username"
      />
      <Show when={isNew()}>
        <TextField
          label="Display name"
          autocomplete="nickname"
          maxlength={64}
          placeholder="How others see you"
          value={displayName()}
          onText={setDisplayName}
          data-testid="auth-display-name"
        />
      </Show>
      <TextField
        label="Password"
        required
        type="password"
        autocomplete={isNew() ? "new-password" : "current-password"}
        value={password()}
        hint={isNew() ? `At least ${SHORTEST} characters` : undefined}
        error={passwordError()}
        onText={setPassword}
        data-testid="auth-password"
      />
      <Show when={isNew() && props.settings?.setup_token_required}>
        <TextField
          label="Setup token"
          required
          autocomplete="off"
          spellcheck={false}
          value={setupToken()}
          hint="The server printed it when it was first started."
          onText={setSetupToken}
          data-testid="auth-setup-token"
        />
      </Show>
      <FormError text={error()} />
      <Show when={isNew() && closed()}>{(why) => <p class="notice">{why()}</p>}</Show>
      <Button type="submit" busy={busy()} disabled={isNew() && closed() !== null} data-testid="auth-submit">
        {isNew() ? "Create account" : "Sign in"}
      </Button>
      <p class="auth-turn">
        {isNew() ? "Already have an account?" : "New here?"}{" "}
        <button
          type="button"
          class="link"
          onClick={() => change(isNew() ? "login" : "register")}
          data-testid="auth-switch"
        >
          {isNew() ? "Sign in" : "Create an account"}
        </button>
      </p>
    </form>
  );
}

function wordsFor(reason: unknown): string {
  if (reason instanceof Problem && reason.status === 429)
    return `Too many tries. Wait ${reason.retryAfterS === null ? "a moment" : `${Math.ceil(reason.retryAfterS)} seconds`} and try again.`;
  const words = messageOf(reason);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

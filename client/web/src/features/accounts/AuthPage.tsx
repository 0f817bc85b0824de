/** The page of somebody who is not signed in. */
import type { JSX } from "solid-js";
import { createResource, Show } from "solid-js";
import { useClient } from "../../client/context";
import { AuthForm } from "./AuthForm";
import "./auth.css";

export function AuthPage(): JSX.Element {
  const client = useClient();
  const [settings] = createResource(() => client.api.server.settings().catch(() => undefined));
  return (
    <main class="auth-page">
      <section class="auth-card">
        <header>
          <img src="/favicon.svg" alt="" width="44" height="44" />
          <h1>{settings()?.setup_required ? "Welcome to your new server" : "Welcome back"}</h1>
          <p class="muted">
            {settings()?.setup_required
              ? "Create the first account to begin."
              : `Sign in to ${settings()?.server_name ?? "VoiceChat"}`}
          </p>
        </header>
        <Show when={client.signedOutBecause()}>
          {(why) => (
            <p class="notice" role="status">
              {why()}
            </p>
          )}
        </Show>
        <Show when={!settings.loading}>
          <AuthForm settings={settings()} startWith={settings()?.setup_required ? "register" : "login"} />
        </Show>
      </section>
    </main>
  );
}

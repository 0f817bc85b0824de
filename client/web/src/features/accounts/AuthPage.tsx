/** The page of somebody who is not signed in. */
import type { JSX } from "solid-js";
import { createResource, createSignal, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { PublicSettings } from "../../protocol";
import type { AuthMode } from "./AuthForm";
import { AuthForm } from "./AuthForm";
import "./auth.css";

interface Heading {
  title: string;
  note: string;
}

/** What the page is called: it follows the face the form shows. */
function headingFor(mode: AuthMode, settings: PublicSettings | undefined): Heading {
  const server = settings?.server_name ?? "VoiceChat";
  if (mode === "login") return { title: "Welcome back", note: `Sign in to ${server}` };
  return settings?.setup_required
    ? { title: "Welcome to your new server", note: "Create the first account to begin." }
    : { title: "Create your account", note: `Join ${server}` };
}

export function AuthPage(): JSX.Element {
  const client = useClient();
  const [settings] = createResource(() => client.api.server.settings().catch(() => undefined));
  const [chosen, setChosen] = createSignal<AuthMode | null>(null);
  const startWith = (): AuthMode => (settings()?.setup_required ? "register" : "login");
  const heading = (): Heading => headingFor(chosen() ?? startWith(), settings());
  return (
    <main class="auth-page">
      <section class="auth-card">
        <header>
          <img src="/favicon.svg" alt="" width="44" height="44" />
          <h1 data-testid="auth-title">{heading().title}</h1>
          <p class="muted">{heading().note}</p>
        </header>
        <Show when={client.signedOutBecause()}>
          {(why) => (
            <p class="notice" role="status">
              {why()}
            </p>
          )}
        </Show>
        <Show when={!settings.loading}>
          <AuthForm settings={settings()} startWith={startWith()} onMode={setChosen} />
        </Show>
      </section>
    </main>
  );
}

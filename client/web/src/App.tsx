/** The page: one client, and the view its session calls for. */
import type { JSX } from "solid-js";
import { createEffect, ErrorBoundary, lazy, Match, Suspense, Switch } from "solid-js";
import { ClientContext } from "./client/context";
import { createClient } from "./client/createClient";
import { AuthPage } from "./features/accounts/AuthPage";
import { InvitePage } from "./features/invites/InvitePage";
import { Broken } from "./features/shell/Broken";
import { Splash } from "./features/shell/Splash";
import { Toasts } from "./features/shell/Toasts";

const Shell = lazy(() => import("./features/shell/Shell"));

export function App(): JSX.Element {
  const client = createClient();
  const { route } = client.router;

  createEffect(() => {
    const page = document.documentElement;
    page.dataset["theme"] = client.preferences.theme;
    page.dataset["density"] = client.preferences.density;
    page.style.setProperty("--font-scale", String(client.preferences.fontScale));
  });

  return (
    <ClientContext.Provider value={client}>
      <ErrorBoundary fallback={(reason: unknown) => <Broken reason={reason} />}>
        <Suspense fallback={<Splash />}>
          <Switch fallback={<Splash />}>
            <Match when={client.phase() !== "starting" && route().name === "invite"}>
              <InvitePage />
            </Match>
            <Match when={client.phase() === "signed_out"}>
              <AuthPage />
            </Match>
            <Match when={client.phase() === "signed_in"}>
              <Shell />
            </Match>
          </Switch>
        </Suspense>
      </ErrorBoundary>
      <Toasts />
    </ClientContext.Provider>
  );
}

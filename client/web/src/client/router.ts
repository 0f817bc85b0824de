/** Addresses of the page: a home, a channel, an invitation. */
import type { Accessor } from "solid-js";
import { createSignal, onCleanup } from "solid-js";
import type { Id } from "../protocol";

export type Route =
  { name: "home" } | { name: "channel"; guildId: Id; channelId: Id | null } | { name: "invite"; code: string };

export interface Router {
  readonly route: Accessor<Route>;
  go(route: Route, options?: { replace: boolean }): void;
}

export function parseRoute(path: string): Route {
  const [first, second, third] = path.split("/").filter(Boolean).map(decodeURIComponent);
  if (first === "invite" && second) return { name: "invite", code: second };
  if (first === "channels" && second) return { name: "channel", guildId: second, channelId: third ?? null };
  return { name: "home" };
}

export function routePath(route: Route): string {
  switch (route.name) {
    case "home":
      return "/";
    case "invite":
      return `/invite/${encodeURIComponent(route.code)}`;
    case "channel":
      return `/channels/${route.guildId}${route.channelId ? `/${route.channelId}` : ""}`;
  }
}

export function createRouter(): Router {
  const [route, setRoute] = createSignal<Route>(parseRoute(location.pathname));
  const follow = (): void => void setRoute(parseRoute(location.pathname));
  addEventListener("popstate", follow);
  onCleanup(() => removeEventListener("popstate", follow));
  return {
    route,
    go(next, options) {
      const path = routePath(next);
      if (options?.replace) history.replaceState(null, "", path);
      else if (path !== location.pathname) history.pushState(null, "", path);
      setRoute(next);
    },
  };
}

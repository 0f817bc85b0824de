/** A client for component tests: a real store, everything towards the outside recorded. */
import { render } from "@solidjs/testing-library";
import type { JSX } from "solid-js";
import { createRoot, createSignal } from "solid-js";
import { vi } from "vitest";
import { ClientContext } from "../client/context";
import type { CallStore } from "../client/createCallStore";
import type { Client } from "../client/createClient";
import { createStage } from "../client/createStage";
import { createWhisper } from "../client/createWhisper";
import { createDialogs } from "../client/dialogs";
import { DEFAULTS } from "../client/preferences";
import type { Route } from "../client/router";
import { createToasts } from "../client/toasts";
import { initialCall } from "../rtc/callMachine";
import type { CallView } from "../rtc/makeCall";
import { NO_VIDEOS } from "../rtc/videos";
import type { StoreEvent } from "../state/local";
import { createAppStore } from "../state/store";

export const quietView: CallView = {
  call: initialCall,
  muted: false,
  deafened: false,
  trouble: null,
  playbackBlocked: false,
  sample: null,
  history: [],
  published: [],
  videos: NO_VIDEOS,
};

/** Show `page` with a client that has seen `events`; `change` replaces parts of the client. */
export function show(page: () => JSX.Element, events: StoreEvent[] = [], change: Partial<Client> = {}): Client {
  const store = createAppStore();
  events.forEach(store.dispatch);
  const [route, setRoute] = createSignal<Route>({ name: "home" });
  const view = change.view ?? quietView;
  const call = {
    join: vi.fn(),
    leave: vi.fn(),
    setMuted: vi.fn(),
    setDeafened: vi.fn(),
    setHushed: vi.fn(),
    view,
    reopenMicrophone: vi.fn(),
    refreshPlayback: vi.fn(),
    publisher: { share: vi.fn(() => Promise.resolve()), showCamera: vi.fn(), stop: vi.fn(), setTier: vi.fn() },
    videoReport: vi.fn(() => Promise.resolve(null)),
  };
  const send = vi.fn(() => true);
  const preferences = structuredClone(DEFAULTS);
  const setPreferences = vi.fn();
  const calls = { view, call } as unknown as CallStore;
  const timers = { after: () => () => undefined };
  const client = {
    state: store.state,
    dispatch: store.dispatch,
    api: {},
    phase: () => "signed_in",
    signedOutBecause: () => null,
    login: vi.fn(() => Promise.resolve()),
    register: vi.fn(() => Promise.resolve()),
    logout: vi.fn(),
    view,
    call,
    stage: createRoot(() => createStage({ state: store.state, calls, preferences, setPreferences, timers, send })),
    whisper: createRoot(() => createWhisper({ state: store.state, call: calls.call, timers, send })),
    messages: {
      loadLatest: vi.fn(),
      loadOlder: vi.fn(),
      loadNewer: vi.fn(),
      loadAround: vi.fn(() => Promise.resolve(true)),
      send: vi.fn(),
      retry: vi.fn(),
      discard: vi.fn(),
      markRead: vi.fn(),
    },
    loadMembers: vi.fn(),
    send,
    preferences,
    setPreferences,
    router: { route, go: vi.fn(setRoute) },
    openSoon: vi.fn(),
    expected: () => null,
    toasts: createToasts(),
    dialogs: createDialogs(),
    ...change,
  } as unknown as Client;
  render(() => <ClientContext.Provider value={client}>{page()}</ClientContext.Provider>);
  return client;
}

/** The client: session, gateway, call and store, wired together once for the page. */
import type { Accessor } from "solid-js";
import { createSignal, onMount } from "solid-js";
import type { Store } from "solid-js/store";
import type { Api } from "../net/api";
import { makeApi } from "../net/api";
import type { GatewayState } from "../net/gatewayMachine";
import { makeHttp } from "../net/http";
import { makeGateway } from "../net/makeGateway";
import { makeSteadyTimers } from "../net/timers";
import type { AnyCommand, AnyEvent, Id, Login, Register, Tokens } from "../protocol";
import type { Call, CallView } from "../rtc/makeCall";
import type { StoreEvent } from "../state/local";
import type { AppState } from "../state/model";
import { createAppStore } from "../state/store";
import { createCallStore } from "./createCallStore";
import type { Stage } from "./createStage";
import { createStage } from "./createStage";
import type { Whisper } from "./createWhisper";
import { createWhisper } from "./createWhisper";
import { exposeDebugView } from "./debug";
import type { Dialogs } from "./dialogs";
import { createDialogs } from "./dialogs";
import { loadMembers } from "./members";
import type { MessageActions } from "./messages";
import { makeMessageActions } from "./messages";
import type { Preferences, SetPreferences } from "./preferences";
import { createPreferences } from "./preferences";
import type { Router } from "./router";
import { createRouter } from "./router";
import type { Toasts } from "./toasts";
import { createToasts } from "./toasts";
import { watchPage } from "./watchPage";

export type SessionPhase = "starting" | "signed_out" | "signed_in";

export interface Client {
  readonly state: Store<AppState>;
  dispatch(event: StoreEvent): void;
  readonly api: Api;
  readonly phase: Accessor<SessionPhase>;
  /** Why the person has to sign in again; null on a plain visit. */
  readonly signedOutBecause: Accessor<string | null>;
  login(body: Login): Promise<void>;
  register(body: Register): Promise<void>;
  logout(): Promise<void>;
  readonly view: Store<CallView>;
  readonly call: Call;
  readonly stage: Stage;
  readonly whisper: Whisper;
  readonly messages: MessageActions;
  loadMembers(guildId: Id): Promise<void>;
  send(command: AnyCommand): boolean;
  readonly preferences: Store<Preferences>;
  readonly setPreferences: SetPreferences;
  readonly router: Router;
  /** Go to a guild or channel just made or joined, which the gateway may not have told of yet. */
  openSoon(guildId: Id, channelId: Id | null): void;
  /** The guild and channel that are awaited so. */
  readonly expected: Accessor<{ guildId: Id; channelId: Id | null } | null>;
  readonly toasts: Toasts;
  readonly dialogs: Dialogs;
}

/** How long an address may lead nowhere because its guild or channel is still to be told. */
const EXPECT_MS = 5_000;

/** Commands given from a menu, whose refusal nothing else shows. */
const TOLD = new Set(["voice_whisper", "voice_listen", "voice_priority", "voice_screen_share_set_quality"]);

const END_WORDS: Record<string, string> = {
  revoked: "This session was ended. Sign in again.",
  signed_out: "Your session has ended. Sign in again.",
};

export function createClient(): Client {
  const store = createAppStore();
  const timers = makeSteadyTimers();
  const router = createRouter();
  const toasts = createToasts();
  const dialogs = createDialogs();
  const [preferences, setPreferences] = createPreferences();
  const [phase, setPhase] = createSignal<SessionPhase>("starting");
  const [expected, setExpected] = createSignal<{ guildId: Id; channelId: Id | null } | null>(null);
  const [signedOutBecause, setSignedOutBecause] = createSignal<string | null>(null);

  const http = makeHttp({
    fetch: fetch.bind(globalThis),
    locks: (navigator as { locks?: LockManager }).locks,
    onSignedOut: () => signedOut(phase() === "signed_in" ? "signed_out" : null),
  });
  const api = makeApi(http);

  const gateway = makeGateway({
    url: () => `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`,
    session: http.session,
    timers,
    WebSocket,
    onEvent: received,
    onState: connectionChanged,
    onPing: (ms) => store.dispatch({ type: "local_ping", ms }),
  });
  const calls = createCallStore({
    store,
    preferences,
    setPreferences,
    timers,
    send: gateway.send,
    isShareHeard: (heard) => stage.isHeard(heard),
    onVideoTrouble: (words) => toasts.tell(words, "bad"),
  });
  const { view, call } = calls;
  const stage = createStage({ state: store.state, calls, preferences, setPreferences, timers, send: gateway.send });
  const whisper = createWhisper({ state: store.state, call, timers, send: gateway.send });

  let wasUp = false;

  function connectionChanged(next: GatewayState): void {
    const { phase: gatewayPhase, attempt, endReason } = next;
    store.dispatch({ type: "local_connection", phase: gatewayPhase, attempt, endReason });
    if (wasUp && gatewayPhase !== "ready") call.gateway("lost");
    wasUp = gatewayPhase === "ready";
    if (gatewayPhase === "ended" && endReason !== "stopped") signedOut(endReason);
  }

  /** Every event goes two ways: into the store, and past the call. */
  function received(event: AnyEvent): void {
    if (event.type === "guild_deleted") farewell(event.guild_id, event.reason);
    if (event.type === "error" && TOLD.has(event.in_reply_to ?? "")) toasts.tell(event.message, "bad");
    store.dispatch(event);
    if (event.type === "ready") call.gateway("ready");
    else if (event.type === "resumed") call.gateway("resumed");
    else call.take(event);
  }

  function farewell(guildId: Id, reason: string): void {
    const name = store.state.guilds[guildId]?.name ?? "a server";
    if (reason === "kicked" || reason === "banned") toasts.tell(`You were ${reason} from ${name}.`, "bad");
    else if (reason === "deleted") toasts.tell(`${name} was deleted.`);
  }

  function signedIn(tokens: Tokens | null): void {
    if (tokens) http.session.accept(tokens);
    setPreferences({ signedIn: true });
    setSignedOutBecause(null);
    setPhase("signed_in");
    gateway.start();
  }

  function signedOut(reason: string | null): void {
    if (phase() === "signed_out") return;
    setPhase("signed_out");
    setSignedOutBecause(reason === null ? null : (END_WORDS[reason] ?? null));
    setPreferences({ signedIn: false });
    http.session.drop();
    dialogs.close();
    call.leave();
    gateway.stop();
    store.dispatch({ type: "local_signed_out" });
  }

  /** Take up the session of an earlier visit, if there was one. */
  const start = async (): Promise<void> => {
    if (!preferences.signedIn) {
      signedOut(null);
      return;
    }
    try {
      await http.session.token();
      signedIn(null);
    } catch {
      // Refused: `onSignedOut` was called already. The server being away: the gateway keeps trying.
      if (phase() === "starting") signedIn(null);
    }
  };

  const otherTabs = watchPage({ wake: gateway.wake, onSignedOutElsewhere: () => signedOut("signed_out"), call });
  exposeDebugView(call, () => ({ phase: gateway.state.phase, seq: gateway.state.session?.seq ?? null }));
  onMount(() => void start());

  return {
    state: store.state,
    dispatch: store.dispatch,
    api,
    phase,
    signedOutBecause,
    login: async (body) => signedIn(await api.accounts.login(body)),
    register: async (body) => signedIn(await api.accounts.register(body)),
    async logout() {
      await toasts.attempt(api.accounts.logout);
      otherTabs.tellSignedOut();
      signedOut(null);
    },
    view,
    call,
    stage,
    whisper,
    messages: makeMessageActions(api, store),
    loadMembers: (guildId) => loadMembers(api, store, guildId),
    send: gateway.send,
    preferences,
    setPreferences,
    router,
    openSoon(guildId, channelId) {
      setExpected({ guildId, channelId });
      router.go({ name: "channel", guildId, channelId }, { replace: router.route().name === "invite" });
      timers.after(EXPECT_MS, () => setExpected(null));
    },
    expected,
    toasts,
    dialogs,
  };
}

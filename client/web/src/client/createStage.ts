/** What is on stage: the streams of one's room, which of them one watches, how large, how loud. */
import type { Accessor } from "solid-js";
import { createEffect, createMemo, createSignal, on, onCleanup } from "solid-js";
import type { Store } from "solid-js/store";
import { createStore, produce } from "solid-js/store";
import type { Timers } from "../net/timers";
import type { AnyCommand, Id } from "../protocol";
import { screenAudio, screenVideo, shareOf, streamKey, WEBCAM } from "../protocol";
import type { Heard } from "../rtc/playback";
import type { AppState, Quality } from "../state/model";
import { nameOf } from "../state/selectors";
import type { CallStore } from "./createCallStore";
import type { Layer, LayerChoice, View, Wish } from "./demand";
import { makeDemand, wishFor } from "./demand";
import type { Preferences, SetPreferences } from "./preferences";

export interface StageStream {
  key: string;
  userId: Id;
  source: string;
  kind: "screen" | "webcam";
  /** Whose and what, for people. */
  name: string;
  label: string;
  hasAudio: boolean;
  isOwn: boolean;
  quality: Quality;
}

/** One large and the others in a strip; all alike; one large over the whole window. */
export type StageMode = "spotlight" | "grid" | "theater";

export interface Stage {
  /** Screens first, in the order they began, then faces. */
  readonly streams: Accessor<StageStream[]>;
  find(key: string): StageStream | undefined;
  /** Faces are watched where they are shown; of screens one says so. */
  isWatched(key: string): boolean;
  watch(key: string): void;
  unwatch(key: string): void;
  /** The stream shown large, if any. */
  readonly focused: Accessor<StageStream | null>;
  focus(key: string | null): void;
  readonly mode: Accessor<StageMode>;
  setMode(mode: StageMode): void;
  /** Its picture, once there is one. */
  videoOf(key: string): MediaStream | null;
  choiceOf(key: string): LayerChoice;
  choose(key: string, choice: LayerChoice): void;
  /** 0–2, of a person's screens. */
  volumeOf(userId: Id): number;
  setVolume(userId: Id, volume: number): void;
  isSilenced(key: string): boolean;
  silence(key: string, silenced: boolean): void;
  /** Whether the sound of a screen is to be heard here. */
  isHeard(heard: Heard): boolean;
  /** A place where a stream is shown; the answer changes it, and null takes it away. */
  addView(key: string, view: View): (next: View | null) => void;
  /** The stream in a window of its own. */
  readonly poppedOut: Accessor<string | null>;
  setPoppedOut(key: string | null): void;
  /** What just began or ended, for screen readers. */
  readonly news: Accessor<string>;
}

export interface StageEnv {
  state: Store<AppState>;
  calls: CallStore;
  preferences: Store<Preferences>;
  setPreferences: SetPreferences;
  timers: Timers;
  send: (command: AnyCommand) => boolean;
}

interface Watching {
  watched: Record<string, boolean>;
  silenced: Record<string, boolean>;
  choices: Record<string, LayerChoice>;
  /** By stream, then by a number of the view's own. */
  views: Record<string, Record<number, View>>;
}

export function createStage(env: StageEnv): Stage {
  const { state, calls, preferences } = env;
  const [watching, setWatching] = createStore<Watching>({ watched: {}, silenced: {}, choices: {}, views: {} });
  const [focusKey, setFocusKey] = createSignal<string | null>(null);
  const [mode, setMode] = createSignal<StageMode>("spotlight");
  const [poppedOut, setPoppedOut] = createSignal<string | null>(null);
  const [news, setNews] = createSignal("");
  const isHidden = createHidden();
  let nextView = 0;

  const streams = createMemo(() => streamsOf(state, calls));
  const find = (key: string): StageStream | undefined => streams().find((stream) => stream.key === key);
  const isWatched = (key: string): boolean => find(key)?.kind === "webcam" || watching.watched[key] === true;
  const watchedScreens = (): StageStream[] => streams().filter(({ kind, key }) => kind === "screen" && isWatched(key));

  const focused = createMemo((): StageStream | null => {
    const chosen = find(focusKey() ?? "");
    if (chosen && (chosen.isOwn || isWatched(chosen.key))) return chosen;
    return watchedScreens()[0] ?? null;
  });

  function setIn(part: "watched" | "silenced", key: string, on: boolean): void {
    setWatching(
      produce((draft) => {
        if (on) draft[part][key] = true;
        else delete draft[part][key];
      }),
    );
    calls.call.refreshPlayback();
  }

  const viewsOf = (key: string): View[] => Object.values(watching.views[key] ?? {});

  /** Of a stream's sound there is all or nothing. */
  function wishes(): Wish[] {
    return streams()
      .filter((stream) => !stream.isOwn)
      .flatMap(({ userId, source, kind, key, hasAudio }) => {
        const shown = wishFor({ kind, views: viewsOf(key), choice: choiceOf(key), isHidden: isHidden() });
        const layer: Layer = isWatched(key) ? shown : "off";
        const sound = screenAudio(shareOf(source) ?? "");
        return [
          { userId, source, layer },
          ...(hasAudio
            ? [{ userId, source: sound, layer: isWatched(key) ? ("auto" as const) : ("off" as const) }]
            : []),
        ];
      });
  }

  const choiceOf = (key: string): LayerChoice => watching.choices[key] ?? "auto";

  const demand = makeDemand({ send: env.send, after: env.timers.after });
  createEffect(() => {
    const { channelId, sessionId, phase, gatewayUp } = calls.view.call;
    // What could not be said while the gateway was away is said when it is back.
    if (!gatewayUp) return;
    demand.update(channelId, phase === "connected" ? sessionId : null, wishes());
  });

  createEffect(
    on(streams, (now, before) => {
      forget(before ?? [], now);
      const told = newsOf(before ?? [], now);
      if (told) setNews(told);
    }),
  );

  /** A stream that has ended leaves no wish behind; its name may come again. */
  function forget(before: StageStream[], now: StageStream[]): void {
    const gone = before.filter(({ key }) => !now.some((each) => each.key === key));
    for (const { key } of gone) {
      if (watching.watched[key]) setIn("watched", key, false);
      if (watching.silenced[key]) setIn("silenced", key, false);
      if (poppedOut() === key) setPoppedOut(null);
    }
    if (now.length === 0) setMode("spotlight");
  }

  return {
    streams,
    find,
    isWatched,
    watch(key) {
      setIn("watched", key, true);
      setFocusKey(key);
      if (watchedScreens().length === 1) setMode("spotlight");
    },
    unwatch(key) {
      setIn("watched", key, false);
      if (focusKey() === key) setFocusKey(null);
      if (poppedOut() === key) setPoppedOut(null);
      if (mode() === "theater" && focused() === null) setMode("spotlight");
    },
    focused,
    focus: (key) => setFocusKey(key),
    mode,
    setMode,
    videoOf(key) {
      const stream = find(key);
      if (stream?.isOwn) return calls.view.published.find((local) => local.source === stream.source)?.stream ?? null;
      return calls.view.videos.byKey[key]?.stream ?? null;
    },
    choiceOf,
    choose: (key, choice) => setWatching("choices", key, choice),
    volumeOf: (userId) => preferences.streamVolumes[userId] ?? 1,
    setVolume(userId, volume) {
      env.setPreferences({ streamVolumes: { ...preferences.streamVolumes, [userId]: volume } });
      calls.call.refreshPlayback();
    },
    isSilenced: (key) => watching.silenced[key] === true,
    silence: (key, silenced) => setIn("silenced", key, silenced),
    isHeard({ userId, source }) {
      const key = streamKey(userId, screenVideo(shareOf(source) ?? ""));
      return isWatched(key) && watching.silenced[key] !== true;
    },
    addView(key, view) {
      const id = nextView++;
      const put = (next: View | null): void =>
        setWatching(
          produce(({ views }) => {
            const here = (views[key] ??= {});
            if (next) here[id] = next;
            else delete here[id];
          }),
        );
      put(view);
      return put;
    },
    poppedOut,
    setPoppedOut,
    news,
  };
}

/** Whether the page is in a hidden tab. */
function createHidden(): Accessor<boolean> {
  const [isHidden, setHidden] = createSignal(document.hidden);
  const follow = (): void => void setHidden(document.hidden);
  document.addEventListener("visibilitychange", follow);
  onCleanup(() => document.removeEventListener("visibilitychange", follow));
  return isHidden;
}

/** One's own streams are known by what is captured, those of others by what the server tells. */
function streamsOf(state: AppState, { view }: CallStore): StageStream[] {
  const { channelId } = view.call;
  if (channelId === null) return [];
  const guildId = state.channels[channelId]?.guild_id ?? null;
  const me = state.me?.id ?? "";
  const stream = (
    userId: Id,
    source: string,
    rest: Pick<StageStream, "label" | "hasAudio" | "quality">,
  ): StageStream => ({
    key: streamKey(userId, source),
    userId,
    source,
    kind: source === WEBCAM ? "webcam" : "screen",
    name: nameOf(state, guildId, userId),
    isOwn: userId === me,
    ...rest,
  });
  const own = view.published.map((local) =>
    stream(me, local.source, { label: local.label, hasAudio: local.hasAudio, quality: local.tier }),
  );
  const shares = Object.values(state.shares)
    .filter((share) => share.channel_id === channelId && share.user_id !== me)
    .sort((left, right) => (left.started_at < right.started_at ? -1 : 1))
    .map(({ user_id, stream_id, source_label, has_audio, quality }) =>
      stream(user_id, screenVideo(stream_id), { label: source_label, hasAudio: has_audio, quality }),
    );
  const webcams = Object.values(state.webcams)
    .filter((webcam) => webcam.channel_id === channelId && webcam.user_id !== me)
    .map(({ user_id, quality }) => stream(user_id, WEBCAM, { label: "Camera", hasAudio: false, quality }));
  const all = [...shares, ...own, ...webcams];
  return [...all.filter(({ kind }) => kind === "screen"), ...all.filter(({ kind }) => kind === "webcam")];
}

/** What a screen reader is told when streams come and go; of many at once, the number. */
export function newsOf(before: readonly StageStream[], now: readonly StageStream[]): string {
  const missing = (from: readonly StageStream[], other: readonly StageStream[]): StageStream[] =>
    from.filter(({ key }) => !other.some((each) => each.key === key));
  const sentences = [
    ...missing(now, before).map((stream) => sentence(stream, true)),
    ...missing(before, now).map((stream) => sentence(stream, false)),
  ];
  return sentences.length > 3 ? `${now.length} streams are on.` : sentences.join(" ");
}

function sentence({ isOwn, name, kind }: StageStream, began: boolean): string {
  const who = isOwn ? "You" : name;
  if (kind === "screen") return `${who} ${began ? "started" : "stopped"} sharing ${isOwn ? "your" : "a"} screen.`;
  return `${who} turned ${isOwn ? "your" : "the"} camera ${began ? "on" : "off"}.`;
}

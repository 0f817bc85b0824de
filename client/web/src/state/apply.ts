/** The one way into the state: look the event's type up, let each reducer of it change the draft. */
import { channelReducers } from "./channels";
import { connectionReducers } from "./connection";
import { guildReducers } from "./guilds";
import type { StoreEvent } from "./local";
import { messageReducers } from "./messages";
import type { AppState } from "./model";
import type { Reducers } from "./reducers";
import { videoReducers } from "./video";
import { voiceReducers } from "./voice";

const TABLES: Reducers[] = [
  connectionReducers,
  guildReducers,
  channelReducers,
  messageReducers,
  voiceReducers,
  videoReducers,
];

type AnyReducer = (state: AppState, event: StoreEvent, now: number) => void;

const BY_TYPE = new Map<string, AnyReducer[]>();
for (const table of TABLES)
  for (const [type, reducer] of Object.entries(table))
    BY_TYPE.set(type, [...(BY_TYPE.get(type) ?? []), reducer as AnyReducer]);

/** Change `state` in place as `event` says. Types nobody knows (a newer server's) change nothing. */
export function apply(state: AppState, event: StoreEvent, now: number): void {
  for (const reducer of BY_TYPE.get(event.type) ?? []) reducer(state, event, now);
}

/** The shape of a reducer table: for some event types, how the state changes. */
import type { EventOf, StoreEvent } from "./local";
import type { AppState } from "./model";

/** A reducer changes the draft in place and reads nothing else; `now` is Unix time in ms. */
export type Reducers = {
  [T in StoreEvent["type"]]?: (state: AppState, event: EventOf<T>, now: number) => void;
};

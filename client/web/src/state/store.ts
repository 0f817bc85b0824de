/** The store: Solid's view of the state, fed by `dispatch` alone. */
import type { Store } from "solid-js/store";
import { createStore, produce } from "solid-js/store";
import { apply } from "./apply";
import type { StoreEvent } from "./local";
import type { AppState } from "./model";
import { emptyState } from "./model";

export interface AppStore {
  readonly state: Store<AppState>;
  dispatch(event: StoreEvent): void;
}

export function createAppStore(now: () => number = Date.now): AppStore {
  const [state, setState] = createStore<AppState>(emptyState());
  return {
    state,
    dispatch: (event) => setState(produce((draft) => apply(draft, event, now()))),
  };
}

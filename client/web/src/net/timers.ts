/**
 * Timers that keep time while the page is hidden.
 *
 * Browsers wake a hidden page's timers as seldom as once a minute, too late for a heartbeat; a worker's are exempt.
 */

export interface Timers {
  /** Call `act` once after `ms`; the answer cancels it. */
  after(ms: number, act: () => void): () => void;
}

/** The page's own timers. */
export const pageTimers: Timers = {
  after(ms, act) {
    const handle = setTimeout(act, ms);
    return () => clearTimeout(handle);
  },
};

/** Timers kept by a worker; the page's own where no worker starts. */
export function makeSteadyTimers(): Timers {
  const waiting = new Map<number, () => void>();
  let nextId = 0;
  let worker: Worker;
  try {
    worker = new Worker(new URL("./clock.worker.ts", import.meta.url), { type: "module" });
  } catch {
    return pageTimers;
  }
  worker.onmessage = (message: MessageEvent<number>) => {
    const act = waiting.get(message.data);
    waiting.delete(message.data);
    act?.();
  };
  return {
    after(ms, act) {
      const id = nextId++;
      waiting.set(id, act);
      worker.postMessage({ id, ms });
      return () => {
        if (waiting.delete(id)) worker.postMessage({ id, ms: null });
      };
    },
  };
}

/** The worker behind `makeSteadyTimers`: {id, ms} starts a timer, {id, ms: null} cancels it, `id` comes back. */

const handles = new Map<number, ReturnType<typeof setTimeout>>();

self.onmessage = (message: MessageEvent<{ id: number; ms: number | null }>) => {
  const { id, ms } = message.data;
  if (ms === null) {
    clearTimeout(handles.get(id));
    handles.delete(id);
    return;
  }
  handles.set(
    id,
    setTimeout(() => {
      handles.delete(id);
      self.postMessage(id);
    }, ms),
  );
};

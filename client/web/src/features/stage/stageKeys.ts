/** The viewer's keys, as people know them: Esc closes, V changes the view, M mutes, F fills the screen, G shows all. */
import type { Stage, StageStream } from "../../client/createStage";

export interface StageKeysEnv {
  stage: Stage;
  /** The stream that is large, or would be; with none the keys are not ours. */
  stream: () => StageStream | null;
  /** Something lies over the stage and has the keyboard. */
  isBusy: () => boolean;
  toggleFullscreen: () => void;
}

/** Listen on the page until the answer is called; nothing is taken from a text field or with a modifier. */
export function installStageKeys(env: StageKeysEnv): () => void {
  const { stage } = env;
  const actions: Record<string, (stream: StageStream) => void> = {
    Escape(stream) {
      if (stage.mode() === "theater") stage.setMode("spotlight");
      else if (stream.kind === "screen" && !stream.isOwn) stage.unwatch(stream.key);
      else stage.focus(null);
    },
    V: () => stage.setMode(stage.mode() === "theater" ? "spotlight" : "theater"),
    M: ({ key }) => stage.silence(key, !stage.isSilenced(key)),
    F: () => env.toggleFullscreen(),
    G: () => stage.setMode(stage.mode() === "grid" ? "spotlight" : "grid"),
  };
  const listen = (press: KeyboardEvent): void => {
    if (press.defaultPrevented || env.isBusy() || press.ctrlKey || press.metaKey || press.altKey) return;
    const stream = env.stream();
    const action = actions[press.key.length === 1 ? press.key.toUpperCase() : press.key];
    if (!stream || !action || isTyping(press.target)) return;
    press.preventDefault();
    action(stream);
  };
  // Before the page's own shortcuts, which listen on the window.
  document.addEventListener("keydown", listen);
  return () => document.removeEventListener("keydown", listen);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.matches("input:not([type=range]), textarea, select, [contenteditable]")
  );
}

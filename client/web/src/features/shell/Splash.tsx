/** What stands on the page for the moment before anything is known. */
import type { JSX } from "solid-js";
import "./shell.css";

export function Splash(): JSX.Element {
  return (
    <div class="splash" role="status" aria-label="Loading VoiceChat">
      <span class="wave" aria-hidden="true">
        <i /> <i /> <i /> <i /> <i />
      </span>
    </div>
  );
}

/** What there is of the stage wherever one looks: corner player, window of its own, words for screen readers. */
import type { JSX } from "solid-js";
import { useClient } from "../../client/context";
import { MiniPlayer } from "./MiniPlayer";
import { PopOut } from "./PopOut";

export function StageOutside(): JSX.Element {
  const { stage } = useClient();
  return (
    <>
      <MiniPlayer />
      <PopOut />
      <div class="offscreen" role="status" data-testid="stage-news">
        {stage.news()}
      </div>
    </>
  );
}

/** What camera and share buttons do, and their keys. */
import type { Client } from "../../client/createClient";
import { WEBCAM } from "../../protocol";
import type { VideoKind } from "../../rtc/encodings";
import { mayInChannel } from "../../state/selectors";

/** Whether one is in voice and may show this there. */
export function mayShow({ state, view }: Client, bit: "USE_VIDEO" | "SCREEN_SHARE"): boolean {
  return view.call.phase === "connected" && mayInChannel(state, view.call.channelId ?? "", bit);
}

export function isShowing({ view }: Client, kind: VideoKind): boolean {
  return view.published.some((local) => local.kind === kind);
}

export function toggleCamera(client: Client): void {
  if (isShowing(client, "webcam")) client.call.publisher.stop(WEBCAM);
  else if (mayShow(client, "USE_VIDEO")) client.dialogs.open({ name: "camera" });
}

export function openShare(client: Client): void {
  if (isShowing(client, "screen") || mayShow(client, "SCREEN_SHARE")) client.dialogs.open({ name: "share" });
}

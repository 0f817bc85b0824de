/** What the page hears besides the server: the network, its own visibility, devices, its other tabs. */
import type { Call } from "../rtc/makeCall";
import { watchDevices } from "../rtc/devices";

const CHANNEL = "voicechat.session";

export interface PageWatch {
  wake: () => void;
  onSignedOutElsewhere: () => void;
  call: Call;
}

export interface OtherTabs {
  tellSignedOut(): void;
}

/** Listen for the life of the page. */
export function watchPage(watch: PageWatch): OtherTabs {
  addEventListener("online", watch.wake);
  addEventListener("offline", watch.wake);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") watch.wake();
  });
  // A closed page must not stay in the room until its consent runs out.
  addEventListener("pagehide", (hiding) => {
    if (!hiding.persisted) watch.call.leave();
  });
  watchDevices(() => {
    if (watch.call.view.trouble !== null) watch.call.reopenMicrophone();
    watch.call.refreshPlayback();
  });
  const tabs = new BroadcastChannel(CHANNEL);
  tabs.onmessage = watch.onSignedOutElsewhere;
  return { tellSignedOut: () => tabs.postMessage("signed out") };
}

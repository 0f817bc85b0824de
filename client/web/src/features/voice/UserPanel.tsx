/** At the foot of the sidebar: me, my microphone, my ears, my settings. */
import type { JSX } from "solid-js";
import { useClient } from "../../client/context";
import { Avatar } from "../../ui/Avatar";
import { IconButton } from "../../ui/Button";
import "./voice.css";

export function UserPanel(): JSX.Element {
  const { state, view, call, dialogs } = useClient();
  const me = () => state.me;
  const isMuted = (): boolean => view.muted || view.deafened;
  const isSpeaking = (): boolean => Boolean(me() && state.speaking[me()!.id]);
  return (
    <section class="user-panel" aria-label="You" data-region>
      <button
        type="button"
        class="user-me"
        onClick={() => dialogs.open({ name: "settings", page: "account" })}
      >
        <Avatar
          size="small"
          name={me()?.display_name ?? ""}
          seed={me()?.id ?? ""}
          url={me()?.avatar_url}
          speaking={isSpeaking()}
        />
        <span class="user-names">
          <strong class="truncate" data-testid="my-name">
            {me()?.display_name}
          </strong>
          <small class="truncate">{me()?.username}</small>
          <span class="offscreen">My account</span>
        </span>
      </button>
      <IconButton
        icon={isMuted() ? "micOff" : "mic"}
        danger={isMuted()}
        label={isMuted() ? "Unmute (Ctrl+Shift+M)" : "Mute (Ctrl+Shift+M)"}
        aria-pressed={isMuted()}
        onClick={() => call.setMuted(!isMuted())}
        data-testid="toggle-mute"
      />
      <IconButton
        icon={view.deafened ? "headphonesOff" : "headphones"}
        danger={view.deafened}
        label={view.deafened ? "Undeafen (Ctrl+Shift+D)" : "Deafen (Ctrl+Shift+D)"}
        aria-pressed={view.deafened}
        onClick={() => call.setDeafened(!view.deafened)}
        data-testid="toggle-deafen"
      />
      <IconButton
        icon="settings"
        label="Settings (Ctrl+,)"
        onClick={() => dialogs.open({ name: "settings", page: "voice" })}
        data-testid="open-settings"
      />
    </section>
  );
}

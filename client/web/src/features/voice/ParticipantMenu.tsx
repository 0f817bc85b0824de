/** What one can do with a person in voice: their volume for me, and what moderators may. */
import type { JSX } from "solid-js";
import { For, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { EditMember, Id } from "../../protocol";
import { guildChannels, mayInChannel, nameOf } from "../../state/selectors";
import { Slider } from "../../ui/Field";
import type { Point } from "../../ui/Menu";
import { Menu, MenuItem, MenuLine, MenuTitle } from "../../ui/Menu";

export interface ParticipantMenuProps {
  userId: Id;
  channelId: Id;
  at: Point;
  onClose: () => void;
}

export function ParticipantMenu(props: ParticipantMenuProps): JSX.Element {
  const { state, preferences, setPreferences, call, view, whisper, stage, router } = useClient();
  const isMe = (): boolean => props.userId === state.me?.id;
  const guildId = (): Id | null => state.channels[props.channelId]?.guild_id ?? null;
  const name = (): string => nameOf(state, guildId(), props.userId);
  const mayWhisper = (): boolean =>
    view.call.phase === "connected" && mayInChannel(state, view.call.channelId ?? "", "WHISPER");
  const volume = (): number => preferences.volumes[props.userId] ?? 1;

  const unwatched = () =>
    stage
      .streams()
      .filter(
        ({ userId, kind, isOwn, key }) =>
          userId === props.userId && kind === "screen" && !isOwn && !stage.isWatched(key),
      );

  function watch(key: string): void {
    const { channelId } = view.call;
    props.onClose();
    stage.watch(key);
    if (channelId && guildId()) router.go({ name: "channel", guildId: guildId()!, channelId });
  }

  function setVolume(percent: number): void {
    setPreferences({ volumes: { ...preferences.volumes, [props.userId]: percent / 100 } });
    call.refreshPlayback();
  }

  function toggleLocalMute(): void {
    const muted = preferences.mutedUsers[props.userId] !== true;
    setPreferences({ mutedUsers: { ...preferences.mutedUsers, [props.userId]: muted } });
    call.refreshPlayback();
  }

  return (
    <Menu label={`${name()} in voice`} at={props.at} onClose={() => props.onClose()} testid="participant-menu">
      <MenuTitle>{name()}</MenuTitle>
      <For each={unwatched()}>
        {(stream) => (
          <MenuItem icon="screen" onSelect={() => watch(stream.key)} testid="participant-watch">
            {`Watch ${stream.label || "their screen"}`}
          </MenuItem>
        )}
      </For>
      <Show when={!isMe()} fallback={<OwnItems onClose={() => props.onClose()} />}>
        <Slider
          label="Volume for me"
          min={0}
          max={200}
          step={5}
          value={Math.round(volume() * 100)}
          text={`${Math.round(volume() * 100)} %`}
          onValue={setVolume}
          testid="participant-volume"
        />
        <MenuItem
          checked={preferences.mutedUsers[props.userId] === true}
          onSelect={toggleLocalMute}
          testid="participant-local-mute"
        >
          Mute for me
        </MenuItem>
        <Show when={mayWhisper()}>
          <MenuItem
            checked={whisper.targets().includes(props.userId)}
            onSelect={() => whisper.toggleTarget(props.userId)}
            testid="participant-whisper"
          >
            {"Whisper to them (hold Alt+W)"}
          </MenuItem>
        </Show>
        <Moderation {...props} guildId={guildId()} />
      </Show>
    </Menu>
  );
}

function OwnItems(props: { onClose: () => void }): JSX.Element {
  const { state, view, call, send } = useClient();
  const hasPriority = (): boolean => state.priority[state.me?.id ?? ""] === true;
  return (
    <>
      <MenuItem checked={view.muted || view.deafened} onSelect={() => call.setMuted(!(view.muted || view.deafened))}>
        Mute
      </MenuItem>
      <MenuItem checked={view.deafened} onSelect={() => call.setDeafened(!view.deafened)}>
        Deafen
      </MenuItem>
      <Show when={mayInChannel(state, view.call.channelId ?? "", "PRIORITY_SPEAKER")}>
        <MenuItem
          checked={hasPriority()}
          onSelect={() => send({ type: "voice_priority", active: !hasPriority() })}
          testid="own-priority"
        >
          Priority speaker
        </MenuItem>
      </Show>
      <Show when={view.call.channelId}>
        <MenuLine />
        <MenuItem
          danger
          icon="hangUp"
          onSelect={() => {
            props.onClose();
            call.leave();
          }}
        >
          Disconnect
        </MenuItem>
      </Show>
    </>
  );
}

function Moderation(props: ParticipantMenuProps & { guildId: Id | null }): JSX.Element {
  const { state, api, toasts } = useClient();
  const voice = () => state.voice[props.userId];
  const may = (name: "VOICE_MUTE_OTHERS" | "VOICE_DEAFEN_OTHERS" | "VOICE_MOVE_MEMBERS"): boolean =>
    mayInChannel(state, props.channelId, name);
  const targets = () =>
    guildChannels(state, props.guildId ?? "").filter(
      (channel) => channel.channel_type === "voice" && channel.id !== props.channelId,
    );

  function edit(body: EditMember): void {
    props.onClose();
    void toasts.attempt(() => api.members.edit(props.guildId ?? "", props.userId, body));
  }

  return (
    <Show when={may("VOICE_MUTE_OTHERS") || may("VOICE_DEAFEN_OTHERS") || may("VOICE_MOVE_MEMBERS")}>
      <MenuLine />
      <Show when={may("VOICE_MUTE_OTHERS")}>
        <MenuItem
          checked={voice()?.server_muted === true}
          onSelect={() => edit({ muted: voice()?.server_muted !== true })}
          testid="participant-server-mute"
        >
          Server mute
        </MenuItem>
      </Show>
      <Show when={may("VOICE_DEAFEN_OTHERS")}>
        <MenuItem
          checked={voice()?.server_deafened === true}
          onSelect={() => edit({ deafened: voice()?.server_deafened !== true })}
        >
          Server deafen
        </MenuItem>
      </Show>
      <Show when={may("VOICE_MOVE_MEMBERS")}>
        <For each={targets()}>
          {(channel) => (
            <MenuItem
              icon="speaker"
              onSelect={() => edit({ channel_id: channel.id })}
            >{`Move to ${channel.name}`}</MenuItem>
          )}
        </For>
        <MenuItem danger icon="hangUp" onSelect={() => edit({ channel_id: null })} testid="participant-disconnect">
          Disconnect
        </MenuItem>
      </Show>
    </Show>
  );
}

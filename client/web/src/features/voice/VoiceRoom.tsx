/** A voice channel in the centre: its people and streams, and the controls. */
import type { JSX } from "solid-js";
import { Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Id } from "../../protocol";
import { mayInChannel, voiceIn } from "../../state/selectors";
import { Button, IconButton } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Icon } from "../../ui/Icon";
import { CameraButton, ShareButton } from "../stage/PublishButtons";
import { RoomStage } from "../stage/RoomStage";
import "./voice.css";

export function VoiceRoom(props: { channelId: Id }): JSX.Element {
  const { state, view, call } = useClient();
  const channel = () => state.channels[props.channelId];
  const people = (): Id[] => voiceIn(state, props.channelId).map((voice) => voice.user_id);
  const isIn = (): boolean => view.call.channelId === props.channelId;
  const mayJoin = (): boolean => mayInChannel(state, props.channelId, "VOICE_CONNECT");
  const isMuted = (): boolean => view.muted || view.deafened;

  return (
    <main class="centre voice-room" data-region data-testid="voice-room">
      <header class="centre-head">
        <Icon name="speaker" />
        <h1 class="truncate">{channel()?.name}</h1>
        <span class="topic">{people().length === 1 ? "1 person" : `${people().length} people`}</span>
      </header>
      <Show
        when={people().length > 0}
        fallback={
          <Empty icon="speaker" title="Nobody is here yet">
            Join, and whoever sees this channel can come by.
          </Empty>
        }
      >
        <RoomStage channelId={props.channelId} />
      </Show>
      <footer class="voice-controls">
        <Show
          when={isIn()}
          fallback={
            <Button disabled={!mayJoin()} onClick={() => call.join(props.channelId)} data-testid="voice-join">
              <Icon name={mayJoin() ? "speaker" : "lock"} size={18} />
              {mayJoin() ? "Join voice" : "You may not join this channel"}
            </Button>
          }
        >
          <IconButton
            class="round"
            icon={isMuted() ? "micOff" : "mic"}
            danger={isMuted()}
            label={isMuted() ? "Unmute" : "Mute"}
            aria-pressed={isMuted()}
            onClick={() => call.setMuted(!isMuted())}
          />
          <IconButton
            class="round"
            icon={view.deafened ? "headphonesOff" : "headphones"}
            danger={view.deafened}
            label={view.deafened ? "Undeafen" : "Deafen"}
            aria-pressed={view.deafened}
            onClick={() => call.setDeafened(!view.deafened)}
          />
          <CameraButton round />
          <ShareButton round />
          <IconButton class="round hang-up" icon="hangUp" label="Disconnect from voice" onClick={() => call.leave()} />
        </Show>
      </footer>
    </main>
  );
}

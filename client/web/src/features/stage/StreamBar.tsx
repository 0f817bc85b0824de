/** Under the large picture: how loud, how sharp, how large, and the way out. */
import type { JSX } from "solid-js";
import { createSignal, For, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { StageStream } from "../../client/createStage";
import type { LayerChoice } from "../../client/demand";
import { IconButton } from "../../ui/Button";
import type { Point } from "../../ui/Menu";
import { Menu, MenuItem, MenuTitle } from "../../ui/Menu";
import { LiveTag } from "./LiveTag";
import { canPopOut, popOut } from "./popOut";

export interface StreamBarProps {
  stream: StageStream;
  isFullscreen: boolean;
  onFullscreen: () => void;
  hasStats: boolean;
  onStats: () => void;
}

const CHOICES: { value: LayerChoice; label: string }[] = [
  { value: "auto", label: "Automatic" },
  { value: "high", label: "High" },
  { value: "medium", label: "Medium" },
  { value: "low", label: "Low" },
];

export function StreamBar(props: StreamBarProps): JSX.Element {
  const { stage, call, toasts } = useClient();
  const isScreen = (): boolean => props.stream.kind === "screen";

  function leave(): void {
    if (props.stream.isOwn) call.publisher.stop(props.stream.source);
    else if (isScreen()) stage.unwatch(props.stream.key);
    else stage.focus(null);
  }

  const leaveWords = (): string => {
    if (props.stream.isOwn) return isScreen() ? "Stop sharing" : "Turn the camera off";
    return isScreen() ? "Stop watching (Esc)" : "Back to all (Esc)";
  };

  return (
    <div class="stream-bar" role="toolbar" aria-label={`Stream of ${props.stream.name}`} data-testid="stream-bar">
      <span class="stream-bar-name truncate">
        <Show when={isScreen()}>
          <LiveTag />
        </Show>
        <strong class="truncate">{props.stream.isOwn ? "You" : props.stream.name}</strong>
        <span class="muted truncate stream-label">{props.stream.label}</span>
      </span>
      <Show when={props.stream.hasAudio && !props.stream.isOwn}>
        <Volume stream={props.stream} />
      </Show>
      <Show when={!props.stream.isOwn}>
        <QualityButton stream={props.stream} />
      </Show>
      <IconButton
        icon="chart"
        label={props.hasStats ? "Hide the statistics" : "Show the statistics"}
        aria-pressed={props.hasStats}
        onClick={() => props.onStats()}
        data-testid="stream-toggle-stats"
      />
      <IconButton
        icon="grid"
        label="Show all side by side (G)"
        onClick={() => stage.setMode("grid")}
        data-testid="stream-grid"
      />
      <IconButton
        icon={stage.mode() === "theater" ? "spotlight" : "theater"}
        label={stage.mode() === "theater" ? "Leave theater (V)" : "Theater (V)"}
        aria-pressed={stage.mode() === "theater"}
        onClick={() => stage.setMode(stage.mode() === "theater" ? "spotlight" : "theater")}
        data-testid="stream-theater"
      />
      <Show when={canPopOut()}>
        <IconButton
          icon="popOut"
          label="Show in a window of its own"
          onClick={() => void toasts.attempt(() => popOut(stage, props.stream.key))}
          data-testid="stream-pop-out"
        />
      </Show>
      <IconButton
        icon={props.isFullscreen ? "shrink" : "fullscreen"}
        label={props.isFullscreen ? "Leave full screen (F)" : "Full screen (F)"}
        aria-pressed={props.isFullscreen}
        onClick={() => props.onFullscreen()}
        data-testid="stream-fullscreen"
      />
      <IconButton
        icon={props.stream.isOwn && isScreen() ? "screenOff" : "close"}
        danger={isScreen()}
        label={leaveWords()}
        onClick={leave}
        data-testid="stream-leave"
      />
    </div>
  );
}

/** The sound of the screen: a switch and a slider. */
function Volume(props: { stream: StageStream }): JSX.Element {
  const { stage } = useClient();
  const isSilent = (): boolean => stage.isSilenced(props.stream.key);
  const percent = (): number => Math.round(stage.volumeOf(props.stream.userId) * 100);
  return (
    <span class="stream-volume">
      <IconButton
        icon={isSilent() ? "volumeOff" : "volume"}
        danger={isSilent()}
        label={isSilent() ? "Unmute the stream (M)" : "Mute the stream (M)"}
        aria-pressed={isSilent()}
        onClick={() => stage.silence(props.stream.key, !isSilent())}
        data-testid="stream-mute"
      />
      <input
        type="range"
        min={0}
        max={200}
        step={5}
        value={percent()}
        aria-label={`Volume of ${props.stream.name}’s screen`}
        aria-valuetext={`${percent()} %`}
        onInput={(sliding) => stage.setVolume(props.stream.userId, sliding.currentTarget.valueAsNumber / 100)}
        data-testid="stream-volume"
      />
    </span>
  );
}

function QualityButton(props: { stream: StageStream }): JSX.Element {
  const { stage } = useClient();
  const [menu, setMenu] = createSignal<Point | null>(null);
  const choice = () => CHOICES.find(({ value }) => value === stage.choiceOf(props.stream.key));

  function choose(value: LayerChoice): void {
    stage.choose(props.stream.key, value);
    setMenu(null);
  }

  return (
    <>
      <IconButton
        icon="settings"
        label={`Quality for me: ${choice()?.label ?? ""}`}
        aria-haspopup="menu"
        aria-expanded={menu() !== null}
        onClick={(click) => setMenu(menu() ? null : above(click.currentTarget))}
        data-testid="stream-quality"
      />
      <Show when={menu()} keyed>
        {(at) => (
          <Menu label="Quality for me" at={at} onClose={() => setMenu(null)} testid="stream-quality-menu">
            <MenuTitle>Quality for me, at most</MenuTitle>
            <For each={CHOICES}>
              {({ value, label }) => (
                <MenuItem
                  radio
                  checked={stage.choiceOf(props.stream.key) === value}
                  onSelect={() => choose(value)}
                  testid={`quality-${value}`}
                >
                  {label}
                </MenuItem>
              )}
            </For>
          </Menu>
        )}
      </Show>
    </>
  );
}

/** A menu of about this height opens upwards from its button. */
const MENU_PX = 190;

function above(button: Element): Point {
  const box = button.getBoundingClientRect();
  return { x: box.left - 80, y: box.top - MENU_PX };
}

/** How good the voice connection is, in numbers and a curve, ready to be copied into a bug report. */
import type { JSX } from "solid-js";
import { createSignal, For, onCleanup, onMount, Show } from "solid-js";
import { useClient } from "../../client/context";
import { mouthToEarMs, signalBars, SIGNAL_WORDS } from "../../rtc/stats";
import { Button } from "../../ui/Button";
import { copyText } from "../../ui/clipboard";
import { callWords } from "./words";

const ms = (value: number | null | undefined): string => (value == null ? "–" : `${Math.round(value)} ms`);
const percent = (value: number | undefined): string => (value === undefined ? "–" : `${value.toFixed(1)} %`);

export function QualityPopover(props: { onClose: () => void }): JSX.Element {
  const { state, view } = useClient();
  const [copied, setCopied] = createSignal(false);
  let element!: HTMLDivElement;

  /** The mean of what the others in the room report; null when alone. */
  const othersRtt = (): number | null => {
    const others = Object.entries(state.quality).filter(([id]) => id !== state.me?.id);
    return others.length ? others.reduce((sum, [, each]) => sum + each.latency, 0) / others.length : null;
  };
  const mouthToEar = (): number | null => mouthToEarMs(view.sample, othersRtt());
  const rows = (): [string, string][] => [
    ["Round trip", ms(view.sample?.rttMs)],
    ["Packet loss (in / out)", `${percent(view.sample?.lossInPercent)} / ${percent(view.sample?.lossOutPercent)}`],
    ["Jitter", ms(view.sample?.jitterMs)],
    ["Jitter buffer", ms(view.sample?.jitterBufferMs)],
    ["Codec", view.sample?.codec ?? "–"],
    ["Bitrate (in / out)", `${view.sample?.receiveKbps ?? "–"} / ${view.sample?.sendKbps ?? "–"} kbit/s`],
    ["Server", view.sample?.endpoint ?? "–"],
    ["Encryption", view.sample?.encryption ? `DTLS-SRTP, ${view.sample.encryption}` : "DTLS-SRTP"],
  ];

  async function copy(): Promise<void> {
    const lines: [string, string][] = [
      ["State", callWords(view.call).text],
      ["Mouth to ear (estimate)", ms(mouthToEar())],
      ...rows(),
      ["Gateway ping", ms(state.connection.pingMs)],
      ["Server version", state.connection.serverVersion],
      ["Voice session", view.call.sessionId ?? "–"],
      ["Browser", navigator.userAgent],
      ["Time", new Date().toISOString()],
    ];
    await copyText(lines.map(([name, value]) => `${name}: ${value}`).join("\n"));
    setCopied(true);
  }

  const outside = (press: PointerEvent): void => {
    if (!element.parentElement?.contains(press.target as Node)) props.onClose();
  };
  onMount(() => {
    addEventListener("pointerdown", outside);
    element.focus();
  });
  onCleanup(() => removeEventListener("pointerdown", outside));

  return (
    <div
      ref={element}
      class="quality"
      role="dialog"
      aria-label="Voice connection details"
      tabIndex={-1}
      data-testid="quality-popover"
      onKeyDown={(press) => {
        if (press.key !== "Escape") return;
        press.stopPropagation();
        press.preventDefault();
        props.onClose();
      }}
    >
      <div class="quality-head">
        <span>
          <strong class="numbers">{mouthToEar() === null ? "–" : `≈ ${mouthToEar() ?? 0} ms`}</strong>
          <small>mouth to ear, estimated</small>
        </span>
        <span class={`quality-word signal-${signalBars(view.sample)}`}>{SIGNAL_WORDS[signalBars(view.sample)]}</span>
      </div>
      <Graph values={view.history} />
      <dl>
        <For each={rows()}>
          {([name, value]) => (
            <>
              <dt>{name}</dt>
              <dd class="numbers">{value}</dd>
            </>
          )}
        </For>
      </dl>
      <Button look="outline" onClick={() => void copy()} data-testid="copy-diagnostics">
        {copied() ? "Copied" : "Copy diagnostics"}
      </Button>
    </div>
  );
}

/** The round trips of the last minute and a half. */
function Graph(props: { values: number[] }): JSX.Element {
  const most = (): number => Math.max(60, ...props.values);
  const points = (): string =>
    props.values.map((value, index) => `${index * 8},${50 - (value / most()) * 46}`).join(" ");
  return (
    <figure class="quality-graph">
      <svg
        viewBox="0 0 232 52"
        preserveAspectRatio="none"
        role="img"
        aria-label={`Round trip over time, now ${props.values.at(-1) ?? 0} milliseconds`}
      >
        <Show when={props.values.length > 1}>
          <polyline points={points()} />
        </Show>
      </svg>
      <figcaption class="numbers">{most()} ms</figcaption>
    </figure>
  );
}

/** The numbers of a stream, laid over its picture: size, rate, codec, layer, loss. */
import type { JSX } from "solid-js";
import { createSignal, For, onCleanup, onMount, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { StageStream } from "../../client/createStage";
import type { VideoSample, VideoTotals } from "../../rtc/videoStats";
import { readVideoStats } from "../../rtc/videoStats";

const EVERY_MS = 1_000;

export function StreamStats(props: { stream: StageStream }): JSX.Element {
  const { state, call } = useClient();
  const [samples, setSamples] = createSignal<VideoSample[]>([]);
  let totals: VideoTotals = new Map();

  async function measure(): Promise<void> {
    const report = await call.videoReport(
      props.stream.isOwn ? { source: props.stream.source } : { key: props.stream.key },
    );
    if (!report) return;
    const read = readVideoStats(report, totals, performance.now());
    ({ totals } = read);
    setSamples(read.samples);
  }

  onMount(() => {
    void measure();
    const timer = setInterval(() => void measure(), EVERY_MS);
    onCleanup(() => clearInterval(timer));
  });

  return (
    <dl class="stream-stats numbers" data-testid="stream-stats">
      <For each={samples()} fallback={<Row name="Picture" value="none yet" />}>
        {(sample) => (
          <>
            <Row
              name={sample.layer === null ? "Picture" : `Layer ${sample.layer}`}
              value={`${sample.width} × ${sample.height} at ${sample.fps}/s`}
              testid="stream-size"
            />
            <Row name="Bitrate" value={sample.kbps === null ? "–" : `${sample.kbps} kbit/s`} />
            <Row name="Codec" value={sample.codec ?? "–"} />
            <Show when={!props.stream.isOwn}>
              <Row name="Layer" value={state.layers[props.stream.key] ?? "none"} testid="stream-layer" />
              <Row name="Loss" value={sample.lossPercent === null ? "–" : `${sample.lossPercent.toFixed(1)} %`} />
              <Row name="Buffer" value={sample.jitterBufferMs === null ? "–" : `${sample.jitterBufferMs} ms`} />
              <Row name="Dropped, frozen" value={`${sample.dropped}, ${sample.freezes}`} />
            </Show>
            <Show when={sample.limitedBy}>{(limit) => <Row name="Held back by" value={limit()} />}</Show>
          </>
        )}
      </For>
    </dl>
  );
}

function Row(props: { name: string; value: string; testid?: string }): JSX.Element {
  return (
    <>
      <dt>{props.name}</dt>
      <dd data-testid={props.testid}>{props.value}</dd>
    </>
  );
}

/** The fields only a voice channel has: how it sounds, how soon, for how many, and how many show their screens. */
import type { JSX } from "solid-js";
import { Bounds } from "../../protocol";
import { Choice, TextField } from "../../ui/Field";
import type { VoiceDraft } from "./voiceDraft";
import { PACKET_TIMES, packetTime } from "./voiceDraft";

const { bitrate_kbps: KBPS, user_limit: LIMIT, max_screen_shares: SCREENS } = Bounds.CreateChannel;

export function VoiceFields(props: {
  draft: VoiceDraft;
  onChange: (change: Partial<VoiceDraft>) => void;
  note?: string;
}): JSX.Element {
  return (
    <>
      <Choice
        label="Packet time"
        value={String(props.draft.ptimeMs)}
        options={PACKET_TIMES.map(({ value, label }) => ({ value: String(value), label }))}
        onChoose={(value) => props.onChange({ ptimeMs: packetTime(Number(value)) })}
        testid="channel-ptime"
      />
      <TextField
        label="Bitrate in kbit/s"
        type="number"
        required
        min={KBPS.min}
        max={KBPS.max}
        value={props.draft.bitrate}
        hint={`64 is clear speech, 128 good for music.${props.note ? ` ${props.note}` : ""}`}
        onText={(bitrate) => props.onChange({ bitrate })}
        data-testid="channel-bitrate"
      />
      <TextField
        label="Most people inside"
        type="number"
        min={LIMIT.min}
        max={LIMIT.max}
        placeholder="No limit"
        value={props.draft.userLimit}
        onText={(userLimit) => props.onChange({ userLimit })}
        data-testid="channel-limit"
      />
      <TextField
        label="Most screens shared at once"
        type="number"
        required
        min={SCREENS.min}
        max={SCREENS.max}
        value={props.draft.screens}
        onText={(screens) => props.onChange({ screens })}
        data-testid="channel-screens"
      />
    </>
  );
}

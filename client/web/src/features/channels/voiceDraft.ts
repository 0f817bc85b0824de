/** What is being typed about a voice channel, and what of it is sent. Pure. */
import type { Channel, CreateChannel } from "../../protocol";

export type PacketTime = NonNullable<CreateChannel["ptime_ms"]>;

export interface VoiceDraft {
  /** As typed; empty means no limit. */
  userLimit: string;
  /** As typed, in kbit/s. */
  bitrate: string;
  ptimeMs: PacketTime;
  /** As typed. */
  screens: string;
}

type VoicePart = Required<Pick<CreateChannel, "user_limit" | "bitrate_kbps" | "ptime_ms" | "max_screen_shares">>;

/** The server's own choice when nothing is said. */
const DEFAULT_KBPS = 64;
const DEFAULT_MS: PacketTime = 20;
const DEFAULT_SCREENS = 6;

export const PACKET_TIMES: { value: PacketTime; label: string }[] = [
  { value: 10, label: "10 ms, competitive: the least delay" },
  { value: 20, label: "20 ms, balanced" },
  { value: 40, label: "40 ms, saves bandwidth" },
  { value: 60, label: "60 ms, for the narrowest links" },
];

export function packetTime(value: number | undefined): PacketTime {
  return PACKET_TIMES.find((each) => each.value === value)?.value ?? DEFAULT_MS;
}

export function draftOf(channel: Channel | undefined): VoiceDraft {
  return {
    userLimit: String(channel?.user_limit ?? ""),
    bitrate: String(channel?.bitrate_kbps ?? DEFAULT_KBPS),
    ptimeMs: packetTime(channel?.ptime_ms),
    screens: String(channel?.max_screen_shares ?? DEFAULT_SCREENS),
  };
}

export function voicePart(draft: VoiceDraft): VoicePart {
  return {
    user_limit: draft.userLimit === "" ? null : Number(draft.userLimit),
    bitrate_kbps: draft.bitrate === "" ? DEFAULT_KBPS : Number(draft.bitrate),
    ptime_ms: draft.ptimeMs,
    max_screen_shares: draft.screens === "" ? DEFAULT_SCREENS : Number(draft.screens),
  };
}

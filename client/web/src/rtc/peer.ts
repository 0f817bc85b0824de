/** One RTCPeerConnection for the life of one voice session: answer the server's offers, send, hand over its tracks. */
import type { SendSection } from "../protocol";
import { isVideo } from "../protocol";
import type { SendWish } from "./sdp";
import { withStereo, withWishes } from "./sdp";

/** What the server offers: at first voice alone, later more. */
export interface Offer {
  sdp: string;
  sends: readonly SendSection[];
  /** Told back with the answer. */
  revision: number;
}

/** A track on its way out, and how it is to be encoded. */
export interface Outgoing {
  track: MediaStreamTrack;
  /** Fill in the negotiated layers; absent leaves everything to the browser. */
  shape?: (negotiated: RTCRtpEncodingParameters[]) => RTCRtpEncodingParameters[];
  degradation?: RTCDegradationPreference;
  /** How it is to be asked of the encoder in SDP. */
  wish?: SendWish;
}

export interface PeerEnv {
  RTCPeerConnection: typeof RTCPeerConnection;
  onState: (state: RTCPeerConnectionState) => void;
  /** A media section's track; map by mid, for Firefox invents the track's id. */
  onTrack: (mid: string, track: MediaStreamTrack) => void;
}

export interface Peer {
  /** Take an offer and return the answer. Offers are answered in the order of the calls. */
  answer(offer: Offer): Promise<string>;
  /** Send this (or nothing) as `source`: now, or as soon as an offer has a section for it. */
  send(source: string, outgoing: Outgoing | null): Promise<void>;
  senderOf(source: string): RTCRtpSender | undefined;
  close(): void;
  readonly connection: RTCPeerConnection;
}

export function makePeer(env: PeerEnv): Peer {
  const connection = new env.RTCPeerConnection({ bundlePolicy: "max-bundle", rtcpMuxPolicy: "require" });
  const outgoing = new Map<string, Outgoing>();
  /** Which of our sources has which section, by the latest offer. */
  let sections = new Map<string, RTCRtpTransceiver>();
  let turn: Promise<unknown> = Promise.resolve();

  connection.onconnectionstatechange = () => env.onState(connection.connectionState);
  connection.ontrack = ({ transceiver, track }) => {
    if (transceiver.mid !== null) env.onTrack(transceiver.mid, track);
  };

  async function answerNow({ sdp, sends }: Offer): Promise<string> {
    await connection.setRemoteDescription({ type: "offer", sdp: withWishes(sdp, wishesOf(sends)) });
    const before = sections;
    sections = seated(connection.getTransceivers(), sends);
    const freed = [...before.values()].filter((transceiver) => ![...sections.values()].includes(transceiver));
    for (const transceiver of freed) {
      transceiver.direction = "inactive";
      await transceiver.sender.replaceTrack(null);
    }
    for (const transceiver of sections.values()) transceiver.direction = "sendonly";
    const answer = await connection.createAnswer();
    await connection.setLocalDescription({ type: "answer", sdp: withStereo(answer.sdp ?? "", sdp) });
    for (const source of sections.keys()) await apply(source);
    return connection.localDescription?.sdp ?? "";
  }

  /** By section. How fast to begin is for the first video alone: after it the uplink is known better. */
  function wishesOf(sends: readonly SendSection[]): Map<string, SendWish> {
    const sendsVideo = [...sections.keys()].some(isVideo);
    return new Map(
      sends.flatMap(({ mid, source }) => {
        const wish = outgoing.get(source)?.wish;
        return wish ? [[mid, sendsVideo ? { codec: wish.codec } : wish]] : [];
      }),
    );
  }

  /** Shape first, so that no layer starts larger than it may be. */
  async function apply(source: string): Promise<void> {
    const sender = sections.get(source)?.sender;
    const wanted = outgoing.get(source);
    if (!sender || connection.signalingState === "closed") return;
    if (wanted) await shape(sender, wanted);
    await sender.replaceTrack(wanted?.track ?? null);
  }

  return {
    answer(offer) {
      const mine = turn.then(() => answerNow(offer));
      turn = mine.catch(() => undefined);
      return mine;
    },

    send(source, wanted) {
      if (wanted) outgoing.set(source, wanted);
      else outgoing.delete(source);
      return apply(source);
    },

    senderOf: (source) => sections.get(source)?.sender,

    close() {
      connection.onconnectionstatechange = null;
      connection.ontrack = null;
      connection.close();
    },

    connection,
  };
}

function seated(transceivers: RTCRtpTransceiver[], sends: readonly SendSection[]): Map<string, RTCRtpTransceiver> {
  const byMid = new Map(transceivers.map((transceiver) => [transceiver.mid, transceiver]));
  return new Map(
    sends.map(({ mid, source }) => {
      const transceiver = byMid.get(mid);
      if (!transceiver) throw new Error(`The server's offer has no media section ${mid} for ${source}.`);
      return [source, transceiver];
    }),
  );
}

async function shape(sender: RTCRtpSender, wanted: Outgoing): Promise<void> {
  if (!wanted.shape) return;
  const parameters = sender.getParameters();
  parameters.encodings = wanted.shape(parameters.encodings);
  if (wanted.degradation) parameters.degradationPreference = wanted.degradation;
  // Refused where a browser knows no such value: it then encodes as it likes, which the server's limit still bounds.
  await sender.setParameters(parameters).catch(() => undefined);
}

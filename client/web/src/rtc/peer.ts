/** One RTCPeerConnection for the life of one voice session: answer the server's only offer, hand over its tracks. */

/** The media section in which the server receives our microphone. */
const MICROPHONE_MID = "0";

export interface PeerEnv {
  RTCPeerConnection: typeof RTCPeerConnection;
  onState: (state: RTCPeerConnectionState) => void;
  /** A media section's track; map by mid, for Firefox invents the track's id. */
  onTrack: (mid: string, track: MediaStreamTrack) => void;
}

export interface Peer {
  /** Take the offer, attach the microphone (or none yet) and return the answer. */
  answer(offerSdp: string, microphone: MediaStreamTrack | null): Promise<string>;
  /** Change what is sent, without renegotiation. */
  setMicrophone(track: MediaStreamTrack | null): Promise<void>;
  close(): void;
  readonly connection: RTCPeerConnection;
}

export function makePeer(env: PeerEnv): Peer {
  const connection = new env.RTCPeerConnection({ bundlePolicy: "max-bundle", rtcpMuxPolicy: "require" });
  let sender: RTCRtpSender | null = null;

  connection.onconnectionstatechange = () => env.onState(connection.connectionState);
  connection.ontrack = ({ transceiver, track }) => {
    if (transceiver.mid !== null) env.onTrack(transceiver.mid, track);
  };

  return {
    async answer(offerSdp, microphone) {
      await connection.setRemoteDescription({ type: "offer", sdp: offerSdp });
      const transceiver = connection.getTransceivers().find((each) => each.mid === MICROPHONE_MID);
      if (!transceiver) throw new Error("The server's offer has no media section 0 for the microphone.");
      transceiver.direction = "sendonly";
      sender = transceiver.sender;
      await sender.replaceTrack(microphone);
      await connection.setLocalDescription(await connection.createAnswer());
      return connection.localDescription?.sdp ?? "";
    },

    async setMicrophone(track) {
      if (sender && connection.signalingState !== "closed") await sender.replaceTrack(track);
    },

    close() {
      connection.onconnectionstatechange = null;
      connection.ontrack = null;
      connection.close();
    },

    connection,
  };
}

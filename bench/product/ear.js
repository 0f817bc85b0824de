// Runs in the page before the client: hears bursts of sound in its microphone (the mouth), in what the server sends
// and in what another page sends directly (the ears), and notes when each began, in ms since the epoch.
window.benchEar = (() => {
  const DETECTOR = `
    const LOUD = 0.1, QUIET_S = 0.1; // of a burst of 0.3 at its peak; silence that must lie between two bursts
    registerProcessor("burst", class extends AudioWorkletProcessor {
      constructor() {
        super();
        this.lastLoud = 0; // in the context's time
        this.epoch = Infinity; // when the context's time was 0: the wall clock ticks in ms, and sound comes in lumps
      }
      process([input]) {
        this.epoch = Math.min(this.epoch, Date.now() - currentTime * 1000);
        for (let i = 0; i < 128; i++) {
          if (!input.some((channel) => Math.abs(channel[i]) > LOUD)) continue;
          const at = currentTime + i / sampleRate;
          if (at - this.lastLoud > QUIET_S) this.port.postMessage(this.epoch + at * 1000);
          this.lastLoud = at;
        }
        return true;
      }
    });`;
  let began = { microphone: [], server: [], direct: [] };
  let voices = [];
  let microphone = null;
  let ready = null;
  let direct = null;

  const opened = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => (microphone = await opened(wish));
  const Connection = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Connection {
    constructor(...words) {
      super(...words);
      voices = []; // of the newest call alone
      this.addEventListener("track", ({ track }) => voices.push(track));
    }
  };

  async function detectors() {
    const context = new AudioContext();
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([DETECTOR], { type: "text/javascript" })));
    return context;
  }

  /** Note the bursts of all tracks together under one name. */
  async function listen(name, tracks) {
    const context = await (ready ??= detectors());
    const detector = new AudioWorkletNode(context, "burst");
    detector.port.onmessage = ({ data }) => began[name].push(data);
    for (const track of tracks) context.createMediaStreamSource(new MediaStream([track])).connect(detector);
    detector.connect(context.destination); // nothing is played: its output stays silent, but it must be pulled
  }

  /** Chromium decodes a remote track only for an element that plays it. */
  function play(track) {
    const element = new Audio();
    element.srcObject = new MediaStream([track]);
    element.muted = true;
    void element.play();
  }

  async function gathered(connection) {
    await connection.setLocalDescription();
    while (connection.iceGatheringState !== "complete")
      await new Promise((resolve) => connection.addEventListener("icegatheringstatechange", resolve, { once: true }));
    return connection.localDescription.sdp;
  }

  return {
    began: () => began,
    listenToMicrophone: () => listen("microphone", [microphone.getAudioTracks()[0].clone()]),
    listenToServer: () => listen("server", voices),

    /** Offer the microphone to another page; returns the SDP with all candidates. */
    async offer() {
      direct = new Connection();
      direct.addTrack(microphone.getAudioTracks()[0].clone(), microphone);
      return gathered(direct);
    },

    /** Take such an offer and listen; returns the answer. */
    async answer(sdp) {
      direct = new Connection();
      direct.ontrack = ({ track }) => {
        play(track);
        void listen("direct", [track]);
      };
      await direct.setRemoteDescription({ type: "offer", sdp });
      return gathered(direct);
    },

    /** Forget what was heard and who was talked to. */
    async again() {
      began = { microphone: [], server: [], direct: [] };
      direct?.close();
      await (await ready)?.close();
      ready = direct = null;
    },

    accept: (sdp) => direct.setRemoteDescription({ type: "answer", sdp }),
  };
})();

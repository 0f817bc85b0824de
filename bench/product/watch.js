// Runs in the page before the client: notes when a click was taken and when each step of a join was reached.
// The first packet of a remote track unmutes it. `benchAlone` is what the browser needs for itself alone.
window.benchJoin = (() => {
  const SIGNALS = { asked: '"voice_join"', offered: '"voice_offer"', answered: '"voice_answer"' };
  let steps = {};
  let heard = [];
  let enough = { count: Infinity, resolve: null };

  const reached = (step) => (steps[step] ??= performance.now());

  function noteSignal(data) {
    if (typeof data !== "string") return;
    for (const [step, tag] of Object.entries(SIGNALS)) if (data.includes(tag)) reached(step);
  }

  window.WebSocket = class extends WebSocket {
    constructor(...words) {
      super(...words);
      this.addEventListener("message", ({ data }) => noteSignal(data));
    }

    send(data) {
      noteSignal(data);
      super.send(data);
    }
  };

  function noteHeard() {
    heard.push(performance.now());
    if (heard.length >= enough.count) enough.resolve({ ...steps, heard });
  }

  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...words) {
      super(...words);
      this.addEventListener("track", ({ track }) => track.addEventListener("unmute", noteHeard));
      this.addEventListener("connectionstatechange", () => this.connectionState === "connected" && reached("connected"));
    }
  };

  /** Click on an element; resolves to the steps' times when `count` tracks were heard, null when that takes too long. */
  return (selector, count, withinMs) =>
    new Promise((resolve) => {
      enough = { count, resolve };
      setTimeout(() => resolve(null), withinMs);
      heard = [];
      steps = { clicked: performance.now() };
      document.querySelector(selector).click();
    });
})();

/** Connect the page to itself and send one microphone; resolves to the milliseconds until its first packet, or null. */
window.benchAlone = async (withinMs) => {
  const began = performance.now();
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  const [here, there] = [new RTCPeerConnection(), new RTCPeerConnection()];
  here.onicecandidate = ({ candidate }) => there.addIceCandidate(candidate);
  there.onicecandidate = ({ candidate }) => here.addIceCandidate(candidate);
  const first = new Promise((resolve) => {
    there.ontrack = ({ track }) => (track.onunmute = () => resolve(performance.now() - began));
    setTimeout(() => resolve(null), withinMs);
  });
  for (const track of microphone.getTracks()) here.addTrack(track, microphone);
  await here.setLocalDescription();
  await there.setRemoteDescription(here.localDescription);
  await there.setLocalDescription();
  await here.setRemoteDescription(there.localDescription);
  const took = await first;
  for (const peer of [here, there]) peer.close();
  for (const track of microphone.getTracks()) track.stop();
  return took;
};

// Runs in the page before the client: notes when a click was taken and when each step of a join was reached.
// The first packet of a remote track unmutes it.
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

// Runs in the page before the client: notes when a click was taken, when voice was asked for, and when the
// first packet of each remote track came (its track is unmuted then).
window.benchJoin = (() => {
  const join = { clickedAt: 0, askedAt: 0, heardAt: [] };
  let enough = { count: Infinity, resolve: null };

  addEventListener("click", () => Object.assign(join, { clickedAt: performance.now(), askedAt: 0, heardAt: [] }), {
    capture: true,
  });

  const realSend = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (typeof data === "string" && data.includes('"voice_join"')) join.askedAt = performance.now();
    return realSend.call(this, data);
  };

  function heard() {
    join.heardAt.push(performance.now());
    if (join.heardAt.length >= enough.count) enough.resolve(join);
  }

  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...words) {
      super(...words);
      this.addEventListener("track", ({ track }) => track.addEventListener("unmute", heard));
    }
  };

  /** Click on an element; resolves to what was noted when `count` tracks were heard, null if that takes too long. */
  return (selector, count, withinMs) =>
    new Promise((resolve) => {
      enough = { count, resolve };
      setTimeout(() => resolve(null), withinMs);
      document.querySelector(selector).click();
    });
})();

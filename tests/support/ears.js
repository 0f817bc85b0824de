// Runs in every page before the client: asks it for its debug view, and measures what the page plays.
// What is heard is what the page's <audio> elements play: muted, paused and silenced ones count for nothing.
localStorage["voicechat.debug"] = "1";
// A pure tone is what echo cancellation and noise suppression exist to remove.
localStorage["voicechat.preferences"] ??= JSON.stringify({
  echoCancellation: false,
  noiseSuppression: false,
  autoGainControl: false,
});

window.ears = (() => {
  const FFT_SIZE = 2048; // 43 ms at 48 kHz: short enough to time a mute, fine enough to tell tones 300 Hz apart
  const analysers = new Map(); // by stream
  let context = null;
  let recording = null;

  function analyserOf(stream) {
    context ??= new AudioContext();
    if (!analysers.has(stream)) {
      const node = context.createAnalyser();
      node.fftSize = FFT_SIZE;
      node.smoothingTimeConstant = 0;
      const source = context.createMediaStreamSource(stream);
      source.connect(node);
      analysers.set(stream, { node, source, bins: new Float32Array(node.frequencyBinCount) });
    }
    return analysers.get(stream);
  }

  const isPlaying = (element) =>
    element.srcObject instanceof MediaStream && !element.muted && !element.paused && element.volume > 0;

  /** The level of each frequency in dB, over everything that plays; -200 for none at all. */
  function levels(frequencies) {
    const found = Object.fromEntries(frequencies.map((hz) => [hz, -200]));
    for (const element of document.querySelectorAll("audio")) {
      if (!isPlaying(element)) continue;
      const { node, bins } = analyserOf(element.srcObject);
      node.getFloatFrequencyData(bins);
      const gain = 20 * Math.log10(element.volume);
      for (const hz of frequencies) {
        const at = Math.round((hz * FFT_SIZE) / context.sampleRate);
        found[hz] = Math.max(found[hz], Math.max(...bins.subarray(at - 1, at + 2)) + gain);
      }
    }
    return found;
  }

  return {
    levels,

    /** Note [epoch ms, dB] of one frequency about every 10 ms until `stop`. */
    record(hz) {
      const samples = [];
      const timer = setInterval(() => samples.push([Date.now(), levels([hz])[hz]]), 10);
      recording = { samples, timer };
    },

    stop() {
      clearInterval(recording.timer);
      return recording.samples;
    },

    /** The statistics of the voice connection, as a plain list; none outside voice. */
    async stats() {
      const connection = window.__voicechat.pc;
      return connection ? [...(await connection.getStats()).values()] : [];
    },
  };
})();

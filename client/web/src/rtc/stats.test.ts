import { describe, expect, it } from "vitest";
import { decibels, levelWord, makeSpeechGate } from "./meters";
import type { VoiceSample } from "./stats";
import { mouthToEarMs, readVoiceStats, signalBars } from "./stats";

const report = (received: number, lost: number, delay: number, emitted: number): Map<string, unknown> =>
  new Map<string, unknown>([
    ["t", { id: "t", type: "transport", selectedCandidatePairId: "p", srtpCipher: "AEAD_AES_128_GCM" }],
    ["p", { id: "p", type: "candidate-pair", currentRoundTripTime: 0.023, remoteCandidateId: "r" }],
    ["r", { id: "r", type: "remote-candidate", address: "192.0.2.1", port: 7882, protocol: "udp" }],
    ["c", { id: "c", type: "codec", mimeType: "audio/opus" }],
    ["o", { id: "o", type: "outbound-rtp", kind: "audio", codecId: "c", bytesSent: received * 80 }],
    [
      "i",
      {
        id: "i",
        type: "inbound-rtp",
        kind: "audio",
        packetsReceived: received,
        packetsLost: lost,
        jitter: 0.004,
        jitterBufferDelay: delay,
        jitterBufferEmittedCount: emitted,
        bytesReceived: received * 80,
      },
    ],
  ]);

const sampleOf = (change: Partial<VoiceSample>): VoiceSample => ({
  rttMs: 20,
  jitterMs: 2,
  jitterBufferMs: 40,
  lossPercent: 0,
  lossInPercent: 0,
  lossOutPercent: 0,
  codec: "Opus",
  sendKbps: null,
  receiveKbps: null,
  endpoint: null,
  isOverTcp: false,
  encryption: null,
  ...change,
});

describe("voice statistics", () => {
  it("reads what people want to know", () => {
    const { sample } = readVoiceStats(report(150, 0, 6, 150), null, 1000);
    expect(sample).toMatchObject({
      rttMs: 23,
      jitterMs: 4,
      jitterBufferMs: 40,
      codec: "Opus",
      endpoint: "192.0.2.1:7882 udp",
      isOverTcp: false,
      encryption: "AES-128-GCM",
    });
  });

  it("tells a connection over TCP", () => {
    const behindWall = report(1, 0, 0, 1);
    behindWall.set("r", { id: "r", type: "remote-candidate", address: "192.0.2.1", port: 7882, protocol: "tcp" });
    expect(readVoiceStats(behindWall, null, 0).sample).toMatchObject({
      endpoint: "192.0.2.1:7882 tcp",
      isOverTcp: true,
    });
  });

  it("counts loss and rates since the last sample, not since ever", () => {
    const first = readVoiceStats(report(100, 50, 4, 100), null, 0);
    const second = readVoiceStats(report(199, 51, 8, 200), first.totals, 2000);
    expect(second.sample.lossInPercent).toBeCloseTo(1);
    expect(second.sample.receiveKbps).toBe(32);
  });

  it("is calm about an empty report", () => {
    expect(readVoiceStats(new Map(), null, 0).sample).toMatchObject({ rttMs: null, lossPercent: 0, codec: null });
  });

  it.each([
    [{ rttMs: 20 }, 4],
    [{ rttMs: 90 }, 3],
    [{ rttMs: 150 }, 2],
    [{ rttMs: 300 }, 1],
    [{ lossPercent: 9 }, 1],
    [{ jitterMs: 40 }, 2],
    [{ rttMs: null }, 0],
  ] as const)("lets the worst of round trip, loss and jitter decide: %o", (change, bars) => {
    expect(signalBars(sampleOf(change))).toBe(bars);
  });

  it("estimates mouth to ear from both halves of the way", () => {
    expect(mouthToEarMs(sampleOf({ rttMs: 20 }), 60)).toBe(55 + 10 + 30 + 40);
    expect(mouthToEarMs(null, null)).toBeNull();
  });
});

describe("levels", () => {
  it("speaks of them in words", () => {
    expect([-70, -50, -20, -2].map(levelWord)).toEqual(["No input", "Too quiet", "Good", "Too loud"]);
    expect(decibels(0)).toBe(-70);
    expect(decibels(1)).toBe(0);
  });

  it("holds speech over a short pause and ends it after", () => {
    const gate = makeSpeechGate(() => -40);
    expect(gate.feed(-60, 0)).toBe(false);
    expect(gate.feed(-30, 40)).toBe(true);
    expect(gate.feed(-60, 200)).toBe(true);
    expect(gate.feed(-60, 400)).toBe(false);
  });
});

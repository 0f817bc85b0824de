import { describe, expect, it } from "vitest";
import { withStereo, withWishes } from "./sdp";

const section = (mid: string, fmtp: string): string =>
  `m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:${mid}\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:${fmtp}\r\na=recvonly\r\n`;
const HEAD = "v=0\r\ns=-\r\n";

it("asks for stereo where the offer has it, and nowhere else", () => {
  const offer = HEAD + section("1", "111 useinbandfec=1") + section("2", "109 stereo=1;sprop-stereo=1");
  const answer = HEAD + section("1", "111 useinbandfec=1") + section("2", "109 minptime=10;useinbandfec=1");
  expect(withStereo(answer, offer)).toBe(
    HEAD + section("1", "111 useinbandfec=1") + section("2", "109 minptime=10;useinbandfec=1;stereo=1"),
  );
});

it("changes nothing that is right already", () => {
  const sdp = HEAD + section("2", "109 stereo=1");
  expect(withStereo(sdp, sdp)).toBe(sdp);
});

describe("what we send", () => {
  const video = (mid: string, formats: string, more = ""): string =>
    `m=video 9 UDP/TLS/RTP/SAVPF ${formats}\r\na=mid:${mid}\r\na=rtpmap:96 VP8/90000\r\n${more}a=rtpmap:98 VP9/90000\r\n`;
  const offer = HEAD + video("1", "96 98") + video("2", "96 98");

  it("has its codec first in its section alone", () => {
    const expected = HEAD + video("1", "96 98") + video("2", "98 96");
    expect(withWishes(offer, new Map([["2", { codec: "VP9" }]]))).toBe(expected);
  });

  it("keeps the order where the codec is not offered", () => {
    expect(withWishes(offer, new Map([["2", { codec: "AV1" }]]))).toBe(offer);
  });

  it("has its largest layer first, which a small picture is sent in", () => {
    const layers = (order: string): string => HEAD + video("1", "96 98") + `a=simulcast:recv ${order}\r\n`;
    expect(withWishes(layers("l;m;h"), new Map([["1", { codec: "VP8" }]]))).toBe(layers("h;m;l"));
  });

  it("begins at the rate asked for", () => {
    const expected = HEAD + video("1", "96 98", "a=fmtp:96 x-google-start-bitrate=1500\r\n") + video("2", "96 98");
    expect(withWishes(offer, new Map([["1", { codec: "VP8", startKbps: 1500 }]]))).toBe(expected);
  });
});

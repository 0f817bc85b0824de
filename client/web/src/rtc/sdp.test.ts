import { expect, it } from "vitest";
import { withCodecs, withStereo } from "./sdp";

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

it("puts the wanted codec first in its section alone", () => {
  const video = (mid: string, formats: string): string =>
    `m=video 9 UDP/TLS/RTP/SAVPF ${formats}\r\na=mid:${mid}\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:98 VP9/90000\r\n`;
  const offer = HEAD + video("1", "96 98") + video("2", "96 98");
  expect(withCodecs(offer, new Map([["2", "VP9"]]))).toBe(HEAD + video("1", "96 98") + video("2", "98 96"));
  expect(withCodecs(offer, new Map([["2", "AV1"]]))).toBe(offer);
});

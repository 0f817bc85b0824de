/** The one thing browsers leave out of an answer: that stereo is welcome where the offer sends it. Pure. */

const OPUS = "111";

/** Ask for stereo in every media section whose offer says `stereo=1`; the browser's decoder goes by our own answer. */
export function withStereo(answer: string, offer: string): string {
  const wanted = new Set(sections(offer).filter(isStereo).map(midOf));
  return sections(answer)
    .map((section) => (wanted.has(midOf(section)) && !isStereo(section) ? addStereo(section) : section))
    .join("");
}

function sections(sdp: string): string[] {
  return sdp.split(/^(?=m=)/m);
}

function midOf(section: string): string | undefined {
  return /^a=mid:(\S+)/m.exec(section)?.[1];
}

function isStereo(section: string): boolean {
  return new RegExp(`^a=fmtp:${OPUS} .*\\bstereo=1`, "m").test(section);
}

function addStereo(section: string): string {
  return section.replace(new RegExp(`^(a=fmtp:${OPUS} [^\\r\\n]*)`, "m"), "$1;stereo=1");
}

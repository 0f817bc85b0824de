/** The one thing browsers leave out of an answer: that stereo is welcome where the offer sends it. Pure. */

/** Ask for stereo wherever the offer says `stereo=1`; the browser's decoder goes by our own answer. */
export function withStereo(answer: string, offer: string): string {
  const offered = new Map(sections(offer).map((section) => [midOf(section), stereoFormats(section)]));
  return sections(answer)
    .map((section) => (offered.get(midOf(section)) ?? []).reduce(addStereo, section))
    .join("");
}

function sections(sdp: string): string[] {
  return sdp.split(/^(?=m=)/m);
}

function midOf(section: string): string | undefined {
  return /^a=mid:(\S+)/m.exec(section)?.[1];
}

/** The payload types that carry stereo. */
function stereoFormats(section: string): string[] {
  return [...section.matchAll(/^a=fmtp:(\d+) .*\bstereo=1/gm)].map(([, format]) => format!);
}

function addStereo(section: string, format: string): string {
  if (stereoFormats(section).includes(format)) return section;
  return section.replace(new RegExp(`^(a=fmtp:${format} [^\\r\\n]*)`, "m"), "$1;stereo=1");
}

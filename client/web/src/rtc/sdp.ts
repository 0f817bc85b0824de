/** What browsers can be told only in SDP: which codec to send first, and that stereo is welcome. Pure. */

/** A browser that answers sends the first codec of the offer it can: put ours first in these sections (mid → `VP9`). */
export function withCodecs(offer: string, wanted: ReadonlyMap<string, string>): string {
  return sections(offer)
    .map((section) => {
      const codec = wanted.get(midOf(section) ?? "");
      return codec === undefined ? section : codecFirst(section, codec);
    })
    .join("");
}

function codecFirst(section: string, codec: string): string {
  const ours = [...section.matchAll(/^a=rtpmap:(\d+) (\w+)\//gm)].flatMap(([, format, name]) =>
    name?.toUpperCase() === codec ? [format!] : [],
  );
  return section.replace(/^(m=\S+ \S+ \S+) (.*)/, (_, head: string, formats: string) => {
    const rest = formats
      .trim()
      .split(" ")
      .filter((format) => !ours.includes(format));
    return [head, ...ours, ...rest].join(" ");
  });
}

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

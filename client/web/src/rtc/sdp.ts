/** What browsers can be told only in SDP: which codec to send, how fast to begin, that stereo is welcome. Pure. */

export interface SendWish {
  /** As in `VP9`. */
  codec: string;
  /** Where Chromium's estimate of the uplink begins, in kbit/s; absent leaves it as it is. */
  startKbps?: number | undefined;
}

/**
 * Prepare an offer for what we send in its sections (by mid): a browser that answers sends the offer's first codec
 * that it can, so ours goes first; and of its layers the largest.
 */
export function withWishes(offer: string, wishes: ReadonlyMap<string, SendWish>): string {
  return sections(offer)
    .map((section) => {
      const wish = wishes.get(midOf(section) ?? "");
      return wish === undefined ? section : withWish(section, wish);
    })
    .join("");
}

function withWish(section: string, { codec, startKbps }: SendWish): string {
  const ours = [...section.matchAll(/^a=rtpmap:(\d+) (\w+)\//gm)].flatMap(([, format, name]) =>
    name?.toUpperCase() === codec ? [format!] : [],
  );
  const sorted = section.replace(/^(m=\S+ \S+ \S+) (.*)/, (_, head: string, formats: string) => {
    const rest = formats
      .trim()
      .split(" ")
      .filter((format) => !ours.includes(format));
    return [head, ...ours, ...rest].join(" ");
  });
  const layered = sorted.replace(
    /^(a=simulcast:recv )(\S+)/m,
    (_, head: string, rids: string) => head + largestFirst(rids),
  );
  if (startKbps === undefined) return layered;
  return ours.reduce((made, format) => addParameter(made, format, `x-google-start-bitrate=${startKbps}`), layered);
}

/** Of a picture of few lines Chromium encodes only the first two layers, or one: that must not leave out the picture. */
function largestFirst(rids: string): string {
  const rank = (rid: string): number => "hml".indexOf(rid);
  return rids
    .split(";")
    .sort((left, right) => rank(left) - rank(right))
    .join(";");
}

function addParameter(section: string, format: string, parameter: string): string {
  const line = new RegExp(`^(a=fmtp:${format} [^\\r\\n]*)`, "m");
  if (line.test(section)) return section.replace(line, `$1;${parameter}`);
  return section.replace(
    new RegExp(`^(a=rtpmap:${format} [^\\r\\n]*)(\\r?\\n)`, "m"),
    `$1$2a=fmtp:${format} ${parameter}$2`,
  );
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
  return addParameter(section, format, "stereo=1");
}

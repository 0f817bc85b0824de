"""What one client is to be offered next, and which offer is out (pure).

    idle ──something changed──▶ out ──answer──▶ idle
While an offer is out, what changes is only noted. An offer whose answer never comes stays out: the client
goes on with the sections it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from voicechat.errors import Conflict, Invalid
from voicechat.rtc import sources
from voicechat.rtc.ice import Credentials
from voicechat.rtc.negotiation.answer import Answer, read_answer
from voicechat.rtc.negotiation.codecs import VIDEO_CODECS
from voicechat.rtc.negotiation.offer import Offer, new_ssrc
from voicechat.rtc.negotiation.sections import LaterLine, PublishLine, SoundSlotLine, VideoSlotLine

MAX_LATER = 64  # sections; more than a client needs, for one that rejects what it is offered


class Negotiation:
    """The offers of one client; written to by its Peer and by the media room."""

    def __init__(self, first: Offer) -> None:
        self.offer = first
        self.is_out = True
        self.answered: Answer | None = None
        self._sources: dict[str, int] = {}  # what the client may send → bits per second
        self._video_slots = 0
        self._sound_slots = 0
        self._ice = self._answered_ice = first.ice

    @property
    def sends(self) -> tuple[tuple[str, str], ...]:
        """The later sections of the newest offer on which the client may send, each with its source."""
        return tuple(
            (line.mid, line.source)
            for line in self.offer.later
            if isinstance(line, PublishLine) and line.source is not None
        )

    # ---- what is wished --------------------------------------------------------------------------

    def allow(self, source: str, max_bits_per_s: int = 0) -> None:
        """Let the client send `source`, or change how much of it; of 0 nothing is said."""
        self._sources[source] = max_bits_per_s

    def withdraw(self, source: str) -> None:
        """Let the client send `source` no more."""
        self._sources.pop(source, None)

    def want_slots(self, *, video: int = 0, sounds: int = 0) -> None:
        """Let the client have at least so many slots to watch on."""
        self._video_slots = max(self._video_slots, video)
        self._sound_slots = max(self._sound_slots, sounds)

    def restart_ice(self, credentials: Credentials) -> None:
        """Let the client find us anew under these credentials."""
        self._ice = credentials

    # ---- offers and answers ----------------------------------------------------------------------

    def next_offer(self) -> Offer | None:
        """Make the next offer; None while one is out, or when nothing changed."""
        if self.is_out:
            return None
        wished = replace(self.offer, later=self._lines(), ice=self._ice)
        if wished == self.offer:
            return None
        self.offer = replace(wished, revision=self.offer.revision + 1)
        self.is_out = True
        return self.offer

    def read(self, text: str, revision: int | None = None) -> Answer:
        """Take the answer to the offer that is out; Conflict when none or another is, Invalid if bad."""
        if not self.is_out:
            raise Conflict(
                f"expected no answer: offer {self.offer.revision} is answered", code="STALE_ANSWER"
            )
        if revision not in (None, self.offer.revision):
            raise Conflict(
                f"expected an answer to offer {self.offer.revision}, got one to {revision}",
                code="STALE_ANSWER",
            )
        answer = read_answer(self.offer, text)
        if self.answered is not None:
            self._require_same_client(answer, self.answered)
        self._answered_ice = self.offer.ice
        self.offer = replace(self.offer, rejected=self.offer.rejected | answer.rejected)
        self.is_out = False
        self.answered = answer
        return answer

    def _require_same_client(self, answer: Answer, before: Answer) -> None:
        if answer.fingerprint != before.fingerprint:
            raise Invalid("expected the fingerprint of the answer before: a session has one certificate")
        if answer.awaits_hello != before.awaits_hello:
            raise Invalid("expected the a=setup of the answer before: a session has one handshake")
        if answer.ice != before.ice and self.offer.ice == self._answered_ice:
            raise Invalid("expected the ICE credentials of the answer before: no restart was offered")

    # ---- sections --------------------------------------------------------------------------------

    def _lines(self) -> tuple[LaterLine, ...]:
        """Bring the sections up to date: those there are stay in their places, new ones come after them."""
        unplaced = dict(self._sources)
        lines = [self._kept(line, unplaced) for line in self.offer.later]
        for index, line in enumerate(lines):
            if isinstance(line, PublishLine) and line.source is None and line.mid not in self.offer.rejected:
                lines[index] = _reused(line, unplaced)
        ssrcs = {slot.ssrc for slot in self.offer.slots} | set(_ssrcs(lines))
        for source, max_bits_per_s in unplaced.items():
            if len(lines) < MAX_LATER:
                lines.append(PublishLine(self._mid(lines), sources.is_video(source), source, max_bits_per_s))
        for _ in range(self._video_slots - _count(lines, VideoSlotLine)):
            first, second = _take(ssrcs), _take(ssrcs)
            lines.append(VideoSlotLine(self._mid(lines), first, second))
        for _ in range(self._sound_slots - _count(lines, SoundSlotLine)):
            lines.append(SoundSlotLine(self._mid(lines), _take(ssrcs)))
        return tuple(lines)

    def _kept(self, line: LaterLine, unplaced: dict[str, int]) -> LaterLine:
        """Leave a section with its source while that is wished."""
        if not isinstance(line, PublishLine) or line.source is None:
            return line
        if line.mid in self.offer.rejected or line.source not in unplaced:
            unplaced.pop(line.source, None)  # who rejected its section is not asked again
            return replace(line, source=None, max_bits_per_s=0, favourite=None)
        favourite = line.favourite or self._favourite(line)
        return replace(line, max_bits_per_s=unplaced.pop(line.source), favourite=favourite)

    def _favourite(self, line: PublishLine) -> int | None:
        """Return what the client would rather send than what was offered first; it is asked once."""
        answer = self.answered
        sent = () if answer is None or not line.is_video else answer.sent
        liked = next((stream.codec for stream in sent if stream.mid == line.mid), None)
        return None if liked == VIDEO_CODECS[0].pt else liked

    def _mid(self, lines: list[LaterLine]) -> str:
        return str(1 + len(self.offer.slots) + len(lines))


def _reused(line: PublishLine, unplaced: dict[str, int]) -> PublishLine:
    """Give a section that is out of use to a source of its kind that has none."""
    source = next((name for name in unplaced if sources.is_video(name) == line.is_video), None)
    if source is None:
        return line
    return replace(line, source=source, max_bits_per_s=unplaced.pop(source))


def _count(lines: list[LaterLine], kind: type[LaterLine]) -> int:
    return sum(isinstance(line, kind) for line in lines)


def _ssrcs(lines: list[LaterLine]) -> Iterator[int]:
    for line in lines:
        match line:
            case VideoSlotLine(_, ssrc, rtx_ssrc):
                yield ssrc
                yield rtx_ssrc
            case SoundSlotLine(_, ssrc):
                yield ssrc
            case _:
                pass


def _take(ssrcs: set[int]) -> int:
    ssrc = new_ssrc(ssrcs)
    ssrcs.add(ssrc)
    return ssrc

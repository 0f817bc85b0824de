"""The offers of a voice session and the reading of their answers (RFC 8829, JSEP).

The server always offers, so there is no glare. The first offer is for voice alone and stays what it is for
the life of the session: section 0 is the client's microphone; after it comes a bank of slots, sections on
which the server will send whoever is to be heard, each with an SSRC, mid and msid fixed for the session. So
nobody is renegotiated when somebody joins or leaves: who is in which slot is told beside the media.

Video comes by later offers, which append sections: some to publish on, and a bank to watch on. Sections
never go away or change places (RFC 8829 §5.2.2); one to publish on that is out of use is inactive and is
used again. One offer is out at a time; what changes meanwhile goes into the next.

offer      what is offered, as a value and as SDP
sections   the media sections of later offers
codecs     payload types and header extensions, the same for everybody
answer     reads an answer as a whole: transport, bundle, the sections of voice
video      reads what an answer says of the sections of later offers
session    what one client is to be offered next, and which offer is out
"""

from voicechat.rtc.negotiation.answer import Answer, read_answer
from voicechat.rtc.negotiation.codecs import (
    LEVEL_EXTENSION,
    MID_EXTENSION,
    OPUS_CLOCK_RATE,
    OPUS_PT,
    RED_PT,
    RID_EXTENSION,
    STEREO_PT,
    TRANSPORT_EXTENSION,
    VIDEO_CODECS,
    VideoCodec,
)
from voicechat.rtc.negotiation.offer import (
    MICROPHONE_MID,
    Offer,
    OpusSettings,
    SlotLine,
    new_offer,
    render_offer,
)
from voicechat.rtc.negotiation.sections import LaterLine, PublishLine, SoundSlotLine, VideoSlotLine
from voicechat.rtc.negotiation.session import Negotiation
from voicechat.rtc.negotiation.video import SentStream, TakenVideoSlot

__all__ = [
    "LEVEL_EXTENSION",
    "MICROPHONE_MID",
    "MID_EXTENSION",
    "OPUS_CLOCK_RATE",
    "OPUS_PT",
    "RED_PT",
    "RID_EXTENSION",
    "STEREO_PT",
    "TRANSPORT_EXTENSION",
    "VIDEO_CODECS",
    "Answer",
    "LaterLine",
    "Negotiation",
    "Offer",
    "OpusSettings",
    "PublishLine",
    "SentStream",
    "SlotLine",
    "SoundSlotLine",
    "TakenVideoSlot",
    "VideoCodec",
    "VideoSlotLine",
    "new_offer",
    "read_answer",
    "render_offer",
]

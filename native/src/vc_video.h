/* vc_video.h - the way of video to its viewers: from keyframe to keyframe, renumbered and protected for each. */
#ifndef VC_VIDEO_H
#define VC_VIDEO_H
#include "vc_codec.h"
#include "vc_forward.h"

/* Send a packet to those who watch its track, and with a keyframe to those who waited for one. */
void vc_video_forward(vc_engine *e, vc_track *track, const vc_arrival *a, const vc_picture *picture);

/* Send a packet of a slot again: by its own stream (RFC 4588), or byte for byte.  False when it could not be
 * protected. */
bool vc_video_again(vc_engine *e, vc_peer *receiver, const vc_slot *slot, const vc_view_packet *sent,
                    const vc_stored *stored, const uint8_t *payload);

/* Has the slot a stream of resends, and was it sent something lately whose type of resends that can be?  Then send a
 * packet of nothing but padding in it; false when that could not be protected. */
bool vc_video_may_pad(vc_engine *e, const vc_slot *slot);
bool vc_video_pad(vc_engine *e, vc_peer *receiver, const vc_slot *slot);
#endif

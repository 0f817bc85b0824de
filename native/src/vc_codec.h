/* vc_codec.h - the little of a video packet that forwarding needs: does a keyframe begin here, and where are the
 * numbers that must go on when a viewer is given another layer.
 *
 * VP8: RFC 7741 §4.2.  VP9: RFC 9628 §4.2.  H.264: RFC 6184 §5.  AV1: the AOM's RTP payload format, §4. */
#ifndef VC_CODEC_H
#define VC_CODEC_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vc_engine.h"

typedef struct {
    bool is_keyframe;   /* one begins with this packet: a decoder can start here */
    uint8_t id_bytes;   /* of the picture id, which has 7 or 15 bits; 0 = there is none */
    bool has_tl0;       /* the number of the newest picture of the lowest temporal layer, one byte */
    uint8_t id_at, tl0_at; /* where, in the payload */
} vc_picture;

static inline bool vc_codec_is_video(vc_codec codec)
{
    return codec >= VC_CODEC_VP8;
}

/* Read the descriptor of a packet.  VC_OK, or VC_ERR_RANGE when it is cut off or belongs to no video. */
int vc_codec_read(vc_codec codec, const uint8_t *payload, size_t length, vc_picture *out);

/* The numbers of a packet that was read, 0 where it has none, and others in their place. */
uint16_t vc_codec_id(const vc_picture *picture, const uint8_t *payload);
uint8_t vc_codec_tl0(const vc_picture *picture, const uint8_t *payload);
void vc_codec_set(const vc_picture *picture, uint8_t *payload, uint16_t id, uint8_t tl0);
#endif

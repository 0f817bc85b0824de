/* vc_demux.h - what a datagram claims to be, from its length and first bytes (RFC 7983, RFC 5761), before anything
 * looks at it; and the user fragment a STUN request names. */
#ifndef VC_DEMUX_H
#define VC_DEMUX_H
#include <stddef.h>
#include <stdint.h>

#include "vc_engine.h"

typedef enum {
    VC_KIND_EMPTY,
    VC_KIND_OVERSIZE, /* longer than VC_DATAGRAM_MAX */
    VC_KIND_SHORT,    /* too short for what its first byte says */
    VC_KIND_OTHER,    /* TURN channels, QUIC, noise */
    VC_KIND_STUN,
    VC_KIND_DTLS,
    VC_KIND_RTP,
    VC_KIND_RTCP,
} vc_kind;

vc_kind vc_demux_kind(const uint8_t *data, size_t length);

/* Our user fragment in the USERNAME ("ours:theirs") of a STUN Binding request.
 * VC_OK with *ufrag pointing into 'data'; VC_ERR_RANGE when it is no well-formed Binding request (RFC 8489);
 * VC_ERR_NOT_FOUND when it has no such USERNAME, or ours would be longer than VC_UFRAG_MAX. */
int vc_demux_ufrag(const uint8_t *data, size_t length, const uint8_t **ufrag, size_t *ufrag_length);
#endif

/* vc_frame.h - packets in a byte stream: each follows its length in two bytes (RFC 4571 section 2).
 *
 * Both directions have fixed buffers.  What arrives in pieces waits for its rest; what cannot be sent at once waits
 * behind what came before, and what finds no room is refused whole: a stream never carries half a frame. */
#ifndef VC_FRAME_H
#define VC_FRAME_H
#include <stddef.h>
#include <stdint.h>

#include "vc_engine.h"

enum {
    VC_FRAME_HEADER = 2,
    VC_FRAME_IN_BYTES = 4096,   /* more than two of the longest frames */
};

typedef struct {
    size_t start, end; /* of what was received and not taken */
    uint8_t bytes[VC_FRAME_IN_BYTES];
} vc_unframer;

/* Where to receive to, and how much fits: never 0 when all whole frames were taken.  Invalidates frames. */
uint8_t *vc_unframer_room(vc_unframer *in, size_t *room);
/* 'length' bytes were received there. */
void vc_unframer_received(vc_unframer *in, size_t length);
/* Take the next frame: 1 with *data (valid until the next room) and *length; 0 when its rest is not here yet;
 * VC_ERR_RANGE when it is empty or longer than VC_DATAGRAM_MAX: nothing after it can be trusted. */
int vc_unframer_next(vc_unframer *in, const uint8_t **data, size_t *length);

typedef struct {
    size_t start, end; /* of what waits to be sent */
    size_t begun;      /* bytes left of a frame whose beginning was sent: nothing else may come before them */
    size_t max;
    uint8_t *bytes;
} vc_framer;

/* An empty one in the caller's memory, which is not touched. */
void vc_framer_init(vc_framer *out, uint8_t *bytes, size_t max);

/* Append one packet of 1 to VC_DATAGRAM_MAX bytes.  VC_OK, or VC_ERR_FULL and nothing appended. */
int vc_framer_put(vc_framer *out, const uint8_t *data, size_t length);
/* What waits, from *data on; 0 = nothing. */
size_t vc_framer_pending(const vc_framer *out, const uint8_t **data);
/* The first 'length' bytes of it went out. */
void vc_framer_sent(vc_framer *out, size_t length);
#endif

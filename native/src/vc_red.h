/* vc_red.h - redundancy for voice (RFC 2198): a packet carries the one or two before it once more, so that what a
 * network loses comes with the next.
 *
 *     |1|PT| offset | length |1|PT| offset | length |0|PT|  before that  |  before  |  new      oldest first
 *
 * Only what directly precedes a packet, in its source's numbers, is carried: over a hole, a long silence or the
 * beginning of a source there is nothing to repeat.  The payload is made once for all who are sent it. */
#ifndef VC_RED_H
#define VC_RED_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vc_engine.h"
#include "vc_store.h"

enum {
    VC_RED_BYTES_MAX = 1180, /* with the headers of RTP, UDP, IPv6 and SRTP's tag still within 1280 */
    VC_RED_OFFSET_END = 1 << 14,
    VC_RED_LENGTH_END = 1 << 10,
};

/* The payload made last with so many packets before the new one; all zeros = none. */
typedef struct {
    uint32_t serial; /* of the packet it is for */
    uint16_t length;
    uint8_t pt;
    uint8_t bytes[VC_RED_BYTES_MAX];
} vc_red;

/* How many packets the one at 'place', which is there, can carry: 'most' or fewer.  What was carried once can be
 * carried again until it is forgotten: other packets never take its place. */
int vc_red_reach(const vc_store *store, uint32_t place, int most);

/* Make the payload of the packet at 'place' with 'blocks' before it, which vc_red_reach() allows, all of type 'pt',
 * unless it is what 'red' holds, which is for one number of blocks.  True when it was made anew. */
bool vc_red_make(vc_red *red, const vc_store *store, uint32_t place, int blocks, uint8_t pt);
#endif

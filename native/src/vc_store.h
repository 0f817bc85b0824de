/* vc_store.h - the newest packets of one published audio track, in the clear: one copy for all who may ask again.
 *
 * Payloads lie one behind the other in a ring of bytes, so quiet speech is remembered for over a second and music
 * at the highest rate for a quarter of one:
 *
 *     | p7 | p8 |....free....| p3 | p4 | p5 | p6 |      a packet is there while fewer than VC_STORE_BYTES follow it */
#ifndef VC_STORE_H
#define VC_STORE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VC_STORE_PACKETS = 64, VC_STORE_BYTES = 16384 }; /* powers of two */

typedef struct {
    uint32_t serial; /* of the engine's packets; 0 = none */
    uint32_t ext_seq;
    uint32_t ts;
    uint16_t length;
    uint8_t level;
    bool marker;
    uint64_t start; /* in all bytes ever stored */
    uint64_t arrived_us;
} vc_stored;

typedef struct {
    uint64_t end; /* of all bytes ever stored */
    uint32_t count;
    vc_stored packets[VC_STORE_PACKETS];
    uint8_t bytes[VC_STORE_BYTES];
} vc_store;

/* Forget everything, touching the memory: its pages come now, and not with the first packets. */
void vc_store_clear(vc_store *store);

/* Keep a copy of 'payload' (packet->length bytes); the rest of 'packet' but 'start' is the caller's.  The place it
 * got, below VC_STORE_PACKETS, or VC_ERR_RANGE when it is longer than any datagram. */
int vc_store_put(vc_store *store, const vc_stored *packet, const uint8_t *payload);

/* The packet at 'place' if it is still the one with that serial, else NULL; 'payload' leads to its bytes. */
const vc_stored *vc_store_get(const vc_store *store, uint32_t place, uint32_t serial, const uint8_t **payload);

/* The place of the i-th newest packet; VC_ERR_NOT_FOUND when so many are not there. */
int vc_store_newest(const vc_store *store, uint32_t i);
#endif

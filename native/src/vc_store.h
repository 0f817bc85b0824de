/* vc_store.h - the newest packets of one published track, in the clear: one copy for all who may ask again.
 *
 * Payloads lie one behind the other in a ring of bytes, so quiet speech is remembered for over a second and music
 * at the highest rate for a quarter of one; video (see vc_layer.h) for half a second at the highest rate:
 *
 *     | p7 | p8 |....free....| p3 | p4 | p5 | p6 |      a packet is there while no more bytes follow it than fit */
#ifndef VC_STORE_H
#define VC_STORE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VC_STORE_PACKETS = 64, VC_STORE_BYTES = 16384 }; /* of voice; powers of two */

typedef struct {
    uint32_t serial; /* of the engine's packets; 0 = none */
    uint32_t ext_seq;
    uint32_t ts;
    uint16_t length;
    uint8_t level; /* of voice; of video the payload type */
    bool marker;
    uint64_t start; /* in all bytes ever stored */
    uint64_t arrived_us;
} vc_stored;

typedef struct {
    uint64_t end; /* of all bytes ever stored */
    uint32_t count;
    uint32_t packets_max, bytes_max; /* powers of two */
    vc_stored *packets;
    uint8_t *bytes;
} vc_store;

typedef struct {
    vc_store store;
    vc_stored packets[VC_STORE_PACKETS];
    uint8_t bytes[VC_STORE_BYTES];
} vc_voice_store;

/* An empty store in the caller's memory, which is not touched. */
void vc_store_init(vc_store *store, vc_stored *packets, uint32_t packets_max, uint8_t *bytes, uint32_t bytes_max);

/* An empty store of voice, its memory touched: its pages come now, and not with the first packets. */
void vc_voice_store_init(vc_voice_store *voice);

/* Forget everything, touching nothing. */
void vc_store_forget(vc_store *store);

/* Keep a copy of 'payload' (packet->length bytes); the rest of 'packet' but 'start' is the caller's.  The place it
 * got, below packets_max, or VC_ERR_RANGE when it is longer than any datagram. */
int vc_store_put(vc_store *store, const vc_stored *packet, const uint8_t *payload);

/* The packet at 'place' if it is still the one with that serial, else NULL; 'payload' leads to its bytes. */
const vc_stored *vc_store_get(const vc_store *store, uint32_t place, uint32_t serial, const uint8_t **payload);

/* The place of the i-th newest packet; VC_ERR_NOT_FOUND when so many are not there. */
int vc_store_newest(const vc_store *store, uint32_t i);
#endif

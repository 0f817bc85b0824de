/* vc_ring.h - records from the media thread to the control thread: one producer, one consumer, no lock.
 *
 * A record lies contiguously; where it would cross the end of the buffer, a filler (kind 0) takes the rest:
 *
 *     | rec | rec | rec ....... | filler |       head <= tail, both only grow; position = value & mask
 *        ^ head                            ^ tail
 */
#ifndef VC_RING_H
#define VC_RING_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vc_engine.h"

typedef struct {
    uint8_t *bytes;
    uint64_t mask;
    _Alignas(64) _Atomic uint64_t tail; /* the producer's */
    _Alignas(64) _Atomic uint64_t head; /* the consumer's */
} vc_ring;

/* A ring of at least 'capacity' bytes (power of two, at least 8192).  VC_OK or VC_ERR_NOMEM; release with vc_ring_free(). */
int vc_ring_init(vc_ring *ring, size_t capacity);
void vc_ring_free(vc_ring *ring);

/* Append 'record' (its size and length are set here) and 'length' bytes, leaving 'reserve' bytes free.  1 when the ring was empty before (wake
 * the consumer), 0 when not, VC_ERR_FULL and nothing written when it does not fit. */
int vc_ring_push(vc_ring *ring, vc_record record, const uint8_t *payload, size_t length, size_t reserve);

/* Copy whole records to 'out' (room 'cap').  Bytes copied; 0 = empty, or the next one is longer than 'cap'. */
size_t vc_ring_pop(vc_ring *ring, uint8_t *out, size_t cap);

bool vc_ring_is_empty(const vc_ring *ring);

/* Would a few records without payload fit, whatever filler they need?  For the producer. */
bool vc_ring_has_room(const vc_ring *ring);
#endif

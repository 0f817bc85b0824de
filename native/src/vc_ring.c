#include "vc_ring.h"

#include <stdlib.h>
#include <string.h>

static size_t round_up_pow2(size_t n)
{
    size_t size = 8192;
    while (size < n)
        size *= 2;
    return size;
}

int vc_ring_init(vc_ring *ring, size_t capacity)
{
    size_t size = round_up_pow2(capacity);
    ring->bytes = calloc(1, size);
    ring->mask = size - 1;
    atomic_init(&ring->tail, 0);
    atomic_init(&ring->head, 0);
    return ring->bytes ? VC_OK : VC_ERR_NOMEM;
}

void vc_ring_free(vc_ring *ring)
{
    free(ring->bytes);
    ring->bytes = NULL;
}

static void put_filler(vc_ring *ring, uint64_t at, size_t size)
{
    uint32_t filler[2] = {(uint32_t)size, 0}; /* size, then kind 0: both inside the smallest gap of 8 bytes */
    memcpy(ring->bytes + (at & ring->mask), filler, sizeof filler);
}

int vc_ring_push(vc_ring *ring, vc_record record, const uint8_t *payload, size_t length, size_t reserve)
{
    size_t size = (sizeof record + length + 7) & ~(size_t)7;
    uint64_t before = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    size_t to_end = (size_t)(ring->mask + 1 - (before & ring->mask));
    size_t fill = to_end < size ? to_end : 0;
    if (length > UINT16_MAX || before + fill + size + reserve - head > ring->mask + 1)
        return VC_ERR_FULL;
    if (fill > 0)
        put_filler(ring, before, fill);
    record.size = (uint32_t)size;
    record.length = (uint16_t)length;
    uint8_t *at = ring->bytes + ((before + fill) & ring->mask);
    memcpy(at, &record, sizeof record);
    if (length > 0)
        memcpy(at + sizeof record, payload, length);
    /* Store tail, then look at head; the consumer stores head, then looks at tail.  Sequentially consistent, so
     * never do both miss the other's step: either we wake it or it sees the record. */
    atomic_store(&ring->tail, before + fill + size);
    return atomic_load(&ring->head) == before;
}

size_t vc_ring_pop(vc_ring *ring, uint8_t *out, size_t cap)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint64_t tail = atomic_load(&ring->tail);
    size_t copied = 0;
    while (head != tail) {
        uint32_t start[2];
        const uint8_t *at = ring->bytes + (head & ring->mask);
        memcpy(start, at, sizeof start);
        if ((start[1] & 0xffff) != 0) {
            if (copied + start[0] > cap)
                break;
            memcpy(out + copied, at, start[0]);
            copied += start[0];
        }
        head += start[0];
    }
    atomic_store(&ring->head, head);
    return copied;
}

bool vc_ring_is_empty(const vc_ring *ring)
{
    return atomic_load(&ring->head) == atomic_load(&ring->tail);
}

bool vc_ring_has_room(const vc_ring *ring)
{
    uint64_t used = atomic_load_explicit(&ring->tail, memory_order_relaxed) -
                    atomic_load_explicit(&ring->head, memory_order_acquire);
    return used + 8 * sizeof(vc_record) <= ring->mask + 1;
}

#include "vc_state.h"

#include <unistd.h>

vc_peer *vc_state_peer(vc_engine *e, int peer)
{
    if (peer < 0 || (uint32_t)peer >= e->config.max_peers)
        return NULL;
    return atomic_load_explicit(&e->peers[peer].alive, memory_order_relaxed) ? &e->peers[peer] : NULL;
}

vc_track *vc_state_track(vc_engine *e, int track)
{
    if (track < 0 || (uint32_t)track >= e->config.max_tracks)
        return NULL;
    return atomic_load_explicit(&e->tracks[track].alive, memory_order_relaxed) ? &e->tracks[track] : NULL;
}

vc_slot *vc_state_slot(vc_engine *e, int slot)
{
    if (slot < 0 || (uint32_t)slot >= e->config.max_slots)
        return NULL;
    return atomic_load_explicit(&e->slots[slot].alive, memory_order_relaxed) ? &e->slots[slot] : NULL;
}

vc_link *vc_state_link(vc_engine *e, const vc_addr *addr)
{
    return &e->links[(vc_addr_is_tcp(addr) || vc_addr_is_v4(addr)) && e->links[0].fd >= 0 ? 0 : 1];
}

const vc_local *vc_state_local(vc_engine *e, const vc_addr *addr)
{
    int number = addr->bytes[VC_ADDR_BYTES - 1] - VC_TRANSPORT_LOCAL;
    return vc_locals_get(&vc_state_link(e, addr)->locals, number);
}

static bool push(vc_engine *e, vc_record record, const uint8_t *payload, size_t length, size_t reserve)
{
    int woke = vc_ring_push(&e->ring, record, payload, length, reserve);
    if (woke < 0) {
        vc_count(e, VC_C_drop_ring_full);
        return false;
    }
    if (woke == 1) {
        uint64_t one = 1;
        ssize_t written = write(e->wakeup_fd, &one, sizeof one);
        (void)written; /* a full eventfd is readable already */
    }
    return true;
}

bool vc_state_tell(vc_engine *e, vc_record record, const uint8_t *payload, size_t length)
{
    return push(e, record, payload, length, 0);
}

bool vc_state_pass(vc_engine *e, vc_record record, const uint8_t *payload, size_t length)
{
    return push(e, record, payload, length, (size_t)(e->ring.mask + 1) / 4);
}

/* xorshift64* (Vigna 2016) */
uint32_t vc_state_random(vc_engine *e)
{
    e->random ^= e->random >> 12;
    e->random ^= e->random << 25;
    e->random ^= e->random >> 27;
    return (uint32_t)((e->random * 0x2545F4914F6CDD1DULL) >> 32);
}

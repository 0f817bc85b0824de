#include "vc_store.h"

#include <string.h>

#include "vc_engine.h"

void vc_store_clear(vc_store *store)
{
    memset(store, 0, sizeof *store);
}

int vc_store_put(vc_store *store, const vc_stored *packet, const uint8_t *payload)
{
    if (packet->length > VC_DATAGRAM_MAX)
        return VC_ERR_RANGE;
    uint64_t at = store->end & (VC_STORE_BYTES - 1);
    if (at + packet->length > VC_STORE_BYTES) { /* in one piece, so the rest stays empty */
        store->end += VC_STORE_BYTES - at;
        at = 0;
    }
    uint32_t place = store->count++ & (VC_STORE_PACKETS - 1);
    store->packets[place] = *packet;
    store->packets[place].start = store->end;
    memcpy(store->bytes + at, payload, packet->length);
    store->end += packet->length;
    return (int)place;
}

const vc_stored *vc_store_get(const vc_store *store, uint32_t place, uint32_t serial, const uint8_t **payload)
{
    const vc_stored *packet = &store->packets[place & (VC_STORE_PACKETS - 1)];
    if (serial == 0 || packet->serial != serial || store->end - packet->start > VC_STORE_BYTES)
        return NULL;
    *payload = store->bytes + (packet->start & (VC_STORE_BYTES - 1));
    return packet;
}

int vc_store_newest(const vc_store *store, uint32_t i)
{
    if (i >= VC_STORE_PACKETS || i >= store->count)
        return VC_ERR_NOT_FOUND;
    return (int)((store->count - 1 - i) & (VC_STORE_PACKETS - 1));
}

#include "vc_store.h"

#include <string.h>

#include "vc_engine.h"

void vc_store_init(vc_store *store, vc_stored *packets, uint32_t packets_max, uint8_t *bytes, uint32_t bytes_max)
{
    *store = (vc_store){.packets_max = packets_max, .bytes_max = bytes_max, .packets = packets, .bytes = bytes};
}

void vc_voice_store_init(vc_voice_store *voice)
{
    memset(voice, 0, sizeof *voice);
    vc_store_init(&voice->store, voice->packets, VC_STORE_PACKETS, voice->bytes, VC_STORE_BYTES);
}

void vc_store_forget(vc_store *store)
{
    store->end += 2 * (uint64_t)store->bytes_max; /* all that was stored lies too far back */
    store->count = 0;
}

int vc_store_put(vc_store *store, const vc_stored *packet, const uint8_t *payload)
{
    if (packet->length > VC_DATAGRAM_MAX)
        return VC_ERR_RANGE;
    uint64_t at = store->end & (store->bytes_max - 1);
    if (at + packet->length > store->bytes_max) { /* in one piece, so the rest stays empty */
        store->end += store->bytes_max - at;
        at = 0;
    }
    uint32_t place = store->count++ & (store->packets_max - 1);
    store->packets[place] = *packet;
    store->packets[place].start = store->end;
    memcpy(store->bytes + at, payload, packet->length);
    store->end += packet->length;
    return (int)place;
}

const vc_stored *vc_store_get(const vc_store *store, uint32_t place, uint32_t serial, const uint8_t **payload)
{
    const vc_stored *packet = &store->packets[place & (store->packets_max - 1)];
    if (serial == 0 || packet->serial != serial || store->end - packet->start > store->bytes_max)
        return NULL;
    *payload = store->bytes + (packet->start & (store->bytes_max - 1));
    return packet;
}

int vc_store_newest(const vc_store *store, uint32_t i)
{
    if (i >= store->packets_max || i >= store->count)
        return VC_ERR_NOT_FOUND;
    return (int)((store->count - 1 - i) & (store->packets_max - 1));
}

#include "vc_red.h"

#include <string.h>

#include "vc_bytes.h"

enum { BLOCK_HEADER = 4, LAST_HEADER = 1 };

static const vc_stored *packet_at(const vc_store *store, uint32_t place)
{
    return &store->packets[place & (store->packets_max - 1)];
}

static const uint8_t *payload_of(const vc_store *store, const vc_stored *packet)
{
    return store->bytes + (packet->start & (store->bytes_max - 1));
}

/* Is 'before' still the packet that was stored 'back' packets before 'packet', and 'back' before it in its source? */
static bool precedes(const vc_store *store, const vc_stored *before, const vc_stored *packet, int back)
{
    bool is_older = before->serial != 0 && (int32_t)(packet->serial - before->serial) > 0;
    return is_older && packet->ext_seq - before->ext_seq == (uint32_t)back &&
           store->end - before->start <= store->bytes_max;
}

static bool fits_a_block(const vc_stored *before, const vc_stored *packet)
{
    uint32_t offset = packet->ts - before->ts;
    return offset > 0 && offset < VC_RED_OFFSET_END && before->length > 0 && before->length < VC_RED_LENGTH_END;
}

int vc_red_reach(const vc_store *store, uint32_t place, int most)
{
    const vc_stored *packet = packet_at(store, place);
    size_t length = LAST_HEADER + (size_t)packet->length;
    for (int back = 1; back <= most; back++) {
        const vc_stored *before = packet_at(store, place - (uint32_t)back);
        if (!precedes(store, before, packet, back) || !fits_a_block(before, packet))
            return back - 1;
        length += BLOCK_HEADER + (size_t)before->length;
        if (length > VC_RED_BYTES_MAX)
            return back - 1;
    }
    return most;
}

static uint8_t *put_block_header(uint8_t *at, const vc_stored *before, const vc_stored *packet, uint8_t pt)
{
    at[0] = 0x80 | pt;
    uint32_t rest = (packet->ts - before->ts) << 10 | before->length; /* 14 and 10 bits */
    at[1] = (uint8_t)(rest >> 16);
    vc_put16(at + 2, (uint16_t)rest);
    return at + BLOCK_HEADER;
}

static uint8_t *put_payload(uint8_t *at, const vc_store *store, const vc_stored *packet)
{
    memcpy(at, payload_of(store, packet), packet->length);
    return at + packet->length;
}

bool vc_red_make(vc_red *red, const vc_store *store, uint32_t place, int blocks, uint8_t pt)
{
    const vc_stored *packet = packet_at(store, place);
    if (red->serial == packet->serial && red->pt == pt)
        return false;
    uint8_t *at = red->bytes;
    for (int back = blocks; back > 0; back--)
        at = put_block_header(at, packet_at(store, place - (uint32_t)back), packet, pt);
    *at++ = pt;
    for (int back = blocks; back >= 0; back--)
        at = put_payload(at, store, packet_at(store, place - (uint32_t)back));
    red->serial = packet->serial;
    red->pt = pt;
    red->length = (uint16_t)(at - red->bytes);
    return true;
}

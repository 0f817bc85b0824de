#include "vc_frame.h"

#include <string.h>

#include "vc_bytes.h"

static void move_to_front(uint8_t *bytes, size_t *start, size_t *end)
{
    if (*start == 0)
        return;
    memmove(bytes, bytes + *start, *end - *start);
    *end -= *start;
    *start = 0;
}

uint8_t *vc_unframer_room(vc_unframer *in, size_t *room)
{
    move_to_front(in->bytes, &in->start, &in->end);
    *room = sizeof in->bytes - in->end;
    return in->bytes + in->end;
}

void vc_unframer_received(vc_unframer *in, size_t length)
{
    in->end += length;
}

int vc_unframer_next(vc_unframer *in, const uint8_t **data, size_t *length)
{
    size_t have = in->end - in->start;
    if (have < VC_FRAME_HEADER)
        return 0;
    size_t size = vc_get16(in->bytes + in->start);
    if (size == 0 || size > VC_DATAGRAM_MAX)
        return VC_ERR_RANGE;
    if (have < VC_FRAME_HEADER + size)
        return 0;
    *data = in->bytes + in->start + VC_FRAME_HEADER;
    *length = size;
    in->start += VC_FRAME_HEADER + size;
    return 1;
}

void vc_framer_init(vc_framer *out, uint8_t *bytes, size_t max)
{
    *out = (vc_framer){.max = max, .bytes = bytes};
}

int vc_framer_put(vc_framer *out, const uint8_t *data, size_t length)
{
    size_t size = VC_FRAME_HEADER + length;
    if (out->end + size > out->max)
        move_to_front(out->bytes, &out->start, &out->end);
    if (out->end + size > out->max)
        return VC_ERR_FULL;
    vc_put16(out->bytes + out->end, (uint16_t)length);
    memcpy(out->bytes + out->end + VC_FRAME_HEADER, data, length);
    out->end += size;
    return VC_OK;
}

size_t vc_framer_pending(const vc_framer *out, const uint8_t **data)
{
    *data = out->bytes + out->start;
    return out->end - out->start;
}

void vc_framer_sent(vc_framer *out, size_t length)
{
    while (length > 0) {
        if (out->begun == 0)
            out->begun = VC_FRAME_HEADER + (size_t)vc_get16(out->bytes + out->start);
        size_t step = length < out->begun ? length : out->begun;
        out->begun -= step;
        out->start += step;
        length -= step;
    }
    if (out->start == out->end)
        out->start = out->end = 0;
}

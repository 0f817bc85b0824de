#include "vc_codec.h"

#include "vc_bytes.h"

/* What is left to read of a payload. */
typedef struct {
    const uint8_t *start, *at, *end;
} cursor;

static bool take(cursor *c, uint8_t *byte)
{
    if (c->at == c->end)
        return false;
    *byte = *c->at++;
    return true;
}

static bool take_id(cursor *c, vc_picture *out)
{
    uint8_t first, second;
    out->id_at = (uint8_t)(c->at - c->start);
    if (!take(c, &first))
        return false;
    out->id_bytes = (first & 0x80) != 0 ? 2 : 1;
    return out->id_bytes == 1 || take(c, &second);
}

static bool take_tl0(cursor *c, vc_picture *out)
{
    uint8_t number;
    out->tl0_at = (uint8_t)(c->at - c->start);
    out->has_tl0 = take(c, &number);
    return out->has_tl0;
}

static bool read_vp8(cursor *c, vc_picture *out)
{
    enum { EXTENDED = 0x80, STARTS = 0x10, PARTITION = 0x07, HAS_ID = 0x80, HAS_TL0 = 0x40, HAS_TID_OR_KEY = 0x30 };
    uint8_t first, has = 0, byte;
    if (!take(c, &first) || ((first & EXTENDED) != 0 && !take(c, &has)))
        return false;
    if ((has & HAS_ID) != 0 && !take_id(c, out))
        return false;
    if ((has & HAS_TL0) != 0 && !take_tl0(c, out))
        return false;
    if ((has & HAS_TID_OR_KEY) != 0 && !take(c, &byte))
        return false;
    if (!take(c, &byte))
        return false;
    out->is_keyframe = (first & STARTS) != 0 && (first & PARTITION) == 0 && (byte & 1) == 0;
    return true;
}

static bool read_vp9(cursor *c, vc_picture *out)
{
    enum { HAS_ID = 0x80, PREDICTED = 0x40, LAYERED = 0x20, FLEXIBLE = 0x10, BEGINS = 0x08 };
    uint8_t first, layers = 0;
    if (!take(c, &first))
        return false;
    if ((first & HAS_ID) != 0 && !take_id(c, out))
        return false;
    if ((first & LAYERED) != 0 && !take(c, &layers))
        return false;
    if ((first & (LAYERED | FLEXIBLE)) == LAYERED && !take_tl0(c, out))
        return false;
    bool is_lowest = (layers >> 1 & 7) == 0;
    out->is_keyframe = (first & BEGINS) != 0 && (first & PREDICTED) == 0 && is_lowest;
    return c->at < c->end;
}

/* Browsers send the parameter sets with every keyframe, and a decoder that begins needs them. */
static bool read_h264(cursor *c, vc_picture *out)
{
    enum { TYPE = 0x1f, PARAMETERS = 7, AGGREGATE = 24 };
    uint8_t first;
    if (!take(c, &first))
        return false;
    out->is_keyframe = (first & TYPE) == PARAMETERS;
    if ((first & TYPE) != AGGREGATE)
        return true;
    while (c->end - c->at >= 3) {
        size_t size = vc_get16(c->at);
        if (size == 0 || size > (size_t)(c->end - c->at) - 2)
            return false;
        out->is_keyframe = out->is_keyframe || (c->at[2] & TYPE) == PARAMETERS;
        c->at += 2 + size;
    }
    return c->at == c->end;
}

/* A new coded video sequence, and its header first: the N bit alone is easily set. */
static bool read_av1(cursor *c, vc_picture *out)
{
    enum { GOES_ON = 0x80, COUNT_AT = 4, COUNT = 3, NEW_SEQUENCE = 0x08, SEQUENCE_HEADER = 1, DELIMITER = 2 };
    uint8_t first, byte;
    if (!take(c, &first) || c->at == c->end)
        return false;
    if ((first & (GOES_ON | NEW_SEQUENCE)) != NEW_SEQUENCE)
        return true;
    for (int count = first >> COUNT_AT & COUNT, i = 1;; i++) {
        size_t size = (size_t)(c->end - c->at);
        if (i != count) { /* leb128; only the last of a counted few has no length */
            size = 0;
            for (int shift = 0; shift < 35; shift += 7) {
                if (!take(c, &byte))
                    return false;
                size |= (size_t)(byte & 0x7f) << shift;
                if ((byte & 0x80) == 0)
                    break;
            }
        }
        if (size == 0 || size > (size_t)(c->end - c->at))
            return false;
        int type = *c->at >> 3 & 0x0f;
        if (type != DELIMITER || c->at + size == c->end) {
            out->is_keyframe = type == SEQUENCE_HEADER;
            return true;
        }
        c->at += size;
    }
}

int vc_codec_read(vc_codec codec, const uint8_t *payload, size_t length, vc_picture *out)
{
    static bool (*const READ[])(cursor *, vc_picture *) = {
        [VC_CODEC_VP8] = read_vp8,
        [VC_CODEC_VP9] = read_vp9,
        [VC_CODEC_H264] = read_h264,
        [VC_CODEC_AV1] = read_av1,
    };
    cursor c = {payload, payload, payload + length};
    *out = (vc_picture){0};
    if (codec < VC_CODEC_VP8 || codec > VC_CODEC_AV1)
        return VC_ERR_RANGE;
    return READ[codec](&c, out) ? VC_OK : VC_ERR_RANGE;
}

uint16_t vc_codec_id(const vc_picture *picture, const uint8_t *payload)
{
    if (picture->id_bytes == 2)
        return vc_get16(payload + picture->id_at) & 0x7fff;
    return picture->id_bytes == 1 ? payload[picture->id_at] & 0x7f : 0;
}

uint8_t vc_codec_tl0(const vc_picture *picture, const uint8_t *payload)
{
    return picture->has_tl0 ? payload[picture->tl0_at] : 0;
}

void vc_codec_set(const vc_picture *picture, uint8_t *payload, uint16_t id, uint8_t tl0)
{
    if (picture->id_bytes == 2)
        vc_put16(payload + picture->id_at, (uint16_t)(0x8000 | id));
    else if (picture->id_bytes == 1)
        payload[picture->id_at] = id & 0x7f;
    if (picture->has_tl0)
        payload[picture->tl0_at] = tl0;
}

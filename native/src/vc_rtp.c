#include "vc_rtp.h"

#include "vc_bytes.h"

enum { ONE_BYTE = 0xBEDE, TWO_BYTE = 0x1000 };

int vc_rtp_parse(const uint8_t *data, size_t length, vc_rtp *out)
{
    if (length < VC_RTP_FIXED || data[0] >> 6 != 2)
        return VC_ERR_RANGE;
    *out = (vc_rtp){
        .pt = data[1] & 0x7f,
        .marker = data[1] >> 7,
        .padding = data[0] >> 5 & 1,
        .seq = vc_get16(data + 2),
        .ts = vc_get32(data + 4),
        .ssrc = vc_get32(data + 8),
        .header_length = VC_RTP_FIXED + 4 * (size_t)(data[0] & 0x0f),
    };
    if (out->header_length > length)
        return VC_ERR_RANGE;
    if ((data[0] & 0x10) == 0)
        return VC_OK;
    const uint8_t *ext = data + out->header_length;
    if (length - out->header_length < 4)
        return VC_ERR_RANGE;
    out->ext_profile = vc_get16(ext);
    out->ext_length = 4 * (size_t)vc_get16(ext + 2);
    out->ext = ext + 4;
    out->header_length += 4 + out->ext_length;
    return out->header_length <= length ? VC_OK : VC_ERR_RANGE;
}

int vc_rtp_payload(const vc_rtp *rtp, const uint8_t *data, size_t length)
{
    size_t payload = length - rtp->header_length;
    if (!rtp->padding)
        return (int)payload;
    if (payload == 0)
        return VC_ERR_RANGE;
    uint8_t padding = data[length - 1];
    if (padding == 0 || padding > payload)
        return VC_ERR_RANGE;
    return (int)(payload - padding);
}

static int one_byte_element(const vc_rtp *rtp, uint8_t id, const uint8_t **value, size_t *length)
{
    const uint8_t *p = rtp->ext, *end = rtp->ext + rtp->ext_length;
    while (p < end) {
        if (*p == 0) { /* padding between elements */
            p++;
            continue;
        }
        uint8_t here = *p >> 4;
        size_t size = (size_t)(*p & 0x0f) + 1;
        if (here == 15 || size > (size_t)(end - p) - 1)
            return VC_ERR_NOT_FOUND;
        if (here == id) {
            *value = p + 1;
            *length = size;
            return VC_OK;
        }
        p += 1 + size;
    }
    return VC_ERR_NOT_FOUND;
}

static int two_byte_element(const vc_rtp *rtp, uint8_t id, const uint8_t **value, size_t *length)
{
    const uint8_t *p = rtp->ext, *end = rtp->ext + rtp->ext_length;
    while (end - p >= 2) {
        if (*p == 0) {
            p++;
            continue;
        }
        size_t size = p[1];
        if (size > (size_t)(end - p) - 2)
            return VC_ERR_NOT_FOUND;
        if (*p == id) {
            *value = p + 2;
            *length = size;
            return VC_OK;
        }
        p += 2 + size;
    }
    return VC_ERR_NOT_FOUND;
}

int vc_rtp_extension(const vc_rtp *rtp, uint8_t id, const uint8_t **value, size_t *length)
{
    if (id == 0)
        return VC_ERR_NOT_FOUND;
    if (rtp->ext_profile == ONE_BYTE)
        return one_byte_element(rtp, id, value, length);
    if ((rtp->ext_profile & 0xfff0) == TWO_BYTE)
        return two_byte_element(rtp, id, value, length);
    return VC_ERR_NOT_FOUND;
}

uint8_t vc_rtp_level(const vc_rtp *rtp, uint8_t id)
{
    const uint8_t *value;
    size_t length;
    if (vc_rtp_extension(rtp, id, &value, &length) != VC_OK || length < 1)
        return VC_LEVEL_NONE;
    return value[0] & 0x7f; /* the top bit says "voice"; Firefox sets it always */
}

static void put_fixed(uint8_t *out, const vc_rtp *fields, bool is_extended)
{
    out[0] = is_extended ? 0x90 : 0x80;
    out[1] = (uint8_t)((fields->marker ? 0x80 : 0) | fields->pt);
    vc_put16(out + 2, fields->seq);
    vc_put32(out + 4, fields->ts);
    vc_put32(out + 8, fields->ssrc);
}

size_t vc_rtp_write(uint8_t *out, const vc_rtp *fields, uint8_t level_ext, uint8_t level)
{
    bool with_level = level_ext != 0 && level != VC_LEVEL_NONE;
    put_fixed(out, fields, with_level);
    if (!with_level)
        return VC_RTP_FIXED;
    vc_put16(out + 12, ONE_BYTE);
    vc_put16(out + 14, 1);
    out[16] = (uint8_t)(level_ext << 4); /* length field 0 = one byte */
    out[17] = level;
    out[18] = out[19] = 0;
    return VC_RTP_FIXED + 8;
}

size_t vc_rtp_write_numbered(uint8_t *out, const vc_rtp *fields, uint8_t ext, uint16_t number)
{
    put_fixed(out, fields, true);
    vc_put16(out + 12, ONE_BYTE);
    vc_put16(out + 14, 1);
    out[16] = (uint8_t)(ext << 4 | 1); /* length field 1 = two bytes */
    vc_put16(out + 17, number);
    out[19] = 0;
    return VC_RTP_FIXED + 8;
}

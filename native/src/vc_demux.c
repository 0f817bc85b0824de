#include "vc_demux.h"

#include <string.h>

#include "vc_bytes.h"

enum {
    STUN_HEADER = 20,
    DTLS_HEADER = 13,
    RTP_HEADER = 12,
    RTCP_HEADER = 8,
    BINDING_REQUEST = 0x0001,
    USERNAME = 0x0006,
};
static const uint32_t MAGIC_COOKIE = 0x2112A442;

static vc_kind at_least(size_t length, size_t minimum, vc_kind kind)
{
    return length >= minimum ? kind : VC_KIND_SHORT;
}

vc_kind vc_demux_kind(const uint8_t *data, size_t length)
{
    if (length == 0)
        return VC_KIND_EMPTY;
    if (length > VC_DATAGRAM_MAX)
        return VC_KIND_OVERSIZE;
    uint8_t first = data[0];
    if (first <= 3)
        return at_least(length, STUN_HEADER, VC_KIND_STUN);
    if (first >= 20 && first <= 63)
        return at_least(length, DTLS_HEADER, VC_KIND_DTLS);
    if (first < 128 || first > 191)
        return VC_KIND_OTHER;
    if (length >= 2 && data[1] >= 192 && data[1] <= 223)
        return at_least(length, RTCP_HEADER, VC_KIND_RTCP);
    return at_least(length, RTP_HEADER, VC_KIND_RTP);
}

static int split_username(const uint8_t *value, size_t length, const uint8_t **ufrag, size_t *ufrag_length)
{
    size_t room = length < VC_UFRAG_MAX + 1 ? length : VC_UFRAG_MAX + 1;
    const uint8_t *colon = memchr(value, ':', room);
    if (colon == NULL || colon == value)
        return VC_ERR_NOT_FOUND;
    *ufrag = value;
    *ufrag_length = (size_t)(colon - value);
    return VC_OK;
}

int vc_demux_ufrag(const uint8_t *data, size_t length, const uint8_t **ufrag, size_t *ufrag_length)
{
    if (length < STUN_HEADER || length % 4 != 0 || vc_get16(data) != BINDING_REQUEST)
        return VC_ERR_RANGE;
    if (vc_get32(data + 4) != MAGIC_COOKIE || (size_t)vc_get16(data + 2) + STUN_HEADER != length)
        return VC_ERR_RANGE;
    const uint8_t *p = data + STUN_HEADER, *end = data + length;
    while (end - p >= 4) {
        uint16_t type = vc_get16(p);
        size_t size = vc_get16(p + 2);
        size_t padded = (size + 3) & ~(size_t)3;
        if (padded > (size_t)(end - p) - 4)
            return VC_ERR_RANGE;
        if (type == USERNAME)
            return split_username(p + 4, size, ufrag, ufrag_length);
        p += 4 + padded;
    }
    return VC_ERR_NOT_FOUND;
}

#include "vc_remb.h"

#include <string.h>

#include "vc_bytes.h"

enum {
    FIXED = 16, /* of the body: both SSRCs, the name, the count and the rate */
    MANTISSA_BITS = 18,
    MANTISSA_MAX = (1 << MANTISSA_BITS) - 1,
};
static const uint8_t NAME[] = {'R', 'E', 'M', 'B'};

bool vc_remb_is(const vc_rtcp_packet *packet)
{
    return packet->type == VC_RTCP_PSFB && packet->count == VC_RTCP_FB_APPLICATION &&
           packet->length >= 8 + sizeof NAME && memcmp(packet->body + 8, NAME, sizeof NAME) == 0;
}

int vc_remb_read(const vc_rtcp_packet *packet, uint32_t *bps)
{
    if (!vc_remb_is(packet) || packet->length < FIXED)
        return VC_ERR_RANGE;
    size_t streams = packet->body[12];
    if (streams == 0 || packet->length != FIXED + 4 * streams)
        return VC_ERR_RANGE;
    uint32_t rate = vc_get32(packet->body + 12) & 0xffffff;
    uint32_t exponent = rate >> MANTISSA_BITS;
    uint64_t mantissa = rate & MANTISSA_MAX, told = mantissa << exponent;
    if (told >> exponent != mantissa)
        return VC_ERR_RANGE;
    *bps = told > UINT32_MAX ? UINT32_MAX : (uint32_t)told;
    return VC_OK;
}

size_t vc_remb_write(uint8_t *out, size_t cap, uint32_t sender, const uint32_t *ssrcs, int count, uint32_t bps)
{
    if (count < 1 || count > VC_REMB_SSRCS_MAX || cap < 4 + FIXED + 4 * (size_t)count)
        return 0;
    size_t size = 4 + FIXED + 4 * (size_t)count;
    uint32_t exponent = 0;
    while (bps >> exponent > MANTISSA_MAX)
        exponent++;
    out[0] = 0x80 | VC_RTCP_FB_APPLICATION;
    out[1] = VC_RTCP_PSFB;
    vc_put16(out + 2, (uint16_t)(size / 4 - 1));
    vc_put32(out + 4, sender);
    vc_put32(out + 8, 0);
    memcpy(out + 12, NAME, sizeof NAME);
    vc_put32(out + 16, (uint32_t)count << 24 | exponent << MANTISSA_BITS | bps >> exponent);
    for (int i = 0; i < count; i++)
        vc_put32(out + 20 + 4 * i, ssrcs[i]);
    return size;
}

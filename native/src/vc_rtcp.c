#include "vc_rtcp.h"

#include <string.h>

#include "vc_bytes.h"

bool vc_rtcp_next(const uint8_t *data, size_t length, size_t *offset, vc_rtcp_packet *out)
{
    if (*offset > length || length - *offset < 4)
        return false;
    const uint8_t *p = data + *offset;
    size_t size = 4 * ((size_t)vc_get16(p + 2) + 1);
    if (p[0] >> 6 != 2 || size > length - *offset)
        return false;
    size_t padding = (p[0] & 0x20) != 0 ? p[size - 1] : 0;
    if (padding > size - 4 || (padding == 0 && (p[0] & 0x20) != 0))
        return false;
    *out = (vc_rtcp_packet){.type = p[1], .count = p[0] & 0x1f, .body = p + 4, .length = size - 4 - padding};
    *offset += size;
    return true;
}

bool vc_rtcp_is_valid(const uint8_t *data, size_t length)
{
    size_t offset = 0;
    vc_rtcp_packet packet;
    while (offset < length)
        if (!vc_rtcp_next(data, length, &offset, &packet))
            return false;
    return length > 0;
}

int vc_rtcp_sender_info(const vc_rtcp_packet *packet, vc_sender_info *out)
{
    if (packet->type != VC_RTCP_SR || packet->length < VC_RTCP_SR_BYTES - 4)
        return VC_ERR_RANGE;
    const uint8_t *p = packet->body;
    *out = (vc_sender_info){
        .ssrc = vc_get32(p),
        .ntp = vc_get64(p + 4),
        .rtp_ts = vc_get32(p + 12),
        .packets = vc_get32(p + 16),
        .bytes = vc_get32(p + 20),
    };
    return VC_OK;
}

int vc_rtcp_report_block(const vc_rtcp_packet *packet, int i, vc_report_block *out)
{
    if (packet->type != VC_RTCP_SR && packet->type != VC_RTCP_RR)
        return VC_ERR_RANGE;
    size_t first = packet->type == VC_RTCP_SR ? VC_RTCP_SR_BYTES - 4 : 4;
    if (i < 0 || i >= packet->count || first + ((size_t)i + 1) * VC_RTCP_BLOCK > packet->length)
        return VC_ERR_RANGE;
    const uint8_t *p = packet->body + first + (size_t)i * VC_RTCP_BLOCK;
    uint32_t lost = vc_get32(p + 4) & 0xffffff;
    *out = (vc_report_block){
        .ssrc = vc_get32(p),
        .fraction_lost = p[4],
        .lost = (lost & 0x800000) != 0 ? (int32_t)lost - 0x1000000 : (int32_t)lost,
        .ext_seq = vc_get32(p + 8),
        .jitter = vc_get32(p + 12),
        .last_sr = vc_get32(p + 16),
        .since_sr = vc_get32(p + 20),
    };
    return VC_OK;
}

int vc_rtcp_bye_ssrc(const vc_rtcp_packet *packet, int i, uint32_t *ssrc)
{
    if (packet->type != VC_RTCP_BYE || i < 0 || i >= packet->count || ((size_t)i + 1) * 4 > packet->length)
        return VC_ERR_RANGE;
    *ssrc = vc_get32(packet->body + 4 * (size_t)i);
    return VC_OK;
}

int vc_rtcp_nack(const vc_rtcp_packet *packet, int i, vc_nack *out)
{
    if (packet->type != VC_RTCP_RTPFB || packet->count != VC_RTCP_FB_NACK || i < 0)
        return VC_ERR_RANGE;
    size_t at = 8 + 4 * (size_t)i; /* behind both SSRCs */
    if (at + 4 > packet->length)
        return VC_ERR_RANGE;
    const uint8_t *p = packet->body;
    *out = (vc_nack){.ssrc = vc_get32(p + 4), .seq = vc_get16(p + at), .following = vc_get16(p + at + 2)};
    return VC_OK;
}

int vc_rtcp_pli(const vc_rtcp_packet *packet, uint32_t *ssrc)
{
    if (packet->type != VC_RTCP_PSFB || packet->count != VC_RTCP_FB_PLI || packet->length < 8)
        return VC_ERR_RANGE;
    *ssrc = vc_get32(packet->body + 4);
    return VC_OK;
}

int vc_rtcp_fir(const vc_rtcp_packet *packet, int i, uint32_t *ssrc, uint8_t *seq)
{
    if (packet->type != VC_RTCP_PSFB || packet->count != VC_RTCP_FB_FIR || i < 0)
        return VC_ERR_RANGE;
    size_t at = 8 + 8 * (size_t)i; /* behind both SSRCs */
    if (at + 8 > packet->length)
        return VC_ERR_RANGE;
    *ssrc = vc_get32(packet->body + at);
    *seq = packet->body[at + 4];
    return VC_OK;
}

static void put_header(uint8_t *out, int count, uint8_t type, size_t size)
{
    out[0] = (uint8_t)(0x80 | count);
    out[1] = type;
    vc_put16(out + 2, (uint16_t)(size / 4 - 1));
}

static void put_block(uint8_t *p, const vc_report_block *block)
{
    vc_put32(p, block->ssrc);
    vc_put32(p + 4, ((uint32_t)block->fraction_lost << 24) | ((uint32_t)block->lost & 0xffffff));
    vc_put32(p + 8, block->ext_seq);
    vc_put32(p + 12, block->jitter);
    vc_put32(p + 16, block->last_sr);
    vc_put32(p + 20, block->since_sr);
}

size_t vc_rtcp_write_rr(uint8_t *out, size_t cap, uint32_t ssrc, const vc_report_block *blocks, int count)
{
    if (count < 0 || count > VC_RTCP_BLOCKS_MAX)
        return 0;
    size_t size = 8 + (size_t)count * VC_RTCP_BLOCK;
    if (size > cap)
        return 0;
    put_header(out, count, VC_RTCP_RR, size);
    vc_put32(out + 4, ssrc);
    for (int i = 0; i < count; i++)
        put_block(out + 8 + i * VC_RTCP_BLOCK, &blocks[i]);
    return size;
}

size_t vc_rtcp_write_sr(uint8_t *out, size_t cap, const vc_sender_info *info)
{
    if (cap < VC_RTCP_SR_BYTES)
        return 0;
    put_header(out, 0, VC_RTCP_SR, VC_RTCP_SR_BYTES);
    vc_put32(out + 4, info->ssrc);
    vc_put64(out + 8, info->ntp);
    vc_put32(out + 16, info->rtp_ts);
    vc_put32(out + 20, info->packets);
    vc_put32(out + 24, info->bytes);
    return VC_RTCP_SR_BYTES;
}

size_t vc_rtcp_write_cname(uint8_t *out, size_t cap, uint32_t ssrc, const char *cname, size_t length)
{
    size_t size = (8 + 2 + length + 1 + 3) & ~(size_t)3; /* at least one zero octet ends the items */
    if (length > VC_CNAME_MAX || size > cap)
        return 0;
    memset(out, 0, size);
    put_header(out, 1, VC_RTCP_SDES, size);
    vc_put32(out + 4, ssrc);
    out[8] = 1; /* CNAME */
    out[9] = (uint8_t)length;
    memcpy(out + 10, cname, length);
    return size;
}

/* How many of 'seqs' one item holds: the first, and those at most 16 behind it, as bits of 'mask'. */
static int pack_item(const uint16_t *seqs, int count, uint16_t *mask)
{
    int n = 1;
    *mask = 0;
    for (; n < count; n++) {
        uint16_t behind = (uint16_t)(seqs[n] - seqs[0]);
        if (behind == 0 || behind > 16)
            break;
        *mask = (uint16_t)(*mask | 1u << (behind - 1));
    }
    return n;
}

size_t vc_rtcp_write_nack(uint8_t *out, size_t cap, uint32_t sender, uint32_t ssrc, const uint16_t *seqs, int count)
{
    if (count < 1 || count > VC_RTCP_NACKS_MAX || cap < 12 + 4 * (size_t)count)
        return 0;
    size_t size = 12;
    uint16_t mask;
    for (int i = 0; i < count; size += 4) {
        int held = pack_item(seqs + i, count - i, &mask);
        vc_put16(out + size, seqs[i]);
        vc_put16(out + size + 2, mask);
        i += held;
    }
    put_header(out, VC_RTCP_FB_NACK, VC_RTCP_RTPFB, size);
    vc_put32(out + 4, sender);
    vc_put32(out + 8, ssrc);
    return size;
}

size_t vc_rtcp_write_pli(uint8_t *out, size_t cap, uint32_t sender, uint32_t ssrc)
{
    if (cap < 12)
        return 0;
    put_header(out, VC_RTCP_FB_PLI, VC_RTCP_PSFB, 12);
    vc_put32(out + 4, sender);
    vc_put32(out + 8, ssrc);
    return 12;
}

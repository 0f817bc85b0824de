/* Compound RTCP: no count and no length leads past the end, and what is written is read again as it was meant. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vc_bwe.h"
#include "vc_engine.h"
#include "vc_remb.h"
#include "vc_rtcp.h"
#include "vc_twcc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_nack(const vc_nack *nack)
{
    uint8_t out[128];
    uint16_t seqs[17] = {nack->seq};
    int count = 1;
    size_t offset = 0;
    vc_rtcp_packet packet;
    vc_nack again;
    for (int bit = 0; bit < 16; bit++)
        if (nack->following >> bit & 1)
            seqs[count++] = (uint16_t)(nack->seq + 1 + bit);
    size_t length = vc_rtcp_write_nack(out, sizeof out, 1, nack->ssrc, seqs, count);
    if (length == 0 || !vc_rtcp_is_valid(out, length) || !vc_rtcp_next(out, length, &offset, &packet))
        abort();
    if (vc_rtcp_nack(&packet, 0, &again) != VC_OK || again.ssrc != nack->ssrc || again.seq != nack->seq ||
        again.following != nack->following)
        abort();
}

static void check_block(const vc_report_block *block)
{
    uint8_t out[64];
    size_t offset = 0;
    vc_rtcp_packet packet;
    vc_report_block again;
    size_t length = vc_rtcp_write_rr(out, sizeof out, 1, block, 1);
    if (length == 0 || !vc_rtcp_next(out, length, &offset, &packet) ||
        vc_rtcp_report_block(&packet, 0, &again) != VC_OK)
        abort();
    if (again.ssrc != block->ssrc || again.fraction_lost != block->fraction_lost || again.lost != block->lost ||
        again.ext_seq != block->ext_seq || again.last_sr != block->last_sr || again.since_sr != block->since_sr)
        abort();
}

/* What is written keeps 18 bits. */
static void check_limit(uint32_t bps)
{
    uint8_t out[64];
    uint32_t ssrcs[] = {1, 2, 3}, again;
    size_t offset = 0;
    vc_rtcp_packet packet;
    size_t length = vc_remb_write(out, sizeof out, 1, ssrcs, 3, bps);
    if (length == 0 || !vc_rtcp_is_valid(out, length) || !vc_rtcp_next(out, length, &offset, &packet))
        abort();
    if (vc_remb_read(&packet, &again) != VC_OK || again > bps || bps - again > bps >> 17)
        abort();
}

static void read_packet(const vc_rtcp_packet *packet)
{
    vc_sender_info info;
    vc_report_block block;
    uint32_t ssrc, bps;
    vc_nack nack;
    vc_rtcp_sender_info(packet, &info);
    if (vc_remb_read(packet, &bps) == VC_OK)
        check_limit(bps);
    for (int i = -1; i < 400; i++) {
        if (vc_rtcp_report_block(packet, i, &block) == VC_OK)
            check_block(&block);
        vc_rtcp_bye_ssrc(packet, i, &ssrc);
        if (vc_rtcp_nack(packet, i, &nack) == VC_OK)
            check_nack(&nack);
    }
}

/* The bytes as arrivals: transport-wide numbers two bytes each, a time step after each. */
static void check_twcc(const uint8_t *data, size_t size)
{
    static vc_twcc twcc;
    uint8_t out[VC_TWCC_BYTES_MAX];
    uint64_t now_us = 1000000;
    vc_twcc_init(&twcc, now_us);
    for (size_t i = 0; i + 3 <= size; i += 3) {
        vc_twcc_arrived(&twcc, (uint16_t)(data[i] << 8 | data[i + 1]), now_us);
        now_us += (uint64_t)data[i + 2] * 997;
        if (vc_twcc_is_due(&twcc, now_us))
            for (size_t n; (n = vc_twcc_write(&twcc, out, sizeof out, 1, 2, now_us)) > 0;)
                if (n > sizeof out || n % 4 != 0 || !vc_rtcp_is_valid(out, n))
                    abort();
    }
}

/* Whatever is told of 300 packets around number 0, the estimate stays within its bounds. */
static void check_estimate(vc_bwe *bwe, const vc_rtcp_packet *packet)
{
    static uint64_t now_us = 1000000;
    for (int i = 0; i < 300; i++)
        vc_bwe_sent(bwe, 1200, now_us += 1000);
    vc_bwe_feedback(bwe, packet, now_us);
    if (vc_bwe_estimate(bwe) < 100000 || vc_bwe_estimate(bwe) > 3000000)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static vc_bwe bwe;
    uint8_t *copy = malloc(size ? size : 1); /* exactly as long, so that the sanitizer sees one byte too many */
    size_t offset = 0;
    vc_rtcp_packet packet;
    memcpy(copy, data, size);
    vc_bwe_init(&bwe, 100000, 500000, 3000000, (uint16_t)-150);
    while (vc_rtcp_next(copy, size, &offset, &packet)) {
        if (packet.body < copy || packet.body + packet.length > copy + size)
            abort();
        read_packet(&packet);
        check_estimate(&bwe, &packet);
    }
    if (vc_rtcp_is_valid(copy, size) && offset != size)
        abort();
    check_twcc(copy, size);
    free(copy);
    return 0;
}

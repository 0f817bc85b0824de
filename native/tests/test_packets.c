/* Parsers: RTP headers and extensions, RTCP compounds, STUN user names, the first look at a datagram. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "vc_addr.h"
#include "vc_bytes.h"
#include "vc_demux.h"
#include "vc_remb.h"
#include "vc_rtcp.h"
#include "vc_rtp.h"

/* The bytes at the very end of an allocation, so that the sanitizer sees one byte too many. */
static uint8_t *tight(const void *bytes, size_t length)
{
    uint8_t *copy = malloc(length ? length : 1);
    memcpy(copy, bytes, length);
    return copy;
}

static void datagrams_are_told_apart_by_their_first_bytes(void)
{
    static const struct {
        uint8_t first, second;
        size_t length;
        vc_kind kind;
    } rows[] = {
        {0, 0, 0, VC_KIND_EMPTY},        {0, 0, 1501, VC_KIND_OVERSIZE},   {0, 1, 19, VC_KIND_SHORT},
        {0, 1, 20, VC_KIND_STUN},        {3, 1, 20, VC_KIND_STUN},         {4, 0, 1500, VC_KIND_OTHER},
        {19, 0, 100, VC_KIND_OTHER},     {20, 0, 12, VC_KIND_SHORT},       {20, 0, 13, VC_KIND_DTLS},
        {63, 0, 1500, VC_KIND_DTLS},     {64, 0, 100, VC_KIND_OTHER},      {127, 0, 100, VC_KIND_OTHER},
        {128, 111, 11, VC_KIND_SHORT},   {128, 111, 12, VC_KIND_RTP},      {191, 191, 12, VC_KIND_RTP},
        {128, 192, 7, VC_KIND_SHORT},    {128, 192, 8, VC_KIND_RTCP},      {128, 223, 8, VC_KIND_RTCP},
        {128, 224, 12, VC_KIND_RTP},     {192, 0, 100, VC_KIND_OTHER},     {255, 255, 1500, VC_KIND_OTHER},
        {128, 0, 1, VC_KIND_SHORT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static uint8_t full[1501];
        full[0] = rows[i].first;
        full[1] = rows[i].second;
        uint8_t *data = tight(full, rows[i].length);
        CHECK_EQUAL(vc_demux_kind(data, rows[i].length), rows[i].kind);
        free(data);
    }
}

static void every_truncation_of_a_packet_is_refused_or_read_within(void)
{
    static const uint8_t whole[] = {0xb1, 0xef, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9, 9, 9, 9, 0xbe, 0xde, 0, 1,
                                    0x10, 0x85, 0, 0, 'p', 'a', 2, 2};
    for (size_t length = 0; length <= sizeof whole; length++) {
        uint8_t *data = tight(whole, length);
        vc_rtp rtp;
        int status = vc_rtp_parse(data, length, &rtp);
        CHECK_EQUAL(status, length < 24 ? VC_ERR_RANGE : VC_OK);
        if (status == VC_OK) {
            CHECK_EQUAL(vc_rtp_level(&rtp, 1), 5);
            CHECK_EQUAL(vc_rtp_level(&rtp, 2), VC_LEVEL_NONE);
            vc_rtp_payload(&rtp, data, length);
        }
        free(data);
    }
    vc_rtp rtp;
    CHECK_EQUAL(vc_rtp_parse(whole, sizeof whole, &rtp), VC_OK);
    CHECK_EQUAL(vc_rtp_payload(&rtp, whole, sizeof whole), 2);
    CHECK_EQUAL(rtp.pt, 111);
    CHECK(rtp.marker && rtp.padding);
}

static void elements_never_leave_the_extension(void)
{
    static const uint8_t lying[][8] = {
        {0x1f, 0, 0, 0},    /* sixteen bytes in three */
        {0, 0, 0, 0x10},    /* one byte that is not there */
        {0xf0, 1, 0x10, 5}, /* id 15 stops everything */
        {1, 255, 0, 0},     /* two-byte form */
        {0, 0, 0, 1},
    };
    for (size_t i = 0; i < 5; i++) {
        uint8_t *words = tight(lying[i], 4);
        vc_rtp rtp = {.ext_profile = i < 3 ? 0xbede : 0x1005, .ext = words, .ext_length = 4};
        CHECK_EQUAL(vc_rtp_level(&rtp, 1), VC_LEVEL_NONE);
        free(words);
    }
}

static void written_headers_read_back(void)
{
    vc_rtp fields = {.pt = 96, .marker = true, .seq = 65535, .ts = 0xdeadbeef, .ssrc = 42}, back;
    uint8_t out[VC_RTP_HEADER_ROOM];
    size_t length = vc_rtp_write(out, &fields, 14, 33);
    CHECK_EQUAL(length, 20);
    CHECK_EQUAL(vc_rtp_parse(out, length, &back), VC_OK);
    CHECK(back.pt == 96 && back.marker && back.seq == 65535 && back.ts == 0xdeadbeef && back.ssrc == 42);
    CHECK_EQUAL(vc_rtp_level(&back, 14), 33);
    CHECK_EQUAL(vc_rtp_write(out, &fields, 0, 33), 12);
    CHECK_EQUAL(vc_rtp_write(out, &fields, 1, VC_LEVEL_NONE), 12);
}

static void reports_read_back(void)
{
    vc_report_block blocks[2] = {
        {.ssrc = 1, .fraction_lost = 255, .lost = -1, .ext_seq = 0x10002, .jitter = 3, .last_sr = 4, .since_sr = 5},
        {.ssrc = 2, .lost = 0x7fffff},
    };
    vc_sender_info info = {.ssrc = 9, .ntp = 0x123456789abcdef0, .rtp_ts = 7, .packets = 8, .bytes = 10};
    uint8_t out[256];
    size_t length = vc_rtcp_write_rr(out, sizeof out, 77, blocks, 2);
    length += vc_rtcp_write_sr(out + length, sizeof out - length, &info);
    length += vc_rtcp_write_cname(out + length, sizeof out - length, 9, "name", 4);
    CHECK(vc_rtcp_is_valid(out, length));
    size_t offset = 0;
    vc_rtcp_packet packet;
    vc_report_block block;
    vc_sender_info read;
    CHECK(vc_rtcp_next(out, length, &offset, &packet));
    CHECK_EQUAL(vc_rtcp_report_block(&packet, 0, &block), VC_OK);
    CHECK(block.ssrc == 1 && block.fraction_lost == 255 && block.lost == -1 && block.ext_seq == 0x10002);
    CHECK(block.jitter == 3 && block.last_sr == 4 && block.since_sr == 5);
    CHECK_EQUAL(vc_rtcp_report_block(&packet, 1, &block), VC_OK);
    CHECK_EQUAL(block.lost, 0x7fffff);
    CHECK_EQUAL(vc_rtcp_report_block(&packet, 2, &block), VC_ERR_RANGE);
    CHECK_EQUAL(vc_rtcp_sender_info(&packet, &read), VC_ERR_RANGE);
    CHECK(vc_rtcp_next(out, length, &offset, &packet));
    CHECK_EQUAL(vc_rtcp_sender_info(&packet, &read), VC_OK);
    CHECK(read.ssrc == 9 && read.ntp == info.ntp && read.rtp_ts == 7 && read.packets == 8 && read.bytes == 10);
    CHECK(vc_rtcp_next(out, length, &offset, &packet));
    CHECK_EQUAL(packet.type, VC_RTCP_SDES);
    CHECK(!vc_rtcp_next(out, length, &offset, &packet));
}

static void writers_respect_their_room(void)
{
    uint8_t out[64];
    vc_report_block blocks[1] = {{0}};
    vc_sender_info info = {0};
    for (size_t room = 0; room < 40; room++) {
        CHECK(vc_rtcp_write_rr(out, room, 1, blocks, 1) <= room);
        CHECK(vc_rtcp_write_sr(out, room, &info) <= room);
        CHECK(vc_rtcp_write_cname(out, room, 1, "abcdefg", 7) <= room);
    }
    CHECK_EQUAL(vc_rtcp_write_rr(out, sizeof out, 1, blocks, 32), 0);
    CHECK_EQUAL(vc_rtcp_write_rr(out, sizeof out, 1, blocks, -1), 0);
    CHECK_EQUAL(vc_rtcp_write_cname(out, sizeof out, 1, "x", VC_CNAME_MAX + 1), 0);
}

static void cnames_end_with_a_zero_at_every_length(void)
{
    for (size_t length = 0; length <= VC_CNAME_MAX; length++) {
        uint8_t out[64];
        memset(out, 0xff, sizeof out);
        size_t size = vc_rtcp_write_cname(out, sizeof out, 1, "abcdefghijklmnopqrstuvwx", length);
        CHECK(size % 4 == 0 && out[10 + length] == 0 && size > 10 + length);
        CHECK(vc_rtcp_is_valid(out, size));
    }
}

static void malformed_compounds_are_refused(void)
{
    static const struct {
        uint8_t bytes[8];
        size_t length;
    } rows[] = {
        {{0}, 0},
        {{0x80, 201, 0}, 3},
        {{0x80, 201, 0, 1}, 4},                 /* eight bytes said, four there */
        {{0x80, 201, 0xff, 0xff, 0, 0, 0, 0}, 8},
        {{0x40, 201, 0, 1, 0, 0, 0, 0}, 8},
        {{0xa0, 201, 0, 1, 0, 0, 0, 0}, 8},     /* padding of zero */
        {{0xa0, 201, 0, 1, 0, 0, 0, 5}, 8},     /* padding over the header */
        {{0x80, 201, 0, 0, 0x80, 201}, 6},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t *data = tight(rows[i].bytes, rows[i].length);
        CHECK(!vc_rtcp_is_valid(data, rows[i].length));
        free(data);
    }
}

static int read_limit(const uint8_t *data, size_t length, uint32_t *bps)
{
    uint8_t *exact = tight(data, length);
    size_t offset = 0;
    vc_rtcp_packet packet;
    int status = vc_rtcp_next(exact, length, &offset, &packet) ? vc_remb_read(&packet, bps) : VC_ERR_STATE;
    free(exact);
    return status;
}

static void limits_read_back(void)
{
    static const uint32_t LIMITS[] = {0, 1, 262143, 262144, 300001, 2000000, UINT32_MAX};
    uint32_t ssrcs[VC_REMB_SSRCS_MAX + 1] = {7, 8}, bps;
    uint8_t out[256];
    for (size_t i = 0; i < sizeof LIMITS / sizeof *LIMITS; i++) {
        size_t length = vc_remb_write(out, sizeof out, 5, ssrcs, 2, LIMITS[i]);
        CHECK_EQUAL(length, 28);
        CHECK_EQUAL(read_limit(out, length, &bps), VC_OK);
        CHECK(bps <= LIMITS[i] && LIMITS[i] - bps <= LIMITS[i] >> 17);
    }
    for (size_t room = 0; room < 28; room++)
        CHECK_EQUAL(vc_remb_write(out, room, 5, ssrcs, 2, 1), 0);
    CHECK_EQUAL(vc_remb_write(out, sizeof out, 5, ssrcs, 0, 1), 0);
    CHECK_EQUAL(vc_remb_write(out, sizeof out, 5, ssrcs, VC_REMB_SSRCS_MAX, 1), 116);
    CHECK_EQUAL(vc_remb_write(out, sizeof out, 5, ssrcs, VC_REMB_SSRCS_MAX + 1, 1), 0);
}

static void what_lies_about_a_limit_is_refused(void)
{
    uint8_t data[28] = {0x8f, 206, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, 'R', 'E', 'M', 'B', 1, 0x07, 0xff, 0xff, 0, 0, 0, 7};
    uint32_t bps = 0;
    CHECK_EQUAL(read_limit(data, 24, &bps), VC_OK);
    CHECK_EQUAL(bps, 0x3ffff << 1);
    data[17] = 0xb8 | 3, data[18] = 0xff; /* 2^46 times as much still fits 64 bits */
    CHECK_EQUAL(read_limit(data, 24, &bps), VC_OK);
    CHECK_EQUAL(bps, UINT32_MAX);
    data[17] = 0xbc | 3; /* and 2^47 times does not */
    CHECK_EQUAL(read_limit(data, 24, &bps), VC_ERR_RANGE);
    data[17] = 0xfc, data[18] = data[19] = 0; /* nothing, however often */
    CHECK_EQUAL(read_limit(data, 24, &bps), VC_OK);
    CHECK_EQUAL(bps, 0);
    data[16] = 0; /* of no stream */
    CHECK_EQUAL(read_limit(data, 24, &bps), VC_ERR_RANGE);
    data[16] = 2; /* of one more than there is room for */
    CHECK_EQUAL(read_limit(data, 24, &bps), VC_ERR_RANGE);
    data[16] = 1, data[3] = 6; /* longer than it says */
    CHECK_EQUAL(read_limit(data, 28, &bps), VC_ERR_RANGE);
    data[3] = 3; /* the name and no more */
    CHECK_EQUAL(read_limit(data, 16, &bps), VC_ERR_RANGE);
    data[3] = 2;
    CHECK_EQUAL(read_limit(data, 12, &bps), VC_ERR_RANGE);
}

static size_t put_binding(uint8_t *out, const char *username)
{
    size_t length = strlen(username), padded = (length + 3) & ~(size_t)3;
    memset(out, 0, 20 + 8 + 4 + padded);
    vc_put16(out, 1);
    vc_put16(out + 2, (uint16_t)(8 + 4 + padded));
    vc_put32(out + 4, 0x2112A442);
    vc_put16(out + 20, 0x0024); /* PRIORITY */
    vc_put16(out + 22, 4);
    vc_put16(out + 28, 0x0006);
    vc_put16(out + 30, (uint16_t)length);
    memcpy(out + 32, username, length);
    return 32 + padded;
}

static void user_names_give_our_part(void)
{
    static const struct {
        const char *name;
        int length;
    } rows[] = {{"abcd:efgh", 4},       {"a:", 1},  {"0123456789abcdef:x", 16}, {"0123456789abcdefg:x", VC_ERR_NOT_FOUND},
                {":x", VC_ERR_NOT_FOUND}, {"", VC_ERR_NOT_FOUND}, {"abcd", VC_ERR_NOT_FOUND}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t full[128];
        size_t size = put_binding(full, rows[i].name), length = 0;
        uint8_t *data = tight(full, size);
        const uint8_t *ufrag = NULL;
        int status = vc_demux_ufrag(data, size, &ufrag, &length);
        CHECK_EQUAL(status == VC_OK ? (int)length : status, rows[i].length);
        for (size_t cut = 0; cut < size; cut++) {
            uint8_t *part = tight(full, cut);
            CHECK(vc_demux_ufrag(part, cut, &ufrag, &length) != VC_OK);
            free(part);
        }
        free(data);
    }
    uint8_t lying[128];
    size_t size = put_binding(lying, "abcd:efgh"), length;
    const uint8_t *ufrag;
    vc_put16(lying + 22, 0xffff); /* PRIORITY longer than the message */
    CHECK_EQUAL(vc_demux_ufrag(lying, size, &ufrag, &length), VC_ERR_RANGE);
}

static void addresses_have_one_form(void)
{
    vc_sockaddr v4 = {.v4 = {.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(0x7f000001)}};
    vc_sockaddr mapped, back;
    vc_addr a, b;
    CHECK_EQUAL(vc_addr_from_sockaddr(&v4, &a), VC_OK);
    CHECK(vc_addr_is_v4(&a));
    CHECK(vc_addr_to_sockaddr(&a, AF_INET6, &mapped) > 0);
    CHECK_EQUAL(vc_addr_from_sockaddr(&mapped, &b), VC_OK);
    CHECK(memcmp(&a, &b, sizeof a) == 0);
    CHECK(vc_addr_to_sockaddr(&a, AF_INET, &back) > 0);
    CHECK(back.v4.sin_addr.s_addr == v4.v4.sin_addr.s_addr && back.v4.sin_port == v4.v4.sin_port);
    v4.v4.sin_port = 0;
    CHECK_EQUAL(vc_addr_from_sockaddr(&v4, &a), VC_ERR_RANGE);
    memset(&a, 0x20, sizeof a);
    CHECK_EQUAL(vc_addr_to_sockaddr(&a, AF_INET, &back), VC_ERR_RANGE);
}

int main(void)
{
    datagrams_are_told_apart_by_their_first_bytes();
    every_truncation_of_a_packet_is_refused_or_read_within();
    elements_never_leave_the_extension();
    written_headers_read_back();
    reports_read_back();
    writers_respect_their_room();
    cnames_end_with_a_zero_at_every_length();
    malformed_compounds_are_refused();
    limits_read_back();
    what_lies_about_a_limit_is_refused();
    user_names_give_our_part();
    addresses_have_one_form();
    return check_report("packets");
}

/* micro.c - single steps of a packet's way, called over and over: a library that bench/cases/micro.py loads.
 *
 * It is linked with the engine's own sources and calls the functions the media thread calls.  SRTP comes, as there, as
 * a function pointer and a session.  Every function answers the thread's CPU nanoseconds for 'count' rounds, or 0
 * when a step did not do what it is there for. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "vc_demux.h"
#include "vc_reception.h"
#include "vc_rewrite.h"
#include "vc_rtcp.h"
#include "vc_rtp.h"
#include "vc_state.h"
#include "vc_table.h"
#include "vc_twcc.h"

enum { PAYLOAD = 120, PT = 111, LEVEL_EXT = 1, LEVEL = 30, CLOCK = 48000, FRAME = 960, ROOM = 256, PEERS = 1024 };

typedef struct {
    int length;
    uint8_t data[ROOM];
} packet;

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int write_packet(uint8_t *out, uint32_t ssrc, unsigned number)
{
    vc_rtp fields = {.pt = PT, .seq = (uint16_t)number, .ts = number * FRAME, .ssrc = ssrc};
    size_t header = vc_rtp_write(out, &fields, LEVEL_EXT, LEVEL);
    memset(out + header, 0x5a, PAYLOAD);
    return (int)header + PAYLOAD;
}

/* Encrypt, as for each receiver of a packet. */
uint64_t micro_protect(uintptr_t function, void *session, unsigned first, unsigned count)
{
    vc_srtp_fn protect = (vc_srtp_fn)function;
    uint8_t data[ROOM];
    uint64_t start = now_ns();
    for (unsigned i = 0; i < count; i++) {
        int length = write_packet(data, 1, first + i);
        if (protect(session, data, &length) != 0)
            return 0;
    }
    return now_ns() - start;
}

/* Authenticate and decrypt, as once for each packet that arrives. */
uint64_t micro_unprotect(uintptr_t protect_function, void *tx, uintptr_t unprotect_function, void *rx, unsigned first,
                         unsigned count)
{
    vc_srtp_fn protect = (vc_srtp_fn)protect_function, unprotect = (vc_srtp_fn)unprotect_function;
    packet *packets = calloc(count, sizeof *packets);
    uint64_t spent = 0;
    for (unsigned i = 0; packets != NULL && i < count; i++) {
        packets[i].length = write_packet(packets[i].data, 2, first + i);
        if (protect(tx, packets[i].data, &packets[i].length) != 0)
            count = 0;
    }
    uint64_t start = now_ns();
    for (unsigned i = 0; packets != NULL && i < count; i++) {
        if (unprotect(rx, packets[i].data, &packets[i].length) != 0)
            count = 0;
    }
    if (packets != NULL && count > 0)
        spent = now_ns() - start;
    free(packets);
    return spent;
}

/* What a datagram is, its header, its level. */
uint64_t micro_parse(unsigned count)
{
    uint8_t data[ROOM];
    size_t length = (size_t)write_packet(data, 3, 7);
    uint64_t start = now_ns();
    unsigned right = 0;
    for (unsigned i = 0; i < count; i++) {
        vc_rtp rtp;
        data[3] = (uint8_t)i; /* the sequence number: no two alike */
        right += vc_demux_kind(data, length) == VC_KIND_RTP && vc_rtp_parse(data, length, &rtp) == VC_OK &&
                 rtp.seq % 256 == i % 256 && vc_rtp_level(&rtp, LEVEL_EXT) == LEVEL;
    }
    uint64_t spent = now_ns() - start;
    return right == count ? spent : 0;
}

/* Whose address it is, among a thousand. */
uint64_t micro_route(unsigned count)
{
    static const uint8_t seed[16] = {1, 2, 3};
    vc_table table;
    uint8_t addrs[PEERS][VC_ADDR_BYTES] = {0};
    unsigned right = 0;
    if (vc_table_init(&table, PEERS, seed) != VC_OK)
        return 0;
    for (int i = 0; i < PEERS; i++) {
        memcpy(addrs[i] + 10, "\xff\xff\x0a\x00", 4);
        addrs[i][14] = (uint8_t)(i >> 8);
        addrs[i][15] = (uint8_t)i;
        vc_table_put(&table, addrs[i], VC_ADDR_BYTES, i);
    }
    uint64_t start = now_ns();
    for (unsigned i = 0; i < count; i++) {
        int peer = (int)(i * 389 % PEERS);
        right += vc_table_get(&table, addrs[peer], VC_ADDR_BYTES) == peer;
    }
    uint64_t spent = now_ns() - start;
    vc_table_free(&table);
    return right == count ? spent : 0;
}

/* The numbers and the header of one listener's copy. */
uint64_t micro_rewrite(unsigned count)
{
    vc_rewriter rewriter;
    vc_rewriter_init(&rewriter, CLOCK, 100, 200);
    uint8_t out[VC_RTP_HEADER_ROOM];
    size_t written = 0;
    uint64_t start = now_ns();
    for (unsigned i = 0; i < count; i++) {
        vc_rewritten numbers;
        if (vc_rewriter_next(&rewriter, 70000 + i, i * FRAME, 1000000 + i * 20000ull, &numbers) != VC_OK)
            return 0;
        vc_rtp fields = {.pt = PT, .seq = numbers.seq, .ts = numbers.ts, .ssrc = 5, .marker = numbers.starts_stretch};
        written += vc_rtp_write(out, &fields, LEVEL_EXT, LEVEL);
    }
    uint64_t spent = now_ns() - start;
    return written == (size_t)count * VC_RTP_HEADER_ROOM ? spent : 0;
}

/* What is noted of an arrival: losses and jitter. */
uint64_t micro_account(unsigned count)
{
    vc_reception reception = {0};
    uint64_t start = now_ns();
    for (unsigned i = 0; i < count; i++)
        vc_reception_add(&reception, (uint16_t)i, i * FRAME, i * FRAME + i % 7);
    uint64_t spent = now_ns() - start;
    return reception.received == count ? spent : 0;
}

/* One compound a second to each peer: a receiver report of its stream, a sender report of one slot, the name. */
uint64_t micro_report(unsigned count)
{
    vc_reception reception = {0};
    uint8_t out[VC_DATAGRAM_MAX];
    size_t written = 0, each = 8 + VC_RTCP_BLOCK + VC_RTCP_SR_BYTES;
    uint64_t start = now_ns();
    for (unsigned i = 0; i < count; i++) {
        vc_report_block block = {.ssrc = 6};
        vc_sender_info info = {.ssrc = 7, .ntp = i, .rtp_ts = i * FRAME, .packets = i, .bytes = i * PAYLOAD};
        vc_reception_add(&reception, (uint16_t)i, i * FRAME, i * FRAME);
        vc_reception_report(&reception, i * 20000ull, &block);
        size_t at = vc_rtcp_write_rr(out, sizeof out, 5, &block, 1);
        at += vc_rtcp_write_sr(out + at, sizeof out - at, &info);
        written += at + vc_rtcp_write_cname(out + at, sizeof out - at, 7, "bench", 5);
    }
    uint64_t spent = now_ns() - start;
    return written > count * each ? spent : 0;
}

/* Which packets a listener misses: one NACK of one item. */
uint64_t micro_nack(unsigned count)
{
    uint8_t data[64];
    uint16_t seq = 77;
    size_t length = vc_rtcp_write_nack(data, sizeof data, 1, 2, &seq, 1);
    unsigned right = 0;
    uint64_t start = now_ns();
    for (unsigned i = 0; i < count; i++) {
        size_t offset = 0;
        vc_rtcp_packet found;
        vc_nack item;
        right += vc_rtcp_is_valid(data, length) && vc_rtcp_next(data, length, &offset, &found) &&
                 vc_rtcp_nack(&found, 0, &item) == VC_OK && item.seq == seq;
    }
    uint64_t spent = now_ns() - start;
    return right == count ? spent : 0;
}

/* ---- sending pictures ---- */

enum { VIEWERS_MAX = 100, PICTURE_PACKETS = 9, VIDEO_BYTES = 1190, VIEWER_BUFFER = 1 << 16 };

typedef struct {
    int fd;
    vc_sockaddr name;
} viewer;

static viewer open_viewer(void)
{
    viewer v = {.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    v.name.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof v.name.v4;
    int size = VIEWER_BUFFER;
    setsockopt(v.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (bind(v.fd, &v.name.any, length) != 0 || getsockname(v.fd, &v.name.any, &length) != 0)
        abort();
    return v;
}

/* One picture to everybody, packet by packet as they arrive from the camera: how many were sent. */
static unsigned send_picture(vc_link *link, const viewer *viewers, unsigned count, vc_hist *residence)
{
    int sent = 0;
    for (unsigned p = 0; p < PICTURE_PACKETS; p++) {
        for (unsigned i = 0; i < count; i++) {
            memset(vc_burst_room(&link->video), 0x5a, VIDEO_BYTES);
            vc_burst_queue(&link->video, VIDEO_BYTES, &viewers[i].name, sizeof viewers[i].name.v4, NULL, 1);
            if (vc_burst_is_full(&link->video))
                sent += vc_link_flush_video(link, residence).sent;
        }
    }
    return (unsigned)(sent + vc_link_flush_video(link, residence).sent);
}

static void watch(const viewer *viewers, unsigned count)
{
    uint8_t data[VIDEO_BYTES];
    for (unsigned i = 0; i < count; i++)
        while (recv(viewers[i].fd, data, sizeof data, 0) > 0)
            ;
}

static uint64_t send_pictures(vc_link *link, const viewer *viewers, unsigned count, unsigned pictures)
{
    static vc_hist residence;
    uint64_t spent = 0;
    for (unsigned i = 0; i < pictures; i++) {
        uint64_t start = now_ns();
        unsigned sent = send_picture(link, viewers, count, &residence);
        spent += now_ns() - start;
        watch(viewers, count);
        if (sent != PICTURE_PACKETS * count)
            return 0;
    }
    return spent;
}

/* Send 'pictures' to each of some viewers over loopback, each viewer's packets as one message that the kernel cuts, or
 * apart. */
uint64_t micro_send_video(unsigned count, unsigned is_cut, unsigned pictures)
{
    vc_link *link = calloc(1, sizeof *link);
    if (count > VIEWERS_MAX || link == NULL)
        return 0;
    viewer viewers[VIEWERS_MAX], sender = open_viewer();
    uint64_t spent = 0;
    for (unsigned i = 0; i < count; i++)
        viewers[i] = open_viewer();
    if (vc_link_init(link, sender.fd, AF_INET) == VC_OK) {
        link->can_segment = link->can_segment && is_cut;
        spent = send_pictures(link, viewers, count, pictures);
    }
    vc_link_free(link);
    free(link);
    close(sender.fd);
    for (unsigned i = 0; i < count; i++)
        close(viewers[i].fd);
    return spent;
}

#include "harness.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vc_bytes.h"

void __sanitizer_cov_trace_pc(void);

/* Called for each block of a build made for fuzzing; fuzz/replay.c has one that looks at it. */
__attribute__((weak)) void __sanitizer_cov_trace_pc(void)
{
}

static int toy_protect(void *session, void *packet, int *length)
{
    memcpy((uint8_t *)packet + *length, "OKAY", HARNESS_TAG);
    *length += HARNESS_TAG;
    ((toy_session *)session)->protected_count++;
    return 0;
}

static int toy_unprotect(void *session, void *packet, int *length)
{
    if (*length < 8 + HARNESS_TAG || memcmp((uint8_t *)packet + *length - HARNESS_TAG, "OKAY", HARNESS_TAG) != 0)
        return 7; /* srtp_err_status_auth_fail */
    *length -= HARNESS_TAG;
    ((toy_session *)session)->unprotected_count++;
    return 0;
}

static toy_policy *policy_in_use; /* a session does not say where it came from */

static int toy_create(void **session, const void *policy)
{
    toy_policy *p = policy_in_use = (toy_policy *)(uintptr_t)policy;
    if (p->made == p->room)
        return 3; /* srtp_err_status_alloc_fail */
    p->made_for[p->made] = p->ssrc;
    *session = &p->sessions[p->made++];
    return 0;
}

static int toy_dealloc(void *session)
{
    (void)session;
    policy_in_use->freed++;
    return 0;
}

static int bind_loopback(uint16_t *port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof name;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof name) != 0)
        abort();
    getsockname(fd, (struct sockaddr *)&name, &length);
    *port = ntohs(name.sin_port);
    return fd;
}

harness harness_open(void)
{
    harness h = {0};
    h.server_fd = bind_loopback(&h.server_port);
    vc_config config = {
        .udp4_fd = h.server_fd,
        .udp6_fd = -1,
        .max_peers = 16,
        .max_tracks = 16,
        .max_slots = 64,
        .max_receivers = 16,
        .max_flows = 4,
        .ring_bytes = 1 << 16,
        .command_depth = 64,
        .stun_per_s = 1000,
        .audio_per_s = 250,
        .max_video_tracks = 4,
        .max_video_slots = 4,
        .payload_codecs = {[HARNESS_VP8] = VC_CODEC_VP8, [HARNESS_VP8 + 2] = VC_CODEC_VP9,
                           [HARNESS_VP8 + 4] = VC_CODEC_H264, [HARNESS_VP8 + 6] = VC_CODEC_AV1},
        .payload_rtx = {[HARNESS_VP8] = HARNESS_VP8 + 1, [HARNESS_VP8 + 2] = HARNESS_VP8 + 3,
                        [HARNESS_VP8 + 4] = HARNESS_VP8 + 5, [HARNESS_VP8 + 6] = HARNESS_VP8 + 7},
        .transport_ext = 3,
        .mid_ext = 4,
        .rid_ext = 5,
        .hash_key = "0123456789abcde",
        .protect = (uintptr_t)toy_protect,
        .unprotect = (uintptr_t)toy_unprotect,
        .protect_rtcp = (uintptr_t)toy_protect,
        .unprotect_rtcp = (uintptr_t)toy_unprotect,
        .create = (uintptr_t)toy_create,
        .dealloc = (uintptr_t)toy_dealloc,
    };
    h.engine = vc_engine_new(&config);
    if (h.engine == NULL)
        abort();
    return h;
}

void harness_close(harness *h)
{
    if (vc_engine_free(h->engine) != VC_OK)
        abort();
    close(h->server_fd);
}

int harness_client(uint8_t addr[VC_ADDR_BYTES])
{
    static const uint8_t prefix[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
    uint16_t port;
    int fd = bind_loopback(&port);
    memcpy(addr, prefix, sizeof prefix);
    addr[VC_ADDR_BYTES - 1] = VC_TRANSPORT_UDP;
    vc_put16(addr + 16, port);
    return fd;
}

static void must(int status)
{
    if (status != VC_OK)
        abort();
}

void harness_join(harness *h, int peer, const uint8_t addr[VC_ADDR_BYTES], toy_session *session)
{
    vc_engine *e = h->engine;
    uint32_t ssrc = (uint32_t)peer;
    must(vc_engine_peer_add(e, peer, 1, 0));
    must(vc_engine_tuple_add(e, peer, addr, 0));
    must(vc_engine_peer_keys(e, peer, (uintptr_t)session, (uintptr_t)session, 0));
    must(vc_engine_track_add(e, peer, peer, VC_MEDIA_AUDIO, 100 + ssrc, HARNESS_PT, 48000, HARNESS_LEVEL_EXT, 0));
    must(vc_engine_slot_add(e, peer, peer, 200 + ssrc, 96, 48000, HARNESS_LEVEL_EXT, "toy", 0));
}

size_t harness_rtp(uint8_t *out, int peer, uint16_t seq, uint8_t level)
{
    static const uint8_t head[20] = {0x90, HARNESS_PT, [12] = 0xbe, 0xde, 0, 1, HARNESS_LEVEL_EXT << 4};
    memcpy(out, head, sizeof head);
    vc_put16(out + 2, seq);
    vc_put32(out + 4, (uint32_t)seq * 960);
    vc_put32(out + 8, 100 + (uint32_t)peer);
    out[17] = level;
    memcpy(out + 20, "payload!OKAY", 12);
    return 32;
}

size_t harness_video(uint8_t *out, int peer, uint16_t seq, bool is_keyframe)
{
    static const uint8_t head[] = {0x90, 0x80 | HARNESS_VP8, [12] = 0xbe, 0xde, 0, 1, 4 << 4, 'v', 5 << 4, 'h',
                                   0x90, 0xe0, 0x80, 0, 0, 0}; /* a VP8 descriptor with all but a key index */
    memcpy(out, head, sizeof head);
    vc_put16(out + 2, seq);
    vc_put32(out + 4, (uint32_t)seq * 3000);
    vc_put32(out + 8, 300 + (uint32_t)peer);
    out[23] = out[24] = (uint8_t)seq;
    memcpy(out + 26, is_keyframe ? "\0OKAY" : "\1OKAY", 5);
    return 31;
}

void harness_send(const harness *h, int client_fd, const void *data, size_t length)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(h->server_port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (sendto(client_fd, data, length, 0, (struct sockaddr *)&to, sizeof to) < 0)
        abort();
}

uint64_t harness_counter(const harness *h, const char *name)
{
    uint64_t values[256];
    int count = vc_engine_counters(h->engine, values, 256);
    for (int i = 0; i < count; i++)
        if (strcmp(vc_counter_name(i), name) == 0)
            return values[i];
    abort();
}

void harness_settle(harness *h, uint32_t token)
{
    static uint8_t out[1 << 16];
    for (;;) {
        struct pollfd wait = {.fd = vc_engine_wakeup_fd(h->engine), .events = POLLIN};
        if (!vc_engine_has_records(h->engine) && poll(&wait, 1, 5000) != 1)
            abort(); /* a wake-up was missed */
        vc_engine_clear_wakeup(h->engine);
        for (size_t got; (got = vc_engine_pop(h->engine, out, sizeof out)) > 0;) {
            for (size_t at = 0; at < got;) {
                vc_record record;
                memcpy(&record, out + at, sizeof record);
                at += record.size;
                if (record.kind == VC_RECORD_ACK && record.value == token)
                    return;
            }
        }
    }
}

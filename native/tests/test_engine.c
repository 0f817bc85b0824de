/* The whole engine in its thread, with toy SRTP: voice passes, control churns beside it, no packet allocates.
 * Under ThreadSanitizer this is the proof that the two threads share nothing but the queues and the figures. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "harness.h"
#include "vc_apply.h"
#include "vc_bytes.h"

enum { PACKETS = 1000, CHURN = 200 };

static void *run(void *arg)
{
    vc_engine_run(arg);
    return NULL;
}

typedef struct {
    harness h;
    pthread_t thread;
    int a_fd, b_fd;
    toy_session a, b;
    uint32_t token;
} call;

static void settle(call *c)
{
    c->token++;
    while (vc_engine_sync(c->h.engine, c->token) == VC_ERR_FULL)
        ;
    harness_settle(&c->h, c->token);
}

static void open_call(call *c)
{
    uint8_t addr[VC_ADDR_BYTES];
    memset(c, 0, sizeof *c);
    c->h = harness_open();
    c->a_fd = harness_client(addr);
    harness_join(&c->h, 0, addr, &c->a);
    c->b_fd = harness_client(addr);
    harness_join(&c->h, 1, addr, &c->b);
    CHECK_EQUAL(vc_engine_route_set(c->h.engine, 0, 1, 0, 0), VC_OK);
    CHECK_EQUAL(vc_engine_route_set(c->h.engine, 1, 0, 0, 0), VC_OK);
    pthread_create(&c->thread, NULL, run, c->h.engine);
    settle(c);
}

static void close_call(call *c)
{
    CHECK_EQUAL(vc_engine_free(c->h.engine), VC_ERR_STATE);
    vc_engine_stop(c->h.engine);
    pthread_join(c->thread, NULL);
    close(c->a_fd);
    close(c->b_fd);
    harness_close(&c->h);
}

/* The next RTP packet, RTCP skipped; its length, or -1 after two seconds. */
static ssize_t hear(int fd, uint8_t *out, size_t cap)
{
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, 2000) != 1)
            return -1;
        ssize_t length = recv(fd, out, cap, 0);
        if (length >= 12 && (out[1] < 192 || out[1] > 223))
            return length;
    }
}

/* A client answers to what it was told, and that was said after a command: "this address is yours", then its voice. */
static void what_comes_after_a_command_finds_it_in_force(void)
{
    call c = {0};
    uint8_t packet[64], heard[2048], addr[VC_ADDR_BYTES];
    c.h = harness_open();
    c.a_fd = harness_client(addr);
    harness_join(&c.h, 0, addr, &c.a);
    c.b_fd = harness_client(addr);
    harness_join(&c.h, 1, addr, &c.b);
    while (vc_apply_commands(c.h.engine))
        ;
    CHECK_EQUAL(vc_engine_route_set(c.h.engine, 1, 0, 0, 0), VC_OK);
    harness_send(&c.h, c.a_fd, packet, harness_rtp(packet, 0, 1, 30));
    pthread_create(&c.thread, NULL, run, c.h.engine); /* both wait when it first looks */
    CHECK(hear(c.b_fd, heard, sizeof heard) > 12);
    close_call(&c);
}

static void voice_passes_while_control_churns(void)
{
    call c;
    uint8_t packet[64], heard[2048], addr[VC_ADDR_BYTES];
    open_call(&c);
    int other = harness_client(addr), wrong = 0;
    uint16_t before = 0;
    for (int i = 0; i < PACKETS; i++) {
        harness_send(&c.h, c.a_fd, packet, harness_rtp(packet, 0, (uint16_t)i, 30));
        if (i % (PACKETS / CHURN) == 0) {
            harness_join(&c.h, 2, addr, &c.b);
            vc_engine_ufrag_add(c.h.engine, 2, (const uint8_t *)"frag", 4, 0);
            vc_engine_route_set(c.h.engine, 2, 0, 0, 0);
            vc_engine_peer_del(c.h.engine, 2, 0);
            settle(&c);
        }
        if (i % 5 == 4)
            usleep(20000); /* within the rate of one speaker */
        vc_peer_stats peer;
        vc_track_stats track;
        vc_slot_stats slot;
        vc_engine_peer_stats(c.h.engine, 2, &peer);
        vc_engine_track_stats(c.h.engine, 0, &track);
        vc_engine_slot_stats(c.h.engine, 1, &slot);
        ssize_t length = hear(c.b_fd, heard, sizeof heard);
        uint16_t seq = vc_get16(heard + 2);
        wrong += length != 32 || vc_get32(heard + 8) != 201 || (i > 0 && (uint16_t)(seq - before) != 1);
        before = seq;
    }
    CHECK_EQUAL(wrong, 0);
    settle(&c); /* the batch of the last packet is over, its residence noted */
    CHECK_EQUAL(harness_counter(&c.h, "commands_refused"), 0);
    uint64_t buckets[VC_HIST_BUCKETS], sum = 0;
    vc_engine_histogram(c.h.engine, VC_HIST_RESIDENCE, buckets, VC_HIST_BUCKETS);
    for (int i = 0; i < VC_HIST_BUCKETS; i++)
        sum += buckets[i];
    CHECK(sum >= PACKETS);
    close(other);
    close_call(&c);
}

static atomic_ulong allocations;

#ifdef COUNT_ALLOCATIONS
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __real_realloc(old, size);
}
#endif

static void packets_and_commands_allocate_nothing(void)
{
    call c;
    uint8_t packet[64], heard[2048];
    open_call(&c);
    unsigned long before = atomic_load(&allocations);
#ifdef COUNT_ALLOCATIONS
    CHECK(before > 0); /* the counter counts */
#endif
    for (int i = 0; i < 500; i++) {
        harness_send(&c.h, c.a_fd, packet, harness_rtp(packet, 0, (uint16_t)i, 30));
        CHECK_EQUAL(hear(c.b_fd, heard, sizeof heard), 32);
        vc_engine_track_mute(c.h.engine, 1, i % 2, 0);
    }
    settle(&c);
    CHECK_EQUAL(atomic_load(&allocations), before);
    close_call(&c);
}

static void join_video(call *c)
{
    vc_engine *e = c->h.engine;
    CHECK_EQUAL(vc_engine_video_add(e, 8, 0, VC_SSRC_UNNAMED, "v", "h", 0, 0), VC_OK);
    CHECK_EQUAL(vc_engine_video_slot_add(e, 8, 1, 400, 401, "toy", 0), VC_OK);
    CHECK_EQUAL(vc_engine_route_set(e, 8, 8, 0, 0), VC_OK);
    settle(c);
}

/* A viewer asks for what it was sent two packets ago. */
static void ask_again(const call *c, uint16_t seq)
{
    uint8_t nack[20] = {0x81, 205, 0, 3, [16] = 'O', 'K', 'A', 'Y'};
    vc_put32(nack + 8, 400);
    vc_put16(nack + 12, (uint16_t)(seq - 2));
    harness_send(&c->h, c->b_fd, nack, sizeof nack);
}

static void video_passes_while_control_churns_and_allocates_nothing(void)
{
    call c;
    uint8_t packet[64], heard[2048];
    open_call(&c);
    join_video(&c);
    vc_engine *e = c.h.engine;
    unsigned long before = atomic_load(&allocations);
    int wrong = 0;
    for (int i = 0; i < 500; i++) {
        bool is_keyframe = i % 10 == 0;
        harness_send(&c.h, c.a_fd, packet, harness_video(packet, 0, (uint16_t)i, is_keyframe));
        do
            wrong += hear(c.b_fd, heard, sizeof heard) < 0;
        while (vc_get32(heard + 8) == 401); /* what was asked for again comes in between */
        wrong += vc_get32(heard + 8) != 400;
        ask_again(&c, vc_get16(heard + 2));
        if (i % 10 != 9)
            continue;
        vc_engine_video_add(e, 9, 0, VC_SSRC_UNNAMED, "v", "l", 1000, 0);
        vc_engine_route_set(e, 8, 9, 0, 0); /* a switch that never comes */
        vc_engine_track_del(e, 9, 0);
        vc_engine_video_slot_add(e, 9, 1, 500u + (uint32_t)i, 0, "toy", 0);
        vc_engine_route_set(e, 9, 8, 0, 0);
        vc_engine_slot_del(e, 9, 0);
        if (i == 249) {
            vc_engine_track_mute(e, 8, 1, 0);
            vc_engine_track_mute(e, 8, 0, 0);
        }
        settle(&c);
    }
    CHECK_EQUAL(wrong, 0);
    CHECK_EQUAL(harness_counter(&c.h, "commands_refused"), 0);
    CHECK_EQUAL(atomic_load(&allocations), before);
    close_call(&c);
}

static void stopping_wakes_an_idle_engine_at_once(void)
{
    for (int i = 0; i < 50; i++) {
        harness h = harness_open();
        pthread_t thread;
        pthread_create(&thread, NULL, run, h.engine);
        if (i % 2)
            while (vc_engine_sched(h.engine) == VC_SCHED_PENDING)
                ;
        vc_engine_stop(h.engine);
        pthread_join(thread, NULL); /* hangs when the wake-up was missed */
        CHECK(vc_engine_sched(h.engine) != VC_SCHED_PENDING);
        harness_close(&h);
    }
}

static void senseless_configurations_are_refused(void)
{
    vc_config config = {.udp4_fd = -1, .udp6_fd = -1};
    CHECK(vc_engine_new(&config) == NULL);
    harness h = harness_open();
    CHECK_EQUAL(vc_engine_peer_add(h.engine, -1, 0, 0), VC_ERR_RANGE);
    CHECK_EQUAL(vc_engine_peer_add(h.engine, 16, 0, 0), VC_ERR_RANGE);
    CHECK_EQUAL(vc_engine_peer_keys(h.engine, 0, 0, 1, 0), VC_ERR_RANGE);
    CHECK_EQUAL(vc_engine_route_set(h.engine, 64, 0, 0, 0), VC_ERR_RANGE);
    CHECK_EQUAL(vc_engine_route_set(h.engine, 0, 16, 0, 0), VC_ERR_RANGE);
    CHECK_EQUAL(vc_engine_track_add(h.engine, 0, 0, 3, 1, 111, 48000, 0, 0), VC_ERR_RANGE);
    CHECK_EQUAL(vc_engine_track_add(h.engine, 0, 0, 1, 1, 128, 48000, 0, 0), VC_ERR_RANGE);
    CHECK_EQUAL(vc_engine_track_add(h.engine, 0, 0, 1, 1, 111, 48000, 15, 0), VC_ERR_RANGE);
    CHECK_EQUAL(vc_engine_video_add(h.engine, 0, 0, VC_SSRC_UNNAMED, "", "h", 0, 0), VC_ERR_RANGE);
    CHECK_EQUAL(vc_engine_video_add(h.engine, 0, 0, 1, "longer than sixteen", "", 0, 0), VC_ERR_RANGE);
    CHECK_EQUAL(vc_engine_video_add(h.engine, 0, 0, 1, "v", "over eight", 0, 0), VC_ERR_RANGE);
    CHECK_EQUAL(vc_engine_track_mid(h.engine, 0, "", 0), VC_ERR_RANGE);
    CHECK_EQUAL(vc_engine_video_slot_add(h.engine, 0, 0, 7, 7, "c", 0), VC_ERR_RANGE);
    CHECK_EQUAL(vc_engine_peer_estimate(h.engine, 0, 5, 4, 6, 0), VC_ERR_RANGE);
    CHECK_EQUAL(vc_engine_slot_add(h.engine, 0, 0, 1, 96, 48000, 0, "longer than twenty-four bytes", 0), VC_ERR_RANGE);
    CHECK(vc_counter_name(-1) == NULL && vc_counter_name(vc_counter_count()) == NULL);
    CHECK_EQUAL(vc_engine_histogram(h.engine, 7, NULL, 0), VC_ERR_RANGE);
    CHECK(vc_engine_peer_bytes() <= 32 * 1024);
    harness_close(&h);
}

int main(void)
{
    what_comes_after_a_command_finds_it_in_force();
    voice_passes_while_control_churns();
    packets_and_commands_allocate_nothing();
    video_passes_while_control_churns_and_allocates_nothing();
    stopping_wakes_an_idle_engine_at_once();
    senseless_configurations_are_refused();
    return check_report("engine");
}

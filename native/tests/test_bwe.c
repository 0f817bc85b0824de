/* The estimate of a path, over a link made of arithmetic: what it carries is found, and forged feedback is harmless.
 * The receiver's feedback is that of vc_twcc.c, whose proof is a decoder in Python. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "vc_bwe.h"
#include "vc_bytes.h"
#include "vc_prober.h"
#include "vc_twcc.h"

enum {
    PACKET = 1200,
    STEP_US = 1000,
    PROPAGATION_US = 20000,
    QUEUE_US = 300000, /* what does not fit is lost */
    FLIGHT = 8192,
    MIN_BPS = 100000,
    MAX_BPS = 100000000,
};

typedef struct {
    uint64_t arrives_us;
    uint16_t seq;
} flying;

/* A sender that follows its estimate in frames, a bottleneck, a receiver. */
typedef struct {
    vc_bwe bwe;
    vc_twcc twcc;
    uint64_t now_us, link_free_us, frame_us, feedback_us;
    double capacity_bps, source_bps; /* source_bps 0 = as much as is estimated */
    double owed_bytes;
    int frames_per_s, jitter_us, lost_percent;
    flying flight[FLIGHT];
    uint32_t head, tail;
    uint8_t feedback[VC_TWCC_BYTES_MAX];
    size_t feedback_size;
    uint64_t feedback_arrives_us;
    bool is_mute; /* the receiver tells nothing */
    int doubts;
    vc_prober prober;
    uint64_t probe_us; /* its next step */
    int probes, padding;
    double least_bps, most_bps, mean_bps; /* of the last run */
} path;

static path *path_open(double capacity_bps, uint32_t start_bps)
{
    path *p = calloc(1, sizeof *p);
    p->now_us = 1000000000;
    p->capacity_bps = capacity_bps;
    p->frames_per_s = 30;
    srand(7);
    vc_bwe_init(&p->bwe, MIN_BPS, start_bps, MAX_BPS, 65500);
    vc_twcc_init(&p->twcc, p->now_us);
    return p;
}

static void send_packet(path *p, int size)
{
    uint16_t seq = vc_bwe_next(&p->bwe);
    vc_bwe_sent(&p->bwe, (size_t)size, p->now_us);
    uint64_t begins_us = p->link_free_us > p->now_us ? p->link_free_us : p->now_us;
    if (begins_us - p->now_us > QUEUE_US || rand() % 100 < p->lost_percent)
        return;
    p->link_free_us = begins_us + (uint64_t)(size * 8 * 1e6 / p->capacity_bps);
    uint64_t jitter_us = p->jitter_us > 0 ? (uint64_t)(rand() % p->jitter_us) : 0;
    p->flight[p->head++ % FLIGHT] = (flying){p->link_free_us + PROPAGATION_US + jitter_us, seq};
}

static void send_frame(path *p)
{
    double bps = p->source_bps > 0 ? p->source_bps : vc_bwe_estimate(&p->bwe);
    p->owed_bytes += bps / 8 / p->frames_per_s;
    for (; p->owed_bytes >= PACKET; p->owed_bytes -= PACKET)
        send_packet(p, PACKET);
    p->frame_us = p->now_us + 1000000 / (uint64_t)p->frames_per_s;
}

/* As on the wheel, whose ticks are 8 ms. */
static void step_prober(path *p)
{
    uint64_t again_us;
    vc_probe_state before = p->prober.state;
    int n = vc_prober_step(&p->prober, &p->bwe, true, p->now_us, &again_us);
    p->padding += n;
    p->probes += before != VC_PROBE_SENDING && p->prober.state == VC_PROBE_SENDING;
    while (n-- > 0)
        send_packet(p, VC_PROBE_BYTES);
    p->probe_us = again_us == 0 ? UINT64_MAX : ((p->now_us + again_us) / 8000 + 1) * 8000;
}

static void take_feedback(path *p)
{
    size_t offset = 0;
    vc_rtcp_packet packet;
    CHECK(vc_rtcp_next(p->feedback, p->feedback_size, &offset, &packet));
    CHECK_EQUAL(vc_bwe_feedback(&p->bwe, &packet, p->now_us), VC_OK);
    p->feedback_size = 0;
}

static void path_run(path *p, int seconds)
{
    uint64_t end_us = p->now_us + (uint64_t)seconds * 1000000;
    p->least_bps = MAX_BPS;
    p->most_bps = p->mean_bps = 0;
    for (; p->now_us < end_us; p->now_us += STEP_US) {
        if (p->now_us >= p->frame_us)
            send_frame(p);
        for (; p->tail != p->head && p->flight[p->tail % FLIGHT].arrives_us <= p->now_us; p->tail++)
            vc_twcc_arrived(&p->twcc, p->flight[p->tail % FLIGHT].seq, p->flight[p->tail % FLIGHT].arrives_us);
        if (p->feedback_size > 0 && p->now_us >= p->feedback_arrives_us)
            take_feedback(p);
        if (p->prober.wanted_bps != 0 && p->now_us >= p->probe_us)
            step_prober(p);
        if (p->now_us % 1000000 == 0)
            p->doubts += vc_bwe_doubt(&p->bwe, p->now_us);
        if (p->is_mute)
            p->feedback_size = 0;
        else if (p->feedback_size == 0 && vc_twcc_is_due(&p->twcc, p->now_us)) {
            p->feedback_size = vc_twcc_write(&p->twcc, p->feedback, sizeof p->feedback, 1, 2, p->now_us);
            p->feedback_arrives_us = p->now_us + PROPAGATION_US;
        }
        double bps = vc_bwe_estimate(&p->bwe);
        p->least_bps = bps < p->least_bps ? bps : p->least_bps;
        p->most_bps = bps > p->most_bps ? bps : p->most_bps;
        p->mean_bps += bps * STEP_US / 1e6 / seconds;
    }
}

static void it_finds_what_a_link_carries(double capacity_bps, uint32_t start_bps, int jitter_us, int frames_per_s)
{
    path *p = path_open(capacity_bps, start_bps);
    p->jitter_us = jitter_us;
    p->frames_per_s = frames_per_s;
    path_run(p, 20);
    path_run(p, 20);
    CHECK(p->least_bps >= 0.70 * capacity_bps);
    CHECK(p->mean_bps <= 1.05 * capacity_bps);
    CHECK(p->most_bps <= 1.07 * capacity_bps); /* a queue must begin to grow before it is noticed */
    free(p);
}

static void it_follows_a_link_that_halves_and_recovers(void)
{
    path *p = path_open(4e6, 500000);
    path_run(p, 20);
    p->capacity_bps = 2e6;
    path_run(p, 3);
    CHECK(vc_bwe_estimate(&p->bwe) <= 1.05 * 2e6);
    path_run(p, 10);
    CHECK(p->least_bps >= 0.6 * 2e6);
    CHECK(p->most_bps <= 1.1 * 2e6);
    p->capacity_bps = 4e6;
    path_run(p, 60);
    CHECK(vc_bwe_estimate(&p->bwe) >= 0.7 * 4e6);
    free(p);
}

/* What a layer that is tried brings shows at once; what is not sent shows nothing. */
static void a_source_below_the_link_is_not_held_down(void)
{
    path *p = path_open(20e6, 2000000);
    p->source_bps = 300000;
    path_run(p, 10);
    CHECK(p->least_bps >= 2e6);
    CHECK(p->most_bps <= 2.1e6);
    p->source_bps = 6e6;
    path_run(p, 2);
    CHECK(vc_bwe_estimate(&p->bwe) >= 6e6);
    p->source_bps = 300000;
    path_run(p, 20);
    CHECK(p->least_bps >= 6e6);
    free(p);
}

static void losses_lower_it_and_few_do_not(void)
{
    path *p = path_open(50e6, 2000000);
    p->source_bps = 2e6;
    path_run(p, 5);
    double before = vc_bwe_estimate(&p->bwe);
    p->lost_percent = 30;
    path_run(p, 5);
    CHECK(vc_bwe_estimate(&p->bwe) < before / 2);
    free(p);
    p = path_open(50e6, 2000000);
    p->source_bps = 2e6;
    p->lost_percent = 1;
    path_run(p, 10);
    CHECK(p->least_bps >= 1.9e6);
    free(p);
}

/* 0.8 to the power of 8 is about a sixth. */
static void what_nobody_tells_of_is_doubted_while_it_is_sent(void)
{
    path *p = path_open(8e6, 2000000);
    p->source_bps = 4e6;
    path_run(p, 10);
    double before = vc_bwe_estimate(&p->bwe);
    CHECK_EQUAL(p->doubts, 0);
    p->is_mute = true;
    path_run(p, 2);
    CHECK_EQUAL(p->doubts, 0);
    path_run(p, 8);
    CHECK(p->doubts >= 7 && p->doubts <= 9);
    CHECK(vc_bwe_estimate(&p->bwe) < before / 4 && vc_bwe_estimate(&p->bwe) > before / 8);
    path_run(p, 60);
    CHECK_EQUAL(vc_bwe_estimate(&p->bwe), MIN_BPS);
    p->is_mute = false;
    path_run(p, 10);
    CHECK(vc_bwe_estimate(&p->bwe) > 3e6);
    free(p);
}

static void where_nothing_is_sent_it_stands(void)
{
    path *p = path_open(8e6, 2000000);
    p->source_bps = 4e6;
    path_run(p, 10);
    double before = vc_bwe_estimate(&p->bwe);
    p->source_bps = 1;
    path_run(p, 60);
    CHECK(p->least_bps >= before * 0.99);
    p->is_mute = true;
    path_run(p, 60);
    CHECK(p->least_bps >= before * 0.99);
    CHECK_EQUAL(p->doubts, 0);
    free(p);
}

static void another_path_is_estimated_anew(void)
{
    path *p = path_open(20e6, 1000000);
    path_run(p, 30);
    CHECK(vc_bwe_estimate(&p->bwe) > 10e6);
    vc_bwe_restart(&p->bwe, 0);
    CHECK_EQUAL(vc_bwe_estimate(&p->bwe), 1000000);
    p->capacity_bps = 2e6;
    path_run(p, 10);
    path_run(p, 20);
    CHECK(p->least_bps >= 0.7 * 2e6 && p->most_bps <= 1.1 * 2e6);
    vc_bwe_restart(&p->bwe, 10000000);
    CHECK_EQUAL(vc_bwe_estimate(&p->bwe), 10000000);
    p->capacity_bps = 20e6;
    path_run(p, 10);
    CHECK(p->least_bps >= 8e6);
    free(p);
}

/* Little is sent, and more is wanted than is estimated. */
static path *wanting(double capacity_bps, uint32_t start_bps, uint32_t wanted_bps)
{
    path *p = path_open(capacity_bps, start_bps);
    p->source_bps = 200000;
    path_run(p, 5);
    vc_prober_want(&p->prober, wanted_bps);
    return p;
}

static void a_probe_finds_what_is_wanted_where_nothing_shows_it(void)
{
    path *p = wanting(8e6, 300000, 4000000);
    CHECK(vc_bwe_estimate(&p->bwe) < 500000);
    path_run(p, 5);
    CHECK(vc_bwe_estimate(&p->bwe) >= 4000000 && vc_bwe_estimate(&p->bwe) <= 4500000);
    CHECK(p->probes >= 3 && p->probes <= 5); /* twice as much each time */
    int found = p->probes;
    path_run(p, 60);
    CHECK_EQUAL(p->probes, found); /* it is known */
    CHECK(p->least_bps >= 4000000);
    free(p);
}

static void a_probe_finds_the_end_of_a_link_and_harms_nothing(double capacity_bps, int jitter_us)
{
    path *p = wanting(capacity_bps, 300000, 8000000);
    p->jitter_us = jitter_us;
    double before = vc_bwe_estimate(&p->bwe);
    path_run(p, 30);
    CHECK(p->least_bps >= before * 0.99);
    CHECK(vc_bwe_estimate(&p->bwe) >= 0.8 * capacity_bps);
    CHECK(vc_bwe_estimate(&p->bwe) <= 1.1 * capacity_bps);
    int found = p->probes;
    path_run(p, 300);
    CHECK(p->least_bps >= 0.8 * capacity_bps && p->most_bps <= 1.15 * capacity_bps);
    CHECK(p->probes - found >= 4 && p->probes - found <= 12); /* less and less often, up to once a minute */
    free(p);
}

static void a_probe_of_a_full_link_says_nothing_and_ends(void)
{
    path *p = path_open(600000, 300000);
    path_run(p, 20);
    vc_prober_want(&p->prober, 2000000);
    path_run(p, 120);
    CHECK(p->least_bps >= 0.6 * 600000 && p->most_bps <= 1.2 * 600000);
    CHECK(p->padding < 2000);
    vc_prober_want(&p->prober, 0);
    path_run(p, 10);
    int sent = p->padding;
    path_run(p, 60);
    CHECK_EQUAL(p->padding, sent);
    free(p);
}

static void nobody_is_probed_who_tells_nothing(void)
{
    path *p = wanting(8e6, 300000, 4000000);
    p->is_mute = true;
    path_run(p, 60);
    CHECK(p->probes <= 1);
    CHECK_EQUAL(vc_bwe_estimate(&p->bwe), MIN_BPS); /* doubted */
    free(p);
}

static void it_is_told_seldom(void)
{
    path *p = path_open(2e6, 300000);
    int told = 0;
    CHECK(!vc_bwe_is_news(&p->bwe, p->now_us));
    for (int i = 0; i < 10; i++) {
        path_run(p, 1);
        if (!vc_bwe_is_news(&p->bwe, p->now_us))
            continue;
        vc_bwe_told(&p->bwe, p->now_us);
        CHECK(!vc_bwe_is_news(&p->bwe, p->now_us + 1000000)); /* nothing changed */
        told++;
    }
    CHECK(told > 0);
    free(p);
}

/* ---- forged feedback ---- */

static int forge(vc_bwe *b, uint16_t base, uint16_t count, uint32_t reference, const uint8_t *rest, size_t length)
{
    uint8_t *body = malloc(16 + length); /* exactly as long, for the sanitizer */
    vc_put32(body, 1);
    vc_put32(body + 4, 2);
    vc_put16(body + 8, base);
    vc_put16(body + 10, count);
    vc_put32(body + 12, reference << 8);
    if (length > 0)
        memcpy(body + 16, rest, length);
    vc_rtcp_packet packet = {VC_RTCP_RTPFB, VC_RTCP_FB_TRANSPORT, body, 16 + length};
    int status = vc_bwe_feedback(b, &packet, 1000000);
    free(body);
    return status;
}

static void what_is_malformed_changes_nothing(void)
{
    vc_bwe *b = malloc(sizeof *b), *before = malloc(sizeof *b);
    vc_bwe_init(b, MIN_BPS, 500000, MAX_BPS, 65530);
    for (int i = 0; i < 19; i++)
        vc_bwe_sent(b, PACKET, 1000);
    memcpy(before, b, sizeof *b);
    CHECK_EQUAL(forge(b, 65530, 0, 1, NULL, 0), VC_ERR_RANGE);
    CHECK_EQUAL(forge(b, 65530, 3, 1, NULL, 0), VC_ERR_RANGE);                                 /* no chunk */
    CHECK_EQUAL(forge(b, 65530, 3, 1, (uint8_t[]){0x20}, 1), VC_ERR_RANGE);                    /* half a chunk */
    CHECK_EQUAL(forge(b, 65530, 3, 1, (uint8_t[]){0x20, 3, 1, 1}, 4), VC_ERR_RANGE);           /* a delta too few */
    CHECK_EQUAL(forge(b, 65530, 2, 1, (uint8_t[]){0x40, 2, 0, 1, 1}, 5), VC_ERR_RANGE);        /* half of one */
    CHECK_EQUAL(forge(b, 65530, 3, 1, (uint8_t[]){0x60, 3, 1, 1, 1, 1}, 6), VC_ERR_RANGE);     /* reserved */
    CHECK_EQUAL(forge(b, 65530, 3, 1, (uint8_t[]){0x20, 0, 0x20, 0}, 4), VC_ERR_RANGE);        /* empty runs */
    CHECK_EQUAL(forge(b, 65530, 0xffff, 1, (uint8_t[]){0x1f, 0xff, 0x1f, 0xff}, 4), VC_ERR_RANGE);
    CHECK_EQUAL(forge(b, 65530, 20, 1, (uint8_t[]){0, 20}, 2), VC_ERR_NOT_FOUND);              /* one too many */
    CHECK_EQUAL(forge(b, 13, 1, 1, (uint8_t[]){0, 1}, 2), VC_ERR_NOT_FOUND);                   /* the next */
    CHECK_EQUAL(forge(b, 30000, 1, 1, (uint8_t[]){0, 1}, 2), VC_ERR_NOT_FOUND);
    CHECK(memcmp(before, b, sizeof *b) == 0);
    CHECK_EQUAL(forge(b, 65530, 19, 1, (uint8_t[]){0, 19}, 2), VC_OK); /* around, all of them lost */
    CHECK_EQUAL(b->lost, 19);
    CHECK_EQUAL(forge(b, 65520, 4, 1, (uint8_t[]){0, 4}, 2), VC_OK); /* before the first: of nothing */
    CHECK_EQUAL(b->known, 19);
    CHECK_EQUAL(forge(b, 65530, 14, 1, (uint8_t[]){0xbf, 0xff, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 16), VC_OK);
    CHECK_EQUAL(b->lost, 5); /* the others came late */
    free(b);
    free(before);
}

static void feedback_on_packets_of_another_path_says_nothing(void)
{
    vc_bwe *b = malloc(sizeof *b);
    vc_bwe_init(b, MIN_BPS, 500000, MAX_BPS, 65530);
    for (int i = 0; i < 10; i++)
        vc_bwe_sent(b, PACKET, 1000);
    vc_bwe_restart(b, 0);
    for (int i = 0; i < 3; i++)
        vc_bwe_sent(b, PACKET, 2000);
    CHECK_EQUAL(forge(b, 65530, 13, 1, (uint8_t[]){0, 13}, 2), VC_OK);
    CHECK_EQUAL(b->known, 3);
    free(b);
}

/* Twelve packets at 1.2 Mbit/s, all of which arrive at once. */
static void a_probe_shows_no_more_than_was_sent(void)
{
    vc_bwe *b = malloc(sizeof *b);
    vc_bwe_init(b, MIN_BPS, 500000, MAX_BPS, 65530);
    vc_bwe_probe_begin(b);
    for (int i = 0; i < 12; i++)
        vc_bwe_sent(b, 300, 1000000 + (uint64_t)(i / 4) * 8000);
    vc_bwe_probe_sent(b);
    CHECK(!vc_bwe_probe_is_told(b));
    uint8_t rest[14] = {0x20, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    CHECK_EQUAL(forge(b, 65530, 12, 1, rest, sizeof rest), VC_OK);
    CHECK(vc_bwe_probe_is_told(b));
    CHECK(vc_bwe_probe_end(b));
    CHECK_EQUAL(vc_bwe_estimate(b), 1200000);
    CHECK(!vc_bwe_probe_end(b)); /* of nothing */
    vc_bwe_probe_begin(b);
    for (int i = 0; i < 12; i++)
        vc_bwe_sent(b, 600, 1000000 + (uint64_t)(i / 4) * 8000);
    vc_bwe_probe_sent(b);
    CHECK_EQUAL(forge(b, 6, 12, 1, (uint8_t[]){0, 12}, 2), VC_OK); /* all of it lost */
    CHECK(!vc_bwe_probe_end(b));
    CHECK_EQUAL(vc_bwe_estimate(b), 1200000);
    free(b);
}

static void forged_times_leave_it_within_its_bounds(void)
{
    static const uint32_t REFERENCES[] = {0, 1, 0x7fffff, 0x800000, 0xffffff, 5, 160, 320};
    vc_bwe *b = malloc(sizeof *b);
    srand(21);
    for (int kind = 0; kind < 4; kind++) {
        vc_bwe_init(b, MIN_BPS, 500000, 3000000, 60000);
        for (uint32_t round = 0; round < 20000; round++) {
            uint8_t rest[2 + 14];
            uint16_t base = vc_bwe_next(b);
            for (int i = 0; i < 7; i++)
                vc_bwe_sent(b, PACKET, 1000000 + round * 33000);
            vc_put16(rest, 0x4007); /* seven long deltas */
            for (int i = 0; i < 7; i++)
                vc_put16(rest + 2 + 2 * i, (uint16_t)(kind == 0 ? 0x8000 : kind == 1 ? 0x7fff : rand()));
            uint32_t reference = kind == 3 ? (uint32_t)rand() & 0xffffff : REFERENCES[round % 8];
            CHECK(forge(b, base, 7, reference, rest, sizeof rest) == VC_OK);
            CHECK(vc_bwe_estimate(b) >= MIN_BPS && vc_bwe_estimate(b) <= 3000000);
        }
    }
    b->bps = 0.0 / (double)(b->next - b->next);
    vc_bwe_bound(b, MIN_BPS, 3000000);
    CHECK_EQUAL(vc_bwe_estimate(b), MIN_BPS);
    free(b);
}

int main(void)
{
    static const double CAPACITIES[] = {0.5e6, 2e6, 8e6};
    for (int i = 0; i < 3; i++) {
        it_finds_what_a_link_carries(CAPACITIES[i], 300000, 0, 30);
        it_finds_what_a_link_carries(CAPACITIES[i], 2000000, 0, 30);
        it_finds_what_a_link_carries(CAPACITIES[i], 300000, 4000, 30);
        it_finds_what_a_link_carries(CAPACITIES[i], 2000000, 4000, 15);
    }
    it_follows_a_link_that_halves_and_recovers();
    a_source_below_the_link_is_not_held_down();
    losses_lower_it_and_few_do_not();
    what_nobody_tells_of_is_doubted_while_it_is_sent();
    where_nothing_is_sent_it_stands();
    another_path_is_estimated_anew();
    a_probe_finds_what_is_wanted_where_nothing_shows_it();
    a_probe_finds_the_end_of_a_link_and_harms_nothing(1e6, 0);
    a_probe_finds_the_end_of_a_link_and_harms_nothing(1e6, 4000);
    a_probe_finds_the_end_of_a_link_and_harms_nothing(3e6, 4000);
    a_probe_of_a_full_link_says_nothing_and_ends();
    nobody_is_probed_who_tells_nothing();
    it_is_told_seldom();
    what_is_malformed_changes_nothing();
    feedback_on_packets_of_another_path_says_nothing();
    a_probe_shows_no_more_than_was_sent();
    forged_times_leave_it_within_its_bounds();
    return check_report("bwe");
}

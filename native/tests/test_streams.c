/* Numbers over time: rewriting, reception, speech, buckets, timers, histogram.  Time is an argument. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "vc_hist.h"
#include "vc_meter.h"
#include "vc_reception.h"
#include "vc_rewrite.h"
#include "vc_speech.h"
#include "vc_twcc.h"
#include "vc_wheel.h"

enum { CLOCK = 48000, FRAME = 960, FRAME_US = 20000 };

static vc_rewritten next(vc_rewriter *r, uint32_t ext, uint32_t ts, uint64_t now_us)
{
    vc_rewritten out = {0, 0, false};
    CHECK_EQUAL(vc_rewriter_next(r, ext, ts, now_us, &out), VC_OK);
    return out;
}

static void first_packets_start_low_and_marked(void)
{
    for (uint32_t seed = 0; seed < 70000; seed += 33) {
        vc_rewriter r;
        vc_rewriter_init(&r, CLOCK, seed, 5);
        vc_rewritten out = next(&r, 65535, 0xffffffff, 1);
        CHECK(out.seq == (seed & 0x7fff) && out.ts == 5 && out.starts_stretch);
    }
}

static void wraps_are_steps_like_any_other(void)
{
    vc_rewriter r;
    vc_rewriter_init(&r, CLOCK, 32767, 0xffffffff - FRAME);
    uint64_t now_us = 1000;
    vc_rewritten before = next(&r, 0x1fffe, 0xffffff00, now_us);
    for (uint32_t i = 1; i < 100000; i++) {
        vc_rewritten out = next(&r, 0x1fffe + i, 0xffffff00 + i * FRAME, now_us += FRAME_US);
        if ((uint16_t)(out.seq - before.seq) != 1 || out.ts - before.ts != FRAME || out.starts_stretch)
            CHECK_EQUAL(out.seq, before.seq + 1);
        before = out;
    }
}

static void a_cut_goes_on_by_one_and_by_the_clock(void)
{
    vc_rewriter r;
    vc_rewriter_init(&r, CLOCK, 10, 0);
    vc_rewritten a = next(&r, 500, 70000, 1000000);
    vc_rewriter_cut(&r);
    vc_rewritten b = next(&r, 9, 3, 4030000); /* 3.03 s later: 151.5 frames */
    CHECK_EQUAL(b.seq, a.seq + 1);
    CHECK_EQUAL(b.ts - a.ts, 152 * FRAME);
    CHECK(b.starts_stretch);
    vc_rewriter_cut(&r);
    vc_rewritten c = next(&r, 1000, 1, 4030000); /* at once: at least a frame */
    CHECK_EQUAL(c.ts - b.ts, FRAME);
    vc_rewritten none;
    CHECK_EQUAL(vc_rewriter_next(&r, 999, 1, 4040000, &none), VC_ERR_RANGE);
}

/* A look-back begins in the past, a second seam comes at once: both run ahead of the clock, and it is given back. */
static void what_seams_are_too_long_never_adds_up(void)
{
    vc_rewriter r;
    vc_rewriter_init(&r, CLOCK, 10, 0);
    uint64_t now_us = 1000000;
    vc_rewritten a = next(&r, 1, 0, now_us), last = a;
    for (uint32_t i = 1; i <= 1000; i++) {
        vc_rewriter_cut(&r);
        now_us += 300000;
        next(&r, 5 * i, 7000 * i, now_us - 10000);
        vc_rewriter_cut(&r);
        for (uint32_t back = 3; back-- > 0;)
            last = next(&r, 10 * i + 2 - back, 9000 * i + (2 - back) * FRAME, now_us - back * FRAME_US);
    }
    int32_t ahead = (int32_t)(last.ts - a.ts - 300 * 1000 * 48);
    CHECK(ahead >= -FRAME && ahead <= 5 * FRAME);
}

/* A sound card a thousandth too fast or slow, networks that hold packets back: hours of it, and every seam on the
 * clock again, by a frame and what the network holds back just then. */
static void what_stretches_end_off_the_clock_never_adds_up(void)
{
    for (int32_t skew_us = -20; skew_us <= 20; skew_us += 20) {
        vc_rewriter r;
        vc_rewriter_init(&r, CLOCK, 10, 0);
        uint32_t ext = 1, ts = 0, first_ts = next(&r, ext, ts, 1000000).ts;
        uint64_t now_us = 1000000;
        srand(7);
        for (int stretch = 0; stretch < 2000; stretch++) {
            for (int i = 0; i < 250; i++) {
                now_us += (uint64_t)(FRAME_US + skew_us);
                int32_t late_us = rand() % 100 == 0 ? rand() % 200000 : 0;
                next(&r, ++ext, ts += FRAME, now_us + (uint64_t)late_us);
            }
            vc_rewriter_cut(&r);
            now_us += 1000000;
            ts += CLOCK / 3;
            int32_t late_us = stretch % 10 == 0 ? rand() % 150000 : 0; /* a seam within what was held back */
            vc_rewritten seam = next(&r, ++ext, ts, now_us + (uint64_t)late_us);
            int32_t off = (int32_t)(seam.ts - first_ts - (uint32_t)((now_us - 1000000) * 6 / 125));
            if (off < -FRAME || off > FRAME + late_us * 6 / 125)
                CHECK_EQUAL(off, 0);
        }
    }
    CHECK(true);
}

static void a_stretch_that_began_late_returns_to_the_clock_in_the_next_silence(void)
{
    for (uint64_t late_us = 0; late_us <= 180000; late_us += 5000) {
        vc_rewriter r;
        vc_rewriter_init(&r, CLOCK, 10, 0);
        vc_rewritten a = next(&r, 1, 0, 1000000);
        vc_rewriter_cut(&r);
        uint64_t now_us = 3000000;
        next(&r, 100, 7, now_us + late_us);
        for (uint32_t i = 1; i <= 50; i++, now_us += FRAME_US) /* those behind it come at once, then on time */
            next(&r, 100 + i, 7 + i * FRAME, now_us < 3000000 + late_us ? 3000000 + late_us : now_us);
        vc_rewritten silence = next(&r, 151, 7 + 70 * FRAME, 3000000 + 70 * FRAME_US);
        int32_t off = (int32_t)(silence.ts - a.ts - 2 * CLOCK - 70 * FRAME);
        CHECK(off >= -2 * FRAME && off <= 3 * FRAME);
    }
}

static void a_stretch_is_finished_one_frame_after_its_newest(void)
{
    vc_rewriter r;
    vc_rewriter_init(&r, CLOCK, 10, 0);
    vc_rewritten a = next(&r, 500, 70000, 1000000);
    vc_rewritten end = vc_rewriter_finish(&r, FRAME, 1000000 + FRAME_US);
    CHECK(end.seq == (uint16_t)(a.seq + 1) && end.ts == a.ts + FRAME && !end.starts_stretch);
    vc_rewritten b = next(&r, 501, 70000 + FRAME, 1000000 + FRAME_US); /* at the same moment: after it all the same */
    CHECK(b.seq == (uint16_t)(end.seq + 1) && b.ts == end.ts + FRAME && b.starts_stretch);
    vc_rewriter_finish(&r, FRAME, 1000000 + FRAME_US);
    vc_rewritten c = next(&r, 600, 80000, 2000000 + FRAME_US); /* a second after b: time did not stand still */
    CHECK_EQUAL(c.ts - a.ts, 51 * FRAME);
}

static void what_ends_a_stretch_whose_source_had_paused_follows_the_clock(void)
{
    vc_rewriter r;
    vc_rewriter_init(&r, CLOCK, 10, 0);
    vc_rewritten a = next(&r, 500, 70000, 1000000);
    vc_rewritten end = vc_rewriter_finish(&r, FRAME, 43000000);
    CHECK(end.seq == (uint16_t)(a.seq + 1) && end.ts - a.ts == 42 * CLOCK);
    vc_rewritten b = next(&r, 501, 80000, 44000000);
    CHECK_EQUAL(b.ts - a.ts, 43 * CLOCK);
}

static void a_paused_source_follows_the_clock_and_dtx_is_no_pause(void)
{
    vc_rewriter r;
    vc_rewriter_init(&r, CLOCK, 10, 0);
    vc_rewritten a = next(&r, 1, 0, 0);
    vc_rewritten dtx = next(&r, 2, 20 * FRAME, 20 * FRAME_US);
    CHECK(!dtx.starts_stretch && dtx.ts - a.ts == 20 * FRAME);
    vc_rewritten after = next(&r, 3, 21 * FRAME, 6 * 1000000 + 20 * FRAME_US); /* replaceTrack(null) for 6 s */
    CHECK(after.starts_stretch && after.seq == (uint16_t)(dtx.seq + 1));
    CHECK_EQUAL(after.ts - dtx.ts, 300 * FRAME);
    vc_rewritten late;
    CHECK_EQUAL(vc_rewriter_next(&r, 2, 20 * FRAME, 6500000, &late), VC_ERR_RANGE);
    vc_rewritten jump = next(&r, 4, 900000000, 6 * 1000000 + 21 * FRAME_US); /* the source's clock restarts */
    CHECK(jump.starts_stretch);
    CHECK_EQUAL(jump.ts - after.ts, FRAME);
    CHECK_EQUAL(vc_rewriter_ts_at(&r, 7 * 1000000 + 21 * FRAME_US) - jump.ts, CLOCK);
}

/* Numbers of 16 bits are the same again after 65536: whoever counts their rounds must not be led astray. */
static void a_leap_of_half_a_round_begins_a_stretch(void)
{
    static const uint32_t leaps[] = {0x8000, 0xffff, 0x10000, 0x10001, 0x7fffffff};
    vc_rewriter r;
    vc_rewritten none;
    vc_rewriter_init(&r, CLOCK, 10, 0);
    next(&r, 1, 0, 1000000);
    vc_rewritten before = next(&r, 1 + 0x7fff, FRAME, 1000000 + FRAME_US);
    CHECK(!before.starts_stretch && before.seq == 10 + 0x7fff);
    uint32_t ext = 1 + 0x7fff;
    for (uint32_t i = 0; i < sizeof leaps / sizeof *leaps; i++) {
        vc_rewritten out = next(&r, ext += leaps[i], (2 + i) * FRAME, 1000000 + (2 + i) * FRAME_US);
        CHECK(out.starts_stretch && out.seq == (uint16_t)(before.seq + 1));
        before = out;
    }
    vc_rewriter_init(&r, CLOCK, 10, 0);
    for (uint32_t i = 0; i < 3; i++)
        next(&r, i * 0x7fff, i * FRAME, 1000000 + i * FRAME_US);
    CHECK_EQUAL(vc_rewriter_next(&r, 2 * 0x7fff, 2 * FRAME, 1060000, &none), VC_ERR_RANGE); /* once more */
    CHECK_EQUAL(vc_rewriter_next(&r, 0x7fff - 1, FRAME, 1060000, &none), VC_ERR_RANGE);
    CHECK_EQUAL(next(&r, 0x7fff, FRAME, 1060000).seq, 10 + 0x7fff);
}

/* Whatever happens, one sequence number never stands for two packets: GCM's nonce depends on it. */
static void no_number_is_used_twice(void)
{
    static uint8_t used[1 << 16];
    srand(3);
    for (int run = 0; run < 50; run++) {
        vc_rewriter r;
        vc_rewriter_init(&r, CLOCK, (uint32_t)rand(), 0);
        memset(used, 0, sizeof used);
        static uint8_t sent[1 << 16]; /* of the source, so that no packet comes twice (replay protection) */
        memset(sent, 0, sizeof sent);
        uint32_t ext = 1 << 16;
        uint64_t now_us = 0;
        for (int i = 0; i < 20000; i++) {
            if (rand() % 50 == 0)
                vc_rewriter_cut(&r);
            if (rand() % 50 == 0 && r.in_stretch && used[vc_rewriter_finish(&r, FRAME, now_us).seq]++)
                CHECK_EQUAL(r.out_seq, -1);
            now_us += (uint64_t)(rand() % 1000 == 0 ? 2000000 : rand() % 40000);
            ext += (uint32_t)(rand() % 3);
            uint32_t which = ext - (uint32_t)(rand() % 20);
            vc_rewritten out;
            if (sent[which & 0xffff]++ || vc_rewriter_next(&r, which, which * FRAME, now_us, &out) != VC_OK)
                continue;
            if (used[out.seq]++)
                CHECK_EQUAL(out.seq, -1);
        }
    }
    CHECK(true);
}

static void losses_are_counted_over_wraps(void)
{
    vc_reception r = {0};
    vc_report_block block;
    for (uint32_t i = 0; i < 1000; i++)
        if (i % 4 != 0)
            vc_reception_add(&r, (uint16_t)(65000 + i), i * FRAME, i * FRAME);
    vc_reception_report(&r, 1, &block);
    CHECK_EQUAL(block.ext_seq, 65000 + 999);
    CHECK_EQUAL(block.lost, 249); /* the first of all was never expected */
    CHECK_EQUAL(block.fraction_lost, 249 * 256 / 999);
    CHECK_EQUAL(block.jitter, 0);
    CHECK_EQUAL(block.last_sr, 0);
    vc_reception_report(&r, 1, &block);
    CHECK_EQUAL(block.fraction_lost, 0);
    vc_reception_add(&r, (uint16_t)(65000 + 996), 0, 0); /* late after all */
    vc_reception_report(&r, 1, &block);
    CHECK_EQUAL(block.lost, 248);
    CHECK_EQUAL(block.fraction_lost, 0);
    vc_reception_sr(&r, 0x1122334455667788, 1000000);
    vc_reception_report(&r, 3000000, &block);
    CHECK_EQUAL(block.last_sr, 0x33445566);
    CHECK_EQUAL(block.since_sr, 2 * 65536);
}

static void reordered_first_packets_are_no_gain(void)
{
    vc_reception r = {0};
    vc_report_block block;
    uint32_t five = vc_reception_add(&r, 5, 0, 0), three = vc_reception_add(&r, 3, 0, 0);
    CHECK_EQUAL(five - three, 2);
    vc_reception_report(&r, 1, &block);
    CHECK_EQUAL(block.lost, 1);
    CHECK_EQUAL(block.ext_seq, 5);
}

static int packets_until_started(uint8_t level, uint32_t frame_us)
{
    vc_speech s = {0};
    for (int i = 1; i < 100; i++)
        if (vc_speech_add(&s, level, frame_us, (uint64_t)i * frame_us) == VC_SPEECH_STARTED)
            return i;
    return 0;
}

static void speech_starts_within_sixty_ms_and_noise_never(void)
{
    for (uint8_t level = 0; level <= 48; level++) {
        CHECK(packets_until_started(level, 20000) >= 1 && packets_until_started(level, 20000) <= 3);
        CHECK(packets_until_started(level, 10000) >= 1 && packets_until_started(level, 10000) <= 6);
    }
    for (int level = 56; level <= 255; level++)
        CHECK_EQUAL(packets_until_started((uint8_t)level, 20000), 0);
}

static void speech_stops_after_the_hang_and_not_between_words(void)
{
    vc_speech s = {0};
    uint64_t now_us = 0;
    for (int i = 0; i < 10; i++)
        vc_speech_add(&s, 30, 20000, now_us += 20000);
    CHECK(s.is_speaking);
    for (int i = 0; i < 10; i++) /* 200 ms between words */
        CHECK_EQUAL(vc_speech_add(&s, 127, 20000, now_us += 20000), VC_SPEECH_SAME);
    vc_speech_add(&s, 30, 20000, now_us += 20000);
    uint64_t last_us = now_us;
    while (vc_speech_add(&s, 127, 20000, now_us += 20000) == VC_SPEECH_SAME)
        ;
    CHECK(now_us - last_us >= 300000 && now_us - last_us <= 500000);
    vc_speech_add(&s, 10, 60000, now_us);
    CHECK(s.is_speaking);
    CHECK_EQUAL(vc_speech_sweep(&s, now_us + 100000), VC_SPEECH_SAME);
    CHECK_EQUAL(vc_speech_sweep(&s, now_us + 400000), VC_SPEECH_STOPPED);
    CHECK_EQUAL(vc_speech_silence(&s), VC_SPEECH_SAME);
}

static void a_bucket_gives_its_burst_then_its_rate(void)
{
    vc_bucket b = {0, 0};
    uint64_t now_us = 5000000;
    int taken = 0;
    for (int i = 0; i < 100; i++)
        taken += vc_bucket_take(&b, 50, 20, now_us);
    CHECK_EQUAL(taken, 20);
    for (int i = 0; i < 10000; i++)
        taken += vc_bucket_take(&b, 50, 20, now_us += 1000); /* ten seconds */
    CHECK_EQUAL(taken, 20 + 500);
    taken = 0;
    now_us += 3600000000u;
    for (int i = 0; i < 100; i++)
        taken += vc_bucket_take(&b, 50, 20, now_us);
    CHECK_EQUAL(taken, 20);
    CHECK(!vc_bucket_take(&b, 0, 20, now_us) && !vc_bucket_take(&b, 50, 0, now_us));
}

static void timers_fire_once_and_never_early(void)
{
    enum { THINGS = 300 };
    vc_wheel wheel;
    uint64_t due_us[THINGS], now_us = 123456789;
    srand(5);
    CHECK_EQUAL(vc_wheel_init(&wheel, THINGS, now_us), VC_OK);
    CHECK(vc_wheel_wait_us(&wheel, now_us) == UINT64_MAX);
    for (int i = 0; i < THINGS; i++) {
        uint64_t delay_us = (uint64_t)(rand() % 2000000);
        vc_wheel_arm(&wheel, i, now_us, 5);
        vc_wheel_arm(&wheel, i, now_us, delay_us); /* counts alone */
        due_us[i] = now_us + delay_us;
    }
    vc_wheel_disarm(&wheel, 7);
    int fired = 0;
    while (wheel.armed > 0) {
        uint64_t wait_us = vc_wheel_wait_us(&wheel, now_us);
        CHECK(wait_us <= 2048000);
        now_us += wait_us;
        for (int32_t thing; (thing = vc_wheel_take(&wheel, now_us)) >= 0; fired++)
            CHECK(thing != 7 && now_us >= due_us[thing] && now_us < due_us[thing] + 2 * VC_WHEEL_TICK_US);
    }
    CHECK_EQUAL(fired, THINGS - 1);
    for (int i = 0; i < THINGS; i++)
        vc_wheel_arm(&wheel, i, now_us, (uint64_t)i * 9000); /* over two seconds: kept within */
    for (fired = 0, now_us += 3600000000u; vc_wheel_take(&wheel, now_us) >= 0;) /* an hour asleep */
        fired++;
    CHECK_EQUAL(fired, THINGS);
    vc_wheel_free(&wheel);
}

static void buckets_of_the_histogram_are_narrow_and_in_order(void)
{
    CHECK_EQUAL(vc_hist_bucket(0), 0);
    CHECK_EQUAL(vc_hist_bucket(UINT64_MAX), VC_HIST_BUCKETS - 1);
    for (int i = 1; i < VC_HIST_BUCKETS; i++) {
        uint64_t from = vc_hist_floor_ns(i);
        CHECK(from > vc_hist_floor_ns(i - 1));
        CHECK_EQUAL(vc_hist_bucket(from), i);
        CHECK_EQUAL(vc_hist_bucket(from - 1), i - 1);
        if (i > 64 && i < VC_HIST_BUCKETS - 1)
            CHECK((vc_hist_floor_ns(i + 1) - from) * 32 <= from + from / 32);
    }
}

/* What it says is checked against a decoder in Python (test_twcc.py); here, that it stays in its room. */
static void feedback_stays_in_its_room(void)
{
    vc_twcc *t = malloc(sizeof *t);
    uint64_t now_us = 1;
    uint16_t seq = 0;
    srand(5);
    vc_twcc_init(t, 0);
    CHECK_EQUAL(vc_twcc_write(t, NULL, 4000, 1, 2, 0), 0);
    for (int i = 0; i < 20000; i++) {
        int kind = rand() % 200;
        seq = (uint16_t)(kind == 0 ? rand() : seq + rand() % (kind < 20 ? 100 : 3));
        now_us += (uint64_t)(rand() % (kind == 1 ? 20000000 : 5000));
        vc_twcc_arrived(t, (uint16_t)(seq - (kind == 2 ? rand() % 600 : 0)), now_us);
        if (rand() % 100 > 2)
            continue;
        for (int writes = 0;; writes++) {
            uint8_t *out = malloc(VC_TWCC_BYTES_MAX);
            size_t size = vc_twcc_write(t, out, VC_TWCC_BYTES_MAX, 1, 2, now_us);
            free(out);
            if (size == 0)
                break;
            CHECK(size <= VC_TWCC_BYTES_MAX && size % 4 == 0 && writes < VC_TWCC_WINDOW);
        }
    }
    free(t);
}

int main(void)
{
    feedback_stays_in_its_room();
    first_packets_start_low_and_marked();
    wraps_are_steps_like_any_other();
    a_cut_goes_on_by_one_and_by_the_clock();
    what_seams_are_too_long_never_adds_up();
    what_ends_a_stretch_whose_source_had_paused_follows_the_clock();
    what_stretches_end_off_the_clock_never_adds_up();
    a_stretch_that_began_late_returns_to_the_clock_in_the_next_silence();
    a_stretch_is_finished_one_frame_after_its_newest();
    a_paused_source_follows_the_clock_and_dtx_is_no_pause();
    a_leap_of_half_a_round_begins_a_stretch();
    no_number_is_used_twice();
    losses_are_counted_over_wraps();
    reordered_first_packets_are_no_gain();
    speech_starts_within_sixty_ms_and_noise_never();
    speech_stops_after_the_hang_and_not_between_words();
    a_bucket_gives_its_burst_then_its_rate();
    timers_fire_once_and_never_early();
    buckets_of_the_histogram_are_narrow_and_in_order();
    return check_report("streams");
}

#include "vc_reception.h"

enum { ONE_CYCLE = 0x10000, LOST_MAX = 0x7fffff };

static void start(vc_reception *r, uint16_t seq, uint32_t transit)
{
    r->started = true;
    r->first_ext = r->newest_ext = (uint32_t)ONE_CYCLE + seq;
    r->transit = transit;
}

static void update_jitter(vc_reception *r, uint32_t transit)
{
    int32_t d = (int32_t)(transit - r->transit);
    uint32_t size = d < 0 ? 0u - (uint32_t)d : (uint32_t)d;
    r->transit = transit;
    if (size < 10 * 90000) /* a restarted clock is no jitter */
        r->jitter_16 += size - ((r->jitter_16 + 8) >> 4);
}

uint32_t vc_reception_add(vc_reception *r, uint16_t seq, uint32_t ts, uint32_t arrival_ticks)
{
    uint32_t transit = arrival_ticks - ts;
    if (!r->started)
        start(r, seq, transit);
    r->received++;
    /* The packet is authentic, so its distance to the newest is what the sender's counter says. */
    int64_t distance = (int16_t)(uint16_t)(seq - (uint16_t)r->newest_ext);
    uint32_t ext = (uint32_t)(r->newest_ext + distance);
    if ((int32_t)(ext - r->newest_ext) > 0) {
        r->newest_ext = ext;
        update_jitter(r, transit); /* what comes late or again says nothing of the network's jitter */
    } else if ((int32_t)(ext - r->first_ext) < 0) {
        r->first_ext = ext;
    }
    return ext;
}

void vc_reception_sr(vc_reception *r, uint64_t ntp, uint64_t now_us)
{
    r->sr_middle = (uint32_t)(ntp >> 16);
    r->sr_us = now_us;
}

static int32_t clamp_lost(int64_t lost)
{
    if (lost > LOST_MAX)
        return LOST_MAX;
    return lost < -LOST_MAX - 1 ? -LOST_MAX - 1 : (int32_t)lost;
}

void vc_reception_report(vc_reception *r, uint64_t now_us, vc_report_block *block)
{
    uint32_t expected = r->started ? r->newest_ext - r->first_ext + 1 : 0;
    uint32_t expected_now = expected - r->expected_before;
    uint32_t received_now = r->received - r->received_before;
    int64_t lost_now = (int64_t)expected_now - received_now;
    r->expected_before = expected;
    r->received_before = r->received;
    r->lost = clamp_lost((int64_t)expected - r->received);
    r->fraction_lost = expected_now == 0 || lost_now <= 0 ? 0 : (uint32_t)(lost_now * 256 / expected_now);
    if (r->fraction_lost > 255)
        r->fraction_lost = 255;
    *block = (vc_report_block){
        .fraction_lost = (uint8_t)r->fraction_lost,
        .lost = r->lost,
        .ext_seq = vc_reception_ext_seq(r),
        .jitter = r->jitter_16 >> 4,
        .last_sr = r->sr_middle,
        .since_sr = r->sr_middle == 0 ? 0 : (uint32_t)((now_us - r->sr_us) * 65536 / 1000000),
    };
}

uint32_t vc_reception_ext_seq(const vc_reception *r)
{
    return r->started ? r->newest_ext - ONE_CYCLE : 0;
}

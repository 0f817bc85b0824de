#include "vc_bwe.h"

#include <string.h>

#include "vc_twcc.h"

enum {
    SLICE_US = 50000,
    SLICES = 10, /* complete ones: half a second */
    REFERENCES = 1 << 24,
    REFERENCE_LEAP = 156, /* ten seconds: the times before it say nothing about those behind it */
    LOSSES_US = 500000,
    LOSSES_PACKETS = 20,
    TELL_US = 250000,
    RAISE_MAX_US = 1000000,
    UNHEARD_US = 2000000, /* clients tell several times a second */
    DOUBT_US = 900000,    /* looked at about once a second */
    PROBE_PACKETS_MIN = 5,
    PROBE_MAX_US = 1000000,
};
static const double DECREASE = 0.85;
static const double RAISE_PER_S = 0.08, RAISE_NEAR_PER_S = 0.02, RAISE_BEYOND_PER_S = 0.005; /* where a queue grew lately */
static const double NEAR = 1.1;
static const double AHEAD = 1.5, AHEAD_BPS = 10000; /* of what arrives: beyond that an estimate is a guess */
static const double CARRIED = 0.9;                  /* of what arrived, since that is measured roughly */
static const double LOSS_FEW = 0.02, LOSS_MANY = 0.1;
static const double DOUBT = 0.8;
static const double PROBE_ARRIVED = 0.8;   /* of its packets and bytes: with fewer it says nothing */
static const double PROBE_FULL = 0.95;     /* of what arrives where that is less than was sent */
static const double PROBE_MORE = 1.05;     /* than the estimate, to be of any use */
static const double NEWS = 0.05;

/* States of a packet: not told of, told as lost, arrived. */
enum { UNTOLD = 0, LOST = 1, ARRIVED = 2 };

static vc_bwe_packet *packet_of(vc_bwe *b, uint32_t number)
{
    return &b->packets[number & (VC_BWE_PACKETS - 1)];
}

/* ---- rates ---- */

static void rate_add(vc_bwe_rate *r, int64_t at_us, uint32_t bytes)
{
    int64_t slice = at_us / SLICE_US;
    if (!r->started || slice - r->newest >= VC_BWE_SLICES) {
        int64_t first = r->started ? r->first : slice;
        *r = (vc_bwe_rate){.started = true, .first = first, .newest = slice};
    }
    if (slice <= r->newest - VC_BWE_SLICES)
        return;
    while (r->newest < slice)
        r->bytes[(uint64_t)++r->newest & (VC_BWE_SLICES - 1)] = 0;
    r->bytes[(uint64_t)slice & (VC_BWE_SLICES - 1)] += bytes;
}

/* Bit/s of the last half second; 0 = not known yet. */
static double rate_of(const vc_bwe_rate *r)
{
    double bytes = 0;
    if (!r->started || r->newest - r->first <= SLICES)
        return 0;
    for (int i = 1; i <= SLICES; i++)
        bytes += r->bytes[(uint64_t)(r->newest - i) & (VC_BWE_SLICES - 1)];
    return bytes * 8 * 1e6 / (SLICES * SLICE_US);
}

/* ---- life ---- */

static void clamp(vc_bwe *b)
{
    if (b->bps > b->max_bps)
        b->bps = b->max_bps;
    if (!(b->bps >= b->min_bps)) /* also when it is no number */
        b->bps = b->min_bps;
}

void vc_bwe_init(vc_bwe *b, uint32_t min_bps, uint32_t start_bps, uint32_t max_bps, uint16_t first_seq)
{
    memset(b, 0, sizeof *b);
    b->bps = b->start_bps = start_bps;
    b->next = b->since = 0x10000u + first_seq; /* so that no packet behind it is number 0 */
    b->is_starting = true;
    vc_trend_init(&b->trend);
    vc_bwe_bound(b, min_bps, max_bps);
}

void vc_bwe_bound(vc_bwe *b, uint32_t min_bps, uint32_t max_bps)
{
    b->min_bps = min_bps;
    b->max_bps = max_bps;
    clamp(b);
}

void vc_bwe_restart(vc_bwe *b, uint32_t bps)
{
    b->bps = bps == 0 ? b->start_bps : bps;
    b->is_starting = bps == 0;
    b->is_lossy = b->has_reference = false;
    b->ceiling_bps = 0;
    b->raised_us = b->losses_us = b->unheard_us = 0;
    b->known = b->lost = 0;
    b->since = b->next;
    b->probe = (vc_bwe_probe){0};
    b->sent = b->arrived = (vc_bwe_rate){0};
    vc_trend_init(&b->trend);
    clamp(b);
}

bool vc_bwe_doubt(vc_bwe *b, uint64_t now_us)
{
    bool is_sending = b->unheard_us != 0 && now_us < b->sent_us + UNHEARD_US;
    if (!is_sending || now_us < b->unheard_us + UNHEARD_US || now_us < b->doubted_us + DOUBT_US)
        return false;
    b->doubted_us = now_us;
    b->bps *= DOUBT;
    clamp(b);
    return true;
}

/* ---- packets ---- */

uint16_t vc_bwe_next(const vc_bwe *b)
{
    return (uint16_t)b->next;
}

static void probe_sent(vc_bwe_probe *p, size_t size, uint64_t now_us)
{
    if (p->packets++ == 0)
        p->first_sent_us = p->last_sent_us = now_us;
    if (now_us != p->last_sent_us) {
        p->bytes += p->batch_bytes;
        p->batch_bytes = 0;
        p->last_sent_us = now_us;
    }
    p->batch_bytes += (uint32_t)size;
}

void vc_bwe_sent(vc_bwe *b, size_t size, uint64_t now_us)
{
    *packet_of(b, b->next) = (vc_bwe_packet){.sent_us = now_us, .number = b->next, .size = (uint16_t)size};
    b->next++;
    b->sent_us = now_us;
    if (b->unheard_us == 0)
        b->unheard_us = now_us;
    if (b->probe.is_open)
        probe_sent(&b->probe, size, now_us);
}

static bool is_of_probe(const vc_bwe *b, const vc_bwe_packet *packet)
{
    const vc_bwe_probe *p = &b->probe;
    return p->is_there && packet->number - p->first < p->packets;
}

static void take_lost(vc_bwe *b, vc_bwe_packet *packet)
{
    if (packet->state != UNTOLD)
        return;
    packet->state = LOST;
    if (is_of_probe(b, packet)) {
        b->probe.told++;
        return;
    }
    b->known++;
    b->lost++;
}

static void take_probe(vc_bwe *b, vc_bwe_packet *packet, int64_t arrived_us)
{
    vc_bwe_probe *p = &b->probe;
    p->told += packet->state == UNTOLD;
    packet->state = ARRIVED;
    if (p->arrived_packets++ == 0 || arrived_us < p->first_arrived_us) {
        p->first_arrived_us = arrived_us;
        p->first_arrived_bytes = packet->size;
    }
    if (p->arrived_packets == 1 || arrived_us > p->last_arrived_us)
        p->last_arrived_us = arrived_us;
    p->arrived_bytes += packet->size;
    rate_add(&b->sent, (int64_t)packet->sent_us, packet->size);
    rate_add(&b->arrived, arrived_us, packet->size);
}

static void take_arrived(vc_bwe *b, vc_bwe_packet *packet, int64_t arrived_us)
{
    if (packet->state == ARRIVED)
        return;
    if (is_of_probe(b, packet))
        return take_probe(b, packet, arrived_us);
    if (packet->state == LOST) /* late */
        b->lost -= b->lost > 0;
    else
        b->known++;
    packet->state = ARRIVED;
    rate_add(&b->sent, (int64_t)packet->sent_us, packet->size);
    rate_add(&b->arrived, arrived_us, packet->size);
    vc_trend_arrived(&b->trend, (int64_t)packet->sent_us, arrived_us);
}

/* ---- estimate ---- */

static void judge_losses(vc_bwe *b, uint64_t now_us)
{
    if (b->known < LOSSES_PACKETS || now_us < b->losses_us + LOSSES_US)
        return;
    double lost = (double)b->lost / b->known;
    b->losses_us = now_us;
    b->known = b->lost = 0;
    b->is_lossy = lost >= LOSS_FEW;
    if (b->is_lossy)
        b->is_starting = false;
    if (lost > LOSS_MANY)
        b->bps *= 1 - lost / 2;
}

static void lower(vc_bwe *b, double arrived_bps)
{
    b->is_starting = false;
    if (arrived_bps <= 0)
        return;
    bool is_same = arrived_bps < b->ceiling_bps * NEAR && arrived_bps * NEAR > b->ceiling_bps;
    b->ceiling_bps = is_same ? (b->ceiling_bps * 3 + arrived_bps) / 4 : arrived_bps;
    if (arrived_bps * DECREASE < b->bps)
        b->bps = arrived_bps * DECREASE;
}

static void raise(vc_bwe *b, double arrived_bps, double carried_bps, uint64_t passed_us)
{
    if (carried_bps <= 0)
        return;
    if (arrived_bps > b->ceiling_bps * NEAR)
        b->ceiling_bps = 0;
    double shown = carried_bps * (b->is_starting ? AHEAD : CARRIED);
    if (shown > b->bps)
        b->bps = shown;
    double pace = b->ceiling_bps <= 0 ? RAISE_PER_S : b->bps < b->ceiling_bps ? RAISE_NEAR_PER_S : RAISE_BEYOND_PER_S;
    double raised = b->bps * (1 + pace * (double)passed_us / 1e6), most = arrived_bps * AHEAD + AHEAD_BPS;
    if (raised > most)
        raised = most;
    if (raised > b->bps)
        b->bps = raised;
}

static void update(vc_bwe *b, uint64_t now_us)
{
    double arrived_bps = rate_of(&b->arrived), sent_bps = rate_of(&b->sent);
    double carried_bps = arrived_bps < sent_bps ? arrived_bps : sent_bps; /* a queue may have been let through */
    uint64_t passed_us = b->raised_us == 0 || now_us < b->raised_us ? 0 : now_us - b->raised_us;
    b->raised_us = now_us;
    judge_losses(b, now_us);
    if (b->trend.queue == VC_TREND_GROWS)
        lower(b, arrived_bps);
    else if (b->trend.queue == VC_TREND_STEADY && !b->is_lossy)
        raise(b, arrived_bps, carried_bps, passed_us < RAISE_MAX_US ? passed_us : RAISE_MAX_US);
    clamp(b);
}

/* ---- probes ---- */

bool vc_bwe_probe_may(const vc_bwe *b, uint64_t now_us)
{
    bool is_heard = b->unheard_us == 0 || b->sent_us < b->unheard_us + LOSSES_US;
    bool is_fresh = now_us < b->raised_us + RAISE_MAX_US; /* what was seen longer ago may be over */
    bool is_full = is_fresh && (b->trend.queue == VC_TREND_GROWS || b->is_lossy);
    return rate_of(&b->arrived) > 0 && is_heard && !is_full;
}

void vc_bwe_probe_begin(vc_bwe *b)
{
    b->probe = (vc_bwe_probe){.is_there = true, .is_open = true, .first = b->next};
}

void vc_bwe_probe_sent(vc_bwe *b)
{
    b->probe.is_open = false;
}

bool vc_bwe_probe_is_told(const vc_bwe *b)
{
    return !b->probe.is_open && b->probe.told >= b->probe.packets;
}

/* Bit/s; 0 = it says nothing. */
static double probe_result(const vc_bwe_probe *p)
{
    uint32_t sent_bytes = p->bytes + p->batch_bytes;
    int64_t sent_us = (int64_t)(p->last_sent_us - p->first_sent_us);
    int64_t arrived_us = p->last_arrived_us - p->first_arrived_us;
    if (p->packets < PROBE_PACKETS_MIN || p->arrived_packets < p->packets * PROBE_ARRIVED ||
        p->arrived_bytes < sent_bytes * PROBE_ARRIVED)
        return 0;
    if (sent_us <= 0 || sent_us > PROBE_MAX_US || arrived_us <= 0 || arrived_us > PROBE_MAX_US)
        return 0;
    double sent_bps = p->bytes * 8e6 / (double)sent_us;
    double arrived_bps = (p->arrived_bytes - p->first_arrived_bytes) * 8e6 / (double)arrived_us;
    return arrived_bps < sent_bps * CARRIED ? arrived_bps * PROBE_FULL : arrived_bps < sent_bps ? arrived_bps : sent_bps;
}

bool vc_bwe_probe_end(vc_bwe *b)
{
    double result = b->probe.is_there ? probe_result(&b->probe) : 0;
    b->probe = (vc_bwe_probe){0};
    if (!(result > b->bps * PROBE_MORE))
        return false;
    if (result > b->ceiling_bps * NEAR)
        b->ceiling_bps = 0;
    b->bps = result;
    clamp(b);
    return true;
}

/* ---- feedback ---- */

/* References go round every twelve days, and need not be the truth. */
static void follow_reference(vc_bwe *b, uint32_t reference)
{
    int32_t step = (int32_t)((reference - b->reference) % REFERENCES);
    if (step >= REFERENCES / 2)
        step -= REFERENCES;
    bool leaps = step > REFERENCE_LEAP || step < -REFERENCE_LEAP;
    if (b->has_reference && leaps) {
        vc_trend_init(&b->trend);
        b->arrived = b->sent = (vc_bwe_rate){0};
    }
    b->base_us = !b->has_reference || leaps ? 0 : b->base_us + (int64_t)step * VC_TWCC_REFERENCE_US;
    b->reference = reference;
    b->has_reference = true;
}

int vc_bwe_feedback(vc_bwe *b, const vc_rtcp_packet *packet, uint64_t now_us)
{
    vc_twcc_feedback told;
    int status = vc_twcc_read(packet, &told);
    if (status != VC_OK)
        return status;
    uint32_t behind = (uint16_t)(vc_bwe_next(b) - told.base);
    if (behind > VC_BWE_PACKETS || (uint32_t)told.count > behind)
        return VC_ERR_NOT_FOUND;
    b->unheard_us = 0;
    follow_reference(b, told.reference);
    int64_t arrived_us = b->base_us;
    const uint8_t *at = told.deltas;
    for (int i = 0; i < told.count; i++) {
        uint32_t number = b->next - behind + (uint32_t)i;
        vc_bwe_packet *sent = packet_of(b, number);
        bool has_arrived = vc_twcc_step(&told, i, &at, &arrived_us);
        if (sent->number != number || (int32_t)(number - b->since) < 0) /* from before the first, or the move */
            continue;
        if (has_arrived)
            take_arrived(b, sent, arrived_us);
        else
            take_lost(b, sent);
    }
    update(b, now_us);
    return VC_OK;
}

uint32_t vc_bwe_estimate(const vc_bwe *b)
{
    return (uint32_t)b->bps;
}

bool vc_bwe_is_news(const vc_bwe *b, uint64_t now_us)
{
    bool was_told = b->told_us != 0;
    if ((!was_told && rate_of(&b->arrived) <= 0) || now_us < b->told_us + TELL_US)
        return false;
    double change = b->bps - b->told_bps;
    return change >= b->told_bps * NEWS || -change >= b->told_bps * NEWS;
}

void vc_bwe_told(vc_bwe *b, uint64_t now_us)
{
    b->told_bps = b->bps;
    b->told_us = now_us;
}

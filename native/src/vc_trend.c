#include "vc_trend.h"

enum {
    GROUP_US = 5000,
    BURST_US = 100000,  /* the longest a link may hold back and let through in one go */
    LEAP_US = 3000000,  /* no queue is that long: a clock was set, or somebody lies */
    DELTAS_MAX = 1000,
    DELTAS_FULL = 60,   /* with fewer of them the line counts for less */
    ADAPT_MAX_MS = 100,
    OVER_MS = 10,
};
static const double SMOOTHING = 0.9, GAIN = 4;
static const double THRESHOLD = 12.5, THRESHOLD_MIN = 6, THRESHOLD_MAX = 600, OUTLIER = 15;
static const double ADAPT_UP = 0.0087, ADAPT_DOWN = 0.039; /* for each millisecond */

void vc_trend_init(vc_trend *t)
{
    *t = (vc_trend){.threshold = THRESHOLD, .over_ms = -1};
}

/* Least squares; the points are in the order of their arrival, but where the oldest is does not matter. */
static double slope(const vc_trend *t)
{
    double x = 0, y = 0, above = 0, below = 0;
    for (int i = 0; i < VC_TREND_POINTS; i++) {
        x += t->at_ms[i] / VC_TREND_POINTS;
        y += t->smooth_at_ms[i] / VC_TREND_POINTS;
    }
    for (int i = 0; i < VC_TREND_POINTS; i++) {
        above += (t->at_ms[i] - x) * (t->smooth_at_ms[i] - y);
        below += (t->at_ms[i] - x) * (t->at_ms[i] - x);
    }
    return below > 0 ? above / below : 0;
}

static double magnitude(double x)
{
    return x < 0 ? -x : x;
}

static void adapt(vc_trend *t, double trend, int64_t at_us)
{
    int64_t passed_ms = (at_us - t->adapted_us) / 1000;
    t->adapted_us = at_us;
    if (magnitude(trend) > t->threshold + OUTLIER) /* a sudden change, not jitter */
        return;
    if (passed_ms < 0 || passed_ms > ADAPT_MAX_MS)
        passed_ms = ADAPT_MAX_MS;
    double pace = magnitude(trend) < t->threshold ? ADAPT_DOWN : ADAPT_UP;
    t->threshold += pace * (magnitude(trend) - t->threshold) * (double)passed_ms;
    if (t->threshold < THRESHOLD_MIN)
        t->threshold = THRESHOLD_MIN;
    if (t->threshold > THRESHOLD_MAX)
        t->threshold = THRESHOLD_MAX;
}

static void judge(vc_trend *t, double line, double sent_ms, int64_t at_us)
{
    double trend = (t->deltas < DELTAS_FULL ? t->deltas : DELTAS_FULL) * line * GAIN;
    if (trend > t->threshold) {
        t->over_ms = t->over_ms < 0 ? sent_ms / 2 : t->over_ms + sent_ms;
        t->overs++;
        if (t->over_ms > OVER_MS && t->overs > 1 && line >= t->slope) {
            t->over_ms = 0;
            t->overs = 0;
            t->queue = VC_TREND_GROWS;
        }
    } else {
        t->over_ms = -1;
        t->overs = 0;
        t->queue = trend < -t->threshold ? VC_TREND_SHRINKS : VC_TREND_STEADY;
    }
    t->slope = line;
    adapt(t, trend, at_us);
}

/* The group is complete: how much longer was it on its way than the one before? */
static void measure(vc_trend *t)
{
    int64_t sent_us = t->group.last_sent - t->before.last_sent;
    int64_t arrived_us = t->group.last_arrived - t->before.last_arrived;
    int64_t longer_us = arrived_us - sent_us;
    if (arrived_us < 0 || longer_us > LEAP_US || longer_us < -LEAP_US)
        return vc_trend_init(t);
    int64_t at_us = t->group.last_arrived;
    if (t->deltas == 0)
        t->origin_us = at_us;
    int i = (int)(t->deltas % VC_TREND_POINTS);
    t->delay_ms += (double)longer_us / 1000;
    t->smooth_ms = SMOOTHING * t->smooth_ms + (1 - SMOOTHING) * t->delay_ms;
    t->at_ms[i] = (double)(at_us - t->origin_us) / 1000;
    t->smooth_at_ms[i] = t->smooth_ms;
    if (++t->deltas == DELTAS_MAX)
        t->deltas -= DELTAS_MAX / 2; /* both multiples of VC_TREND_POINTS */
    if (t->deltas >= VC_TREND_POINTS)
        judge(t, slope(t), (double)sent_us / 1000, at_us);
}
_Static_assert(DELTAS_MAX / 2 % VC_TREND_POINTS == 0, "the next point goes where it would have gone");

static bool belongs(const vc_trend_group *group, int64_t sent_us, int64_t arrived_us)
{
    if (sent_us - group->first_sent <= GROUP_US)
        return true;
    int64_t after_us = arrived_us - group->last_arrived;
    bool was_held_back = after_us < sent_us - group->last_sent && after_us <= GROUP_US;
    return was_held_back && arrived_us - group->first_arrived < BURST_US;
}

void vc_trend_arrived(vc_trend *t, int64_t sent_us, int64_t arrived_us)
{
    vc_trend_group *group = &t->group;
    if (t->groups > 0 && sent_us < group->first_sent)
        return; /* overtaken */
    if (t->groups > 0 && belongs(group, sent_us, arrived_us)) {
        group->last_sent = sent_us > group->last_sent ? sent_us : group->last_sent;
        group->last_arrived = arrived_us > group->last_arrived ? arrived_us : group->last_arrived;
        return;
    }
    if (t->groups == 2)
        measure(t);
    if (t->groups > 0)
        t->before = *group;
    t->groups = t->groups == 0 ? 1 : 2;
    *group = (vc_trend_group){sent_us, sent_us, arrived_us, arrived_us};
}

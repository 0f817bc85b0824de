#include "vc_prober.h"

enum {
    CLUSTER_US = 30000, /* three ticks of the wheel and the wait for the fourth */
    CLUSTER_PACKETS = 10, /* also where they take longer */
    CLUSTER_MAX_US = 200000,
    LOOK_US = 50000,
    TOLD_MAX_US = 1000000,
    IDLE_US = 1000000,
    PAUSE_US = 5000000,
    PAUSE_MAX_US = 60000000,
};
static const double AHEAD = 2, ENOUGH = 1.1;

void vc_prober_want(vc_prober *p, uint32_t bps)
{
    p->wanted_bps = bps;
}

static void begin(vc_prober *p, vc_bwe *b, uint64_t now_us)
{
    double twice = vc_bwe_estimate(b) * AHEAD, enough = p->wanted_bps * ENOUGH;
    p->state = VC_PROBE_SENDING;
    p->cluster_bps = twice < enough ? twice : enough;
    p->owed_bytes = 0;
    p->packets = 0;
    p->began_us = p->stepped_us = now_us;
    vc_bwe_probe_begin(b);
}

/* The next packets of the cluster. */
static int continue_cluster(vc_prober *p, uint64_t now_us)
{
    p->owed_bytes += p->cluster_bps * (double)(now_us - p->stepped_us) / 8e6;
    p->stepped_us = now_us;
    int n = (int)(p->owed_bytes / VC_PROBE_BYTES);
    n = n > VC_PROBE_TURN_MAX ? VC_PROBE_TURN_MAX : n;
    p->owed_bytes -= (double)n * VC_PROBE_BYTES;
    p->packets += n;
    return n;
}

static bool is_complete(const vc_prober *p, uint64_t now_us)
{
    uint64_t passed_us = now_us - p->began_us;
    return (passed_us > CLUSTER_US && p->packets >= CLUSTER_PACKETS) || passed_us > CLUSTER_MAX_US;
}

static void pause(vc_prober *p, bool has_carried, uint64_t now_us)
{
    uint64_t before_us = p->pause_us == 0 ? PAUSE_US : p->pause_us;
    uint64_t longer_us = 2 * before_us < PAUSE_MAX_US ? 2 * before_us : PAUSE_MAX_US;
    p->state = VC_PROBE_IDLE;
    p->next_us = now_us + (has_carried ? PAUSE_US : before_us);
    p->pause_us = has_carried ? 0 : longer_us;
}

/* True when the next cluster may follow at once. */
static bool judge(vc_prober *p, vc_bwe *b, uint64_t now_us)
{
    bool has_carried = vc_bwe_probe_end(b);
    pause(p, has_carried, now_us);
    if (has_carried && vc_bwe_estimate(b) < p->wanted_bps)
        p->next_us = now_us;
    return p->next_us == now_us;
}

int vc_prober_step(vc_prober *p, vc_bwe *b, bool may, uint64_t now_us, uint64_t *again_us)
{
    *again_us = LOOK_US;
    if (p->state == VC_PROBE_SENDING && may && !is_complete(p, now_us)) {
        *again_us = 1; /* with the next tick of the wheel */
        return continue_cluster(p, now_us);
    }
    if (p->state == VC_PROBE_SENDING) {
        vc_bwe_probe_sent(b);
        p->state = VC_PROBE_WAITING;
        return 0;
    }
    if (p->state == VC_PROBE_WAITING && !vc_bwe_probe_is_told(b) && now_us < p->stepped_us + TOLD_MAX_US)
        return 0;
    if (p->state == VC_PROBE_WAITING && !judge(p, b, now_us))
        return 0;
    if (p->wanted_bps == 0) {
        *again_us = 0;
        return 0;
    }
    *again_us = IDLE_US;
    if (!may || vc_bwe_estimate(b) >= p->wanted_bps || now_us < p->next_us || !vc_bwe_probe_may(b, now_us))
        return 0;
    *again_us = 1;
    begin(p, b, now_us);
    return 0;
}

#include "vc_uplink.h"

enum {
    TELL_US = 1000000,
    PAUSE_US = 2000000, /* between two looks: nothing was sent, so nothing was measured */
    PACKETS_MIN = 20,   /* of fewer, a share means nothing */
    LEAST_BPS = 100000,
};
static const double LOSS_FEW = 0.02, LOSS_MANY = 0.1;
static const double AHEAD = 1.5, AHEAD_BPS = 10000, RAISE_PER_S = 0.08;
static const double FELL = 0.97;

void vc_uplink_bound(vc_uplink *u, uint32_t most_bps)
{
    if (u->most_bps == 0 || most_bps == 0)
        *u = (vc_uplink){.is_starting = true};
    u->most_bps = most_bps;
}

bool vc_uplink_is_due(const vc_uplink *u, uint64_t now_us)
{
    return u->most_bps != 0 && now_us >= u->looked_us + VC_UPLINK_LOOK_US;
}

static double raised(const vc_uplink *u, double arrived_bps, double passed_s)
{
    double most = arrived_bps * AHEAD + AHEAD_BPS;
    double more = u->is_starting ? most : u->bps * (1 + RAISE_PER_S * passed_s);
    if (more > most)
        more = most;
    return more > u->bps ? more : u->bps;
}

static void clamp(vc_uplink *u)
{
    if (u->bps > u->most_bps)
        u->bps = u->most_bps;
    if (u->bps < LEAST_BPS)
        u->bps = LEAST_BPS;
}

void vc_uplink_look(vc_uplink *u, uint64_t bytes, uint32_t expected, uint32_t lost, uint64_t now_us)
{
    uint64_t passed_us = now_us - u->looked_us, came = bytes - u->bytes;
    u->looked_us = now_us;
    u->bytes = bytes;
    if (passed_us > PAUSE_US) /* also before the first look */
        return;
    double share = expected < PACKETS_MIN ? 0 : (double)lost / expected;
    double arrived_bps = (double)came * 8e6 / (double)passed_us;
    if (share >= LOSS_FEW)
        u->is_starting = false;
    if (share < LOSS_FEW)
        u->bps = raised(u, arrived_bps, (double)passed_us / 1e6);
    else if (share > LOSS_MANY || u->bps <= 0) {
        double sent_bps = share < 1 ? arrived_bps / (1 - share) : 0;
        u->bps = (u->bps > 0 && u->bps < sent_bps ? u->bps : sent_bps) * (1 - share / 2);
    }
    clamp(u);
}

uint32_t vc_uplink_news(const vc_uplink *u, uint64_t now_us)
{
    bool fell = u->bps < u->told_bps * FELL;
    return u->bps > 0 && (fell || now_us >= u->told_us + TELL_US) ? (uint32_t)u->bps : 0;
}

void vc_uplink_told(vc_uplink *u, uint32_t bps, uint64_t now_us)
{
    u->told_bps = bps;
    u->told_us = now_us;
}

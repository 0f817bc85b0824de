#include "vc_estimate.h"

#include <string.h>

enum { FLAP_US = 1000000 };

static void tell(vc_engine *e, const vc_peer *peer, vc_bwe *bwe, uint64_t now_us)
{
    vc_record record = {
        .kind = VC_RECORD_ESTIMATE,
        .peer = peer->id,
        .value = vc_bwe_estimate(bwe),
        .time_us = now_us,
    };
    if (!vc_bwe_is_news(bwe, now_us) || !vc_state_pass(e, record, NULL, 0))
        return;
    vc_bwe_told(bwe, now_us);
    vc_count(e, VC_C_estimates_told);
}

void vc_estimate_take(vc_engine *e, vc_peer *peer, const vc_rtcp_packet *packet, uint64_t arrived_us)
{
    vc_bwe *bwe = vc_state_bwe(e, peer);
    if (bwe == NULL)
        return vc_count(e, VC_C_drop_twcc_unknown);
    int status = vc_bwe_feedback(bwe, packet, arrived_us);
    if (status != VC_OK)
        return vc_count(e, status == VC_ERR_RANGE ? VC_C_drop_twcc_malformed : VC_C_drop_twcc_unknown);
    vc_count(e, VC_C_twcc_received);
    tell(e, peer, bwe, arrived_us);
}

void vc_estimate_due(vc_engine *e, vc_peer *peer)
{
    vc_bwe *bwe = vc_state_bwe(e, peer);
    if (bwe == NULL || !vc_bwe_doubt(bwe, e->clock.now_us))
        return;
    vc_count(e, VC_C_estimates_doubted);
    tell(e, peer, bwe, e->clock.now_us);
}

static bool is_same_path(const vc_addr *a, const vc_addr *b)
{
    bool is_same_host = memcmp(a->bytes, b->bytes, VC_ADDR_BYTES - 3) == 0; /* a NAT may change the port */
    return is_same_host && a->bytes[VC_ADDR_BYTES - 1] == b->bytes[VC_ADDR_BYTES - 1];
}

void vc_estimate_moved(vc_engine *e, vc_peer *peer, const vc_addr *to)
{
    static const vc_addr nowhere;
    vc_path before = peer->path, left = peer->left;
    if (is_same_path(&before.addr, to))
        return;
    vc_bwe *bwe = vc_state_bwe(e, peer);
    bool is_flap = is_same_path(&left.addr, to) && e->clock.now_us < left.until_us + FLAP_US;
    peer->left = before;
    peer->left.until_us = e->clock.now_us;
    peer->left.bps = bwe == NULL ? 0 : vc_bwe_estimate(bwe);
    peer->path = (vc_path){.addr = *to};
    if (bwe == NULL || is_same_path(&before.addr, &nowhere))
        return;
    vc_bwe_restart(bwe, is_flap ? left.bps : 0);
    vc_count(e, VC_C_estimates_restarted);
    tell(e, peer, bwe, e->clock.now_us);
}

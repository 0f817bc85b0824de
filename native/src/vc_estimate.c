#include "vc_estimate.h"

#include <string.h>

#include "vc_forward.h"
#include "vc_video.h"

enum { FLAP_US = 1000000, PROBED_MAX = 8 /* peers per turn of the loop: packets come first */ };

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

/* ---- probes ---- */

/* A slot in whose stream of resends padding can go, or NULL. */
static const vc_slot *find_slot(vc_engine *e, const vc_peer *peer)
{
    bool is_udp = vc_forward_is_ready(peer) && peer->tuples[peer->send_tuple].flow == VC_NONE;
    for (int i = 0; is_udp && i < peer->slot_count; i++) {
        const vc_slot *slot = &e->slots[peer->slots[i]];
        if (slot->view != VC_NONE && vc_video_may_pad(e, slot))
            return slot;
    }
    return NULL;
}

static void step(vc_engine *e, vc_peer *peer)
{
    vc_bwe *bwe = vc_state_bwe(e, peer);
    const vc_slot *slot = find_slot(e, peer);
    vc_probe_state before = peer->prober.state;
    uint64_t again_us;
    int n = vc_prober_step(&peer->prober, bwe, slot != NULL, e->clock.now_us, &again_us);
    if (before != VC_PROBE_SENDING && peer->prober.state == VC_PROBE_SENDING)
        vc_count(e, VC_C_probes_sent);
    for (; n > 0 && vc_video_pad(e, peer, slot); n--)
        vc_count(e, VC_C_padding_sent);
    tell(e, peer, bwe, e->clock.now_us);
    if (again_us > 0)
        vc_wheel_arm(&e->probes, peer->id, e->clock.now_us, again_us);
}

void vc_estimate_want(vc_engine *e, vc_peer *peer, uint32_t bps)
{
    bool is_idle = peer->prober.wanted_bps == 0 && peer->prober.state == VC_PROBE_IDLE;
    vc_prober_want(&peer->prober, bps);
    if (is_idle && bps > 0)
        vc_wheel_arm(&e->probes, peer->id, e->clock.now_us, 0);
}

void vc_estimate_probe(vc_engine *e)
{
    for (int i = 0; i < PROBED_MAX; i++) {
        int32_t due = vc_wheel_take(&e->probes, e->clock.now_us);
        if (due < 0)
            return;
        step(e, &e->peers[due]);
    }
}

/* ---- paths ---- */

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

#include "vc_repair.h"

#include "vc_forward.h"

enum {
    RTT_UNKNOWN_MS = 30,
    RTT_MIN_MS = 5,
};

static vc_slot *find_slot(vc_engine *e, const vc_peer *peer, uint32_t ssrc)
{
    for (int i = 0; i < peer->slot_count; i++)
        if (e->slots[peer->slots[i]].ssrc == ssrc)
            return &e->slots[peer->slots[i]];
    return NULL;
}

static uint32_t rtt_ms(const vc_slot *slot)
{
    uint32_t ms = vc_figure32_get(&slot->rtt_us) / 1000;
    if (ms == 0)
        return RTT_UNKNOWN_MS;
    return ms < RTT_MIN_MS ? RTT_MIN_MS : ms;
}

/* Why not, or VC_C_resent. */
static vc_counter send_again(vc_engine *e, vc_peer *peer, vc_slot *slot, uint16_t seq)
{
    uint32_t now_ms = (uint32_t)(e->clock.now_us / 1000);
    vc_sent_packet *sent = vc_history_find(&slot->history, seq);
    vc_track *track = sent == NULL ? NULL : vc_state_track(e, sent->track);
    const uint8_t *payload = NULL;
    const vc_stored *stored =
        track == NULL ? NULL : vc_store_get(&e->stores[sent->track], sent->place, sent->serial, &payload);
    if (stored == NULL)
        return VC_C_drop_nack_unknown;
    if (!vc_history_may_resend(sent, now_ms, rtt_ms(slot)))
        return VC_C_drop_nack_early;
    if (peer->resend_credit < VC_RESEND_COST)
        return VC_C_drop_nack_budget;
    if (!vc_forward_again(e, peer, slot, sent, stored, payload))
        return VC_C_drop_protect;
    peer->resend_credit -= VC_RESEND_COST;
    sent->resends++;
    sent->sent_ms = now_ms;
    return VC_C_resent;
}

static void answer_item(vc_engine *e, vc_peer *peer, vc_slot *slot, const vc_nack *nack)
{
    for (uint16_t i = 0; i <= 16; i++) {
        if (i > 0 && (nack->following >> (i - 1) & 1) == 0)
            continue;
        vc_count(e, VC_C_nacked);
        vc_count(e, send_again(e, peer, slot, (uint16_t)(nack->seq + i)));
    }
}

void vc_repair_take_nack(vc_engine *e, vc_peer *peer, const vc_rtcp_packet *packet, int *items_left)
{
    vc_nack nack;
    for (int i = 0; vc_rtcp_nack(packet, i, &nack) == VC_OK; i++) {
        if (*items_left == 0)
            return vc_count(e, VC_C_drop_nack_flood);
        --*items_left;
        vc_slot *slot = find_slot(e, peer, nack.ssrc);
        if (slot == NULL || peer->deaf || !vc_forward_is_ready(peer))
            return vc_count(e, VC_C_drop_nack_unknown);
        answer_item(e, peer, slot, &nack);
    }
}

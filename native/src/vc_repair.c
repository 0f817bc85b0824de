#include "vc_repair.h"

#include "vc_forward.h"
#include "vc_video.h"

enum {
    RTT_UNKNOWN_MS = 30,
    RTT_MIN_MS = 5,
    RTT_UNKNOWN_US = 100000, /* of a publisher that has not reported yet */
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

/* What is kept of a packet, or NULL when it is forgotten. */
static const vc_stored *find_stored(vc_engine *e, int32_t track_id, uint32_t place, uint32_t serial,
                                    const uint8_t **payload)
{
    const vc_track *track = vc_state_track(e, track_id);
    return track == NULL ? NULL : vc_store_get(vc_state_store(e, track), place, serial, payload);
}

/* Why not, or VC_C_resent. */
static vc_counter send_video_again(vc_engine *e, vc_peer *peer, vc_slot *slot, uint16_t seq)
{
    uint32_t now_ms = (uint32_t)(e->clock.now_us / 1000);
    vc_view *view = vc_state_view(e, slot);
    vc_view_packet *sent = vc_view_find(view, seq);
    const uint8_t *payload = NULL;
    const vc_stored *stored = sent == NULL ? NULL : find_stored(e, sent->track, sent->place, sent->serial, &payload);
    if (stored == NULL)
        return VC_C_drop_nack_unknown;
    if (!vc_view_may_resend(sent, now_ms, rtt_ms(slot)))
        return VC_C_drop_nack_early;
    if (view->resend_credit < VC_RESEND_COST)
        return VC_C_drop_nack_budget;
    if (!vc_video_again(e, peer, slot, sent, stored, payload))
        return VC_C_drop_protect;
    view->resend_credit = (uint16_t)(view->resend_credit - VC_RESEND_COST);
    sent->resends++;
    sent->sent_ms = now_ms;
    return VC_C_resent;
}

static vc_counter send_voice_again(vc_engine *e, vc_peer *peer, vc_slot *slot, uint16_t seq)
{
    uint32_t now_ms = (uint32_t)(e->clock.now_us / 1000);
    vc_sent_packet *sent = vc_history_find(&slot->history, seq);
    const uint8_t *payload = NULL;
    const vc_stored *stored = sent == NULL ? NULL : find_stored(e, sent->track, sent->place, sent->serial, &payload);
    if (stored == NULL)
        return VC_C_drop_nack_unknown;
    if (!vc_history_may_resend(sent, now_ms, rtt_ms(slot)))
        return VC_C_drop_nack_early;
    if (peer->resend_credit < VC_RESEND_COST)
        return VC_C_drop_nack_budget;
    int status = vc_forward_again(e, peer, slot, sent, stored, payload);
    if (status != VC_OK)
        return status == VC_ERR_NOT_FOUND ? VC_C_drop_nack_unknown : VC_C_drop_protect;
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
        vc_count(e, (slot->view == VC_NONE ? send_voice_again : send_video_again)(e, peer, slot, (uint16_t)(nack->seq + i)));
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
        if (slot == NULL || (slot->view == VC_NONE && peer->deaf) || !vc_forward_is_ready(peer))
            return vc_count(e, VC_C_drop_nack_unknown);
        answer_item(e, peer, slot, &nack);
    }
}

/* ---- what we miss ---- */

void vc_repair_noticed(vc_engine *e, vc_track *track)
{
    bool belongs = track->missing.count > 0;
    if (belongs && track->lossy_at == VC_NONE) {
        track->lossy_at = (int32_t)e->lossy_count;
        e->lossy[e->lossy_count++] = (int32_t)(track - e->tracks);
    } else if (!belongs && track->lossy_at != VC_NONE) {
        int32_t last = e->lossy[--e->lossy_count];
        e->lossy[track->lossy_at] = last;
        e->tracks[last].lossy_at = track->lossy_at;
        track->lossy_at = VC_NONE;
    }
}

static void ask(vc_engine *e, vc_peer *publisher, const vc_track *track, const uint16_t *seqs, int count)
{
    uint8_t *out = vc_link_room(publisher->tuples[publisher->send_tuple].link);
    int length = (int)vc_rtcp_write_nack(out, VC_DATAGRAM_MAX, publisher->own_ssrc, track->ssrc, seqs, count);
    if (e->protect_rtcp(publisher->tx, out, &length) != 0)
        return vc_count(e, VC_C_drop_protect);
    vc_figure_add(&e->counters[VC_C_missed], (uint64_t)count);
    vc_count(e, VC_C_rtcp_sent);
    vc_forward_queue(e, publisher, (size_t)length, 0);
}

void vc_repair_due(vc_engine *e)
{
    for (uint32_t i = e->lossy_count; i-- > 0;) { /* downwards: the one looked at may leave the list */
        vc_track *track = &e->tracks[e->lossy[i]];
        vc_peer *publisher = &e->peers[track->peer];
        uint16_t seqs[VC_MISSING_DUE_MAX];
        uint64_t rtt_us = publisher->rtt_us == 0 ? RTT_UNKNOWN_US : publisher->rtt_us;
        int n = vc_missing_due(&track->missing, e->clock.now_us, rtt_us, seqs);
        if (n > 0 && vc_forward_is_ready(publisher))
            ask(e, publisher, track, seqs, n);
        vc_repair_noticed(e, track);
    }
}

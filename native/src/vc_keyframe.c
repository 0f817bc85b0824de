#include "vc_keyframe.h"

#include "vc_forward.h"

enum {
    AGAIN_US = 500000,  /* S20: whatever viewers ask, a publisher makes two a second at most */
    RETRY_US = 1000000, /* the request or the keyframe was lost */
    ON_ITS_WAY_US = 50000, /* beyond the round trip: a request crossed the keyframe that serves it */
};

static bool has_ready_viewer(vc_engine *e, const vc_track *track)
{
    for (int32_t id = vc_state_layer(e, track)->waiting; id != VC_NONE; id = vc_state_view(e, &e->slots[id])->behind)
        if (vc_forward_is_ready(&e->peers[e->slots[id].peer]))
            return true;
    return false;
}

/* Is it among those looked at, as it should be? */
static void list(vc_engine *e, vc_track *track)
{
    vc_layer *layer = vc_state_layer(e, track);
    bool belongs = layer->is_wanted || layer->is_awaited || layer->waiting != VC_NONE;
    if (belongs && layer->wanted_at == VC_NONE) {
        layer->wanted_at = (int32_t)e->wanted_count;
        e->wanted[e->wanted_count++] = (int32_t)(track - e->tracks);
    } else if (!belongs && layer->wanted_at != VC_NONE) {
        int32_t last = e->wanted[--e->wanted_count];
        e->wanted[layer->wanted_at] = last;
        vc_state_layer(e, &e->tracks[last])->wanted_at = layer->wanted_at;
        layer->wanted_at = VC_NONE;
    }
}

static void ask(vc_engine *e, vc_track *track)
{
    vc_layer *layer = vc_state_layer(e, track);
    vc_peer *publisher = &e->peers[track->peer];
    bool helps = !track->muted && (track->receiver_count > 0 || has_ready_viewer(e, track));
    if (!helps) {
        layer->is_wanted = layer->is_awaited = false;
        return;
    }
    if (track->ssrc == VC_SSRC_UNNAMED || !vc_forward_is_ready(publisher))
        return;
    uint8_t *out = vc_link_room(publisher->tuples[publisher->send_tuple].link);
    int length = (int)vc_rtcp_write_pli(out, VC_DATAGRAM_MAX, publisher->own_ssrc, track->ssrc);
    layer->is_wanted = false;
    layer->is_awaited = true;
    layer->asked_us = e->clock.now_us;
    if (e->protect_rtcp(publisher->tx, out, &length) != 0)
        return vc_count(e, VC_C_drop_protect);
    vc_count(e, VC_C_keyframes_asked);
    vc_count(e, VC_C_rtcp_sent);
    vc_forward_queue(e, publisher, (size_t)length, 0);
}

static bool is_due(const vc_engine *e, const vc_layer *layer)
{
    uint64_t after_us = layer->is_wanted ? AGAIN_US : RETRY_US;
    return layer->asked_us == 0 || e->clock.now_us >= layer->asked_us + after_us;
}

void vc_keyframe_want(vc_engine *e, vc_track *track)
{
    vc_layer *layer = vc_state_layer(e, track);
    layer->is_wanted = true;
    if (is_due(e, layer))
        ask(e, track);
    list(e, track);
}

void vc_keyframe_came(vc_engine *e, vc_track *track)
{
    vc_layer *layer = vc_state_layer(e, track);
    layer->is_wanted = layer->is_awaited = false;
    list(e, track);
}

void vc_keyframe_forget(vc_engine *e, vc_track *track)
{
    vc_layer *layer = vc_state_layer(e, track);
    while (layer->waiting != VC_NONE) {
        vc_view *view = vc_state_view(e, &e->slots[layer->waiting]);
        layer->waiting = view->behind;
        view->next = view->behind = view->before = VC_NONE;
    }
    vc_keyframe_came(e, track);
}

void vc_keyframe_due(vc_engine *e)
{
    e->wanted_us = e->clock.now_us;
    for (uint32_t i = e->wanted_count; i-- > 0;) { /* downwards: the one looked at may leave the list */
        vc_track *track = &e->tracks[e->wanted[i]];
        if (is_due(e, vc_state_layer(e, track)))
            ask(e, track);
        list(e, track);
    }
}

/* ---- what viewers ask ---- */

static vc_slot *find_view(vc_engine *e, const vc_peer *peer, uint32_t ssrc)
{
    for (int i = 0; i < peer->slot_count; i++) {
        vc_slot *slot = &e->slots[peer->slots[i]];
        if (slot->ssrc == ssrc)
            return slot->view == VC_NONE ? NULL : slot;
    }
    return NULL;
}

static void take_request(vc_engine *e, const vc_slot *slot)
{
    const vc_view *view = vc_state_view(e, slot);
    uint64_t served_until_us = view->keyframe_us + vc_figure32_get(&slot->rtt_us) + ON_ITS_WAY_US;
    if (slot->track == VC_NONE)
        return vc_count(e, VC_C_drop_keyframe_request);
    if (view->keyframe_us != 0 && e->clock.now_us < served_until_us)
        return vc_count(e, VC_C_drop_keyframe_request);
    vc_keyframe_want(e, &e->tracks[slot->track]);
}

void vc_keyframe_take(vc_engine *e, const vc_peer *peer, const vc_rtcp_packet *packet)
{
    uint32_t ssrc;
    uint8_t seq;
    vc_slot *slot;
    if (vc_rtcp_pli(packet, &ssrc) == VC_OK) {
        vc_count(e, VC_C_keyframe_requests);
        slot = find_view(e, peer, ssrc);
        return slot == NULL ? vc_count(e, VC_C_drop_keyframe_request) : take_request(e, slot);
    }
    for (int i = 0; vc_rtcp_fir(packet, i, &ssrc, &seq) == VC_OK; i++) {
        vc_count(e, VC_C_keyframe_requests);
        slot = find_view(e, peer, ssrc);
        vc_view *view = slot == NULL ? NULL : vc_state_view(e, slot);
        if (view == NULL || (view->has_fir && view->fir_seq == seq)) { /* sent again until it is heeded (RFC 5104 §4.3.1) */
            vc_count(e, VC_C_drop_keyframe_request);
            continue;
        }
        view->has_fir = true;
        view->fir_seq = seq;
        take_request(e, slot);
    }
}

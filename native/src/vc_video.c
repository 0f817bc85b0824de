#include "vc_video.h"

#include <string.h>

#include "vc_bytes.h"
#include "vc_keyframe.h"
#include "vc_route.h"

enum {
    OVERTAKEN_MAX = 64, /* packets that came before the one a keyframe begins with, and belong behind it */
};

/* ---- writing ---- */

/* What estimates the path of this slot's packets of type 'pt' by numbers in them, or NULL.  What would be sent again
 * under its own SSRC has none: it is the same to the bit (GCM), and its number would not be the next. */
static vc_bwe *estimate_of(vc_engine *e, const vc_slot *slot, uint8_t pt)
{
    bool by_rtx = vc_state_view(e, slot)->rtx_ssrc != 0 && e->config.payload_rtx[pt] != 0;
    return by_rtx ? vc_state_bwe(e, &e->peers[slot->peer]) : NULL;
}

/* Where the payload goes, behind a header and 'gap' bytes. */
static uint8_t *write_header(const vc_engine *e, vc_peer *receiver, const vc_rtp *fields, const vc_bwe *bwe, size_t gap)
{
    uint8_t *out = vc_burst_room(&receiver->tuples[receiver->send_tuple].link->video);
    size_t length = bwe == NULL ? vc_rtp_write(out, fields, 0, VC_LEVEL_NONE)
                                : vc_rtp_write_numbered(out, fields, e->config.transport_ext, vc_bwe_next(bwe));
    return out + length + gap;
}

/* A viewer's copy of a payload, its picture numbered as the viewer counts. */
static void copy_payload(const vc_engine *e, uint8_t *out, const vc_view_packet *packet, const uint8_t *payload,
                         size_t length)
{
    vc_picture picture;
    memcpy(out, payload, length);
    if (length > 0 && vc_codec_read(e->config.payload_codecs[packet->pt], payload, length, &picture) == VC_OK)
        vc_codec_set(&picture, out, packet->id, packet->tl0);
}

/* Protect what ends at 'end' and queue it; 'bwe', whose number it has, is to know. */
static bool finish(vc_engine *e, vc_peer *receiver, vc_bwe *bwe, const uint8_t *end, uint64_t arrived_ns)
{
    uint8_t *out = vc_burst_room(&receiver->tuples[receiver->send_tuple].link->video);
    int length = (int)(end - out);
    if (e->protect(receiver->tx, out, &length) != 0)
        return false;
    if (bwe != NULL)
        vc_bwe_sent(bwe, (size_t)length, e->clock.now_us);
    vc_forward_queue_video(e, receiver, (size_t)length, arrived_ns);
    return true;
}

/* ---- forward ---- */

static void send_copy(vc_engine *e, vc_slot *slot, vc_peer *receiver, const vc_arrival *a, const vc_picture *picture)
{
    vc_view *view = vc_state_view(e, slot);
    vc_rewritten numbers;
    if (vc_rewriter_next(&slot->rewriter, a->ext_seq, a->rtp.ts, a->arrived_us, &numbers) != VC_OK)
        return vc_count(e, VC_C_drop_old_stretch);
    if (!vc_view_may_send(view, numbers.seq, (uint16_t)slot->rewriter.out_seq))
        return vc_count(e, VC_C_drop_number_used);
    vc_view_packet packet = {
        .serial = a->serial,
        .ts = numbers.ts,
        .sent_ms = (uint32_t)(e->clock.now_us / 1000),
        .track = a->track,
        .seq = numbers.seq,
        .place = a->place,
        .id = vc_codec_id(picture, a->payload),
        .tl0 = vc_codec_tl0(picture, a->payload),
        .pt = a->rtp.pt,
        .marker = a->rtp.marker,
    };
    bool is_newest = numbers.seq == (uint16_t)slot->rewriter.out_seq;
    vc_pictures_next(&view->pictures, picture, &packet.id, &packet.tl0, numbers.starts_stretch, is_newest);
    vc_rtp fields = {.pt = packet.pt, .marker = packet.marker, .seq = packet.seq, .ts = packet.ts, .ssrc = slot->ssrc};
    vc_bwe *bwe = estimate_of(e, slot, packet.pt);
    uint8_t *at = write_header(e, receiver, &fields, bwe, 0);
    copy_payload(e, at, &packet, a->payload, a->payload_length);
    if (!finish(e, receiver, bwe, at + a->payload_length, a->arrived_ns))
        return vc_count(e, VC_C_drop_protect);
    vc_view_put(view, &packet);
    if (view->resend_credit < VC_VIEW_CREDIT_MAX)
        view->resend_credit++;
    if (picture->is_keyframe)
        view->keyframe_us = e->clock.now_us;
    vc_figure_add(&slot->packets, 1);
    vc_figure_add(&slot->bytes, a->payload_length);
    vc_figure32_set(&slot->seq, (uint16_t)slot->rewriter.out_seq);
    vc_figure32_set(&slot->ts, slot->rewriter.out_ts);
    vc_count(e, VC_C_video_forwarded);
}

/* What came before the first packet of a keyframe and belongs behind it. */
static void catch_up(vc_engine *e, const vc_track *track, vc_slot *slot, const vc_arrival *keyframe)
{
    const vc_store *store = vc_state_store(e, track);
    for (int i = OVERTAKEN_MAX; i-- > 0;) {
        int place = vc_store_newest(store, (uint32_t)i);
        const vc_stored *stored = place < 0 ? NULL : &store->packets[place];
        if (stored == NULL || (int32_t)(stored->ext_seq - keyframe->ext_seq) <= 0)
            continue;
        vc_arrival a = *keyframe;
        a.rtp.pt = stored->level;
        a.rtp.ts = stored->ts;
        a.rtp.marker = stored->marker;
        a.ext_seq = stored->ext_seq;
        a.payload_length = stored->length;
        a.serial = stored->serial;
        a.place = (uint16_t)place;
        vc_picture picture = {0};
        if (vc_store_get(store, (uint32_t)place, stored->serial, &a.payload) == NULL)
            continue;
        vc_codec_read(e->config.payload_codecs[a.rtp.pt], a.payload, a.payload_length, &picture);
        send_copy(e, slot, &e->peers[slot->peer], &a, &picture);
    }
}

static void deliver(vc_engine *e, vc_track *track, vc_slot *slot, const vc_arrival *a, const vc_picture *picture)
{
    vc_peer *receiver = &e->peers[slot->peer];
    if (!vc_forward_is_ready(receiver)) {
        vc_rewriter_cut(&slot->rewriter);
        return vc_count(e, VC_C_drop_receiver_not_ready);
    }
    if (!slot->rewriter.in_stretch && !picture->is_keyframe) { /* nothing a decoder could begin with */
        vc_layer *layer = vc_state_layer(e, track);
        if (!layer->is_wanted && !layer->is_awaited)
            vc_keyframe_want(e, track);
        return vc_count(e, VC_C_drop_before_keyframe);
    }
    bool begins = !slot->rewriter.in_stretch;
    send_copy(e, slot, receiver, a, picture);
    if (begins)
        catch_up(e, track, slot, a);
}

/* The slot gets this layer from this keyframe on. */
static void switch_over(vc_engine *e, vc_track *track, vc_slot *slot, const vc_arrival *a, const vc_picture *picture)
{
    vc_route_wait_no_more(e, slot);
    vc_route_detach(e, slot);
    vc_route_attach(e, slot, track);
    vc_rewriter_cut(&slot->rewriter);
    deliver(e, track, slot, a, picture);
    vc_count(e, VC_C_layers_switched);
    vc_record record = {
        .kind = VC_RECORD_LAYER,
        .peer = slot->peer,
        .index = (int32_t)(slot - e->slots),
        .status = slot->track,
        .time_us = e->clock.now_us,
    };
    vc_state_tell(e, record, NULL, 0);
}

static void serve_waiting(vc_engine *e, vc_track *track, const vc_arrival *a, const vc_picture *picture)
{
    int32_t id = vc_state_layer(e, track)->waiting;
    while (id != VC_NONE) {
        vc_slot *slot = &e->slots[id];
        id = vc_state_view(e, slot)->behind;
        bool has_room = track->receiver_count < e->config.max_receivers;
        if (has_room && vc_forward_is_ready(&e->peers[slot->peer]))
            switch_over(e, track, slot, a, picture);
    }
}

void vc_video_forward(vc_engine *e, vc_track *track, const vc_arrival *a, const vc_picture *picture)
{
    if (track->muted)
        return vc_count(e, VC_C_drop_muted);
    uint32_t n = track->receiver_count;
    if (n == 0 && !picture->is_keyframe)
        return vc_count(e, VC_C_drop_no_receiver);
    if (track->turn >= n)
        track->turn = 0;
    for (uint32_t i = track->turn; i < n; i++)
        deliver(e, track, &e->slots[track->receivers[i]], a, picture);
    for (uint32_t i = 0; i < track->turn; i++)
        deliver(e, track, &e->slots[track->receivers[i]], a, picture);
    track->turn++; /* nobody is always last */
    bool is_late = (int32_t)(track->reception.newest_ext - a->ext_seq) > OVERTAKEN_MAX;
    if (!picture->is_keyframe || is_late)
        return;
    serve_waiting(e, track, a, picture);
    vc_keyframe_came(e, track);
}

/* ---- again ---- */

bool vc_video_again(vc_engine *e, vc_peer *receiver, const vc_slot *slot, const vc_view_packet *sent,
                    const vc_stored *stored, const uint8_t *payload)
{
    vc_view *view = vc_state_view(e, slot);
    uint8_t rtx_pt = e->config.payload_rtx[sent->pt];
    vc_rtp fields = {.pt = sent->pt, .marker = sent->marker, .seq = sent->seq, .ts = sent->ts, .ssrc = slot->ssrc};
    bool by_rtx = view->rtx_ssrc != 0 && rtx_pt != 0;
    if (by_rtx) {
        fields.pt = rtx_pt;
        fields.ssrc = view->rtx_ssrc;
        fields.seq = view->rtx_seq++;
    }
    vc_bwe *bwe = estimate_of(e, slot, sent->pt);
    uint8_t *at = write_header(e, receiver, &fields, bwe, by_rtx ? 2 : 0);
    if (by_rtx)
        vc_put16(at - 2, sent->seq); /* OSN */
    copy_payload(e, at, sent, payload, stored->length);
    return finish(e, receiver, bwe, at + stored->length, 0);
}

/* ---- padding ---- */

static const vc_view_packet *newest(vc_engine *e, const vc_slot *slot)
{
    return vc_view_find(vc_state_view(e, slot), (uint16_t)slot->rewriter.out_seq);
}

bool vc_video_may_pad(vc_engine *e, const vc_slot *slot)
{
    const vc_view_packet *last = slot->rewriter.has_sent ? newest(e, slot) : NULL;
    return last != NULL && estimate_of(e, slot, last->pt) != NULL;
}

bool vc_video_pad(vc_engine *e, vc_peer *receiver, const vc_slot *slot)
{
    vc_view *view = vc_state_view(e, slot);
    const vc_view_packet *last = newest(e, slot);
    vc_bwe *bwe = estimate_of(e, slot, last->pt);
    vc_rtp fields = {
        .pt = e->config.payload_rtx[last->pt], .seq = view->rtx_seq++, .ts = last->ts, .ssrc = view->rtx_ssrc};
    uint8_t *out = vc_burst_room(&receiver->tuples[receiver->send_tuple].link->video);
    uint8_t *at = write_header(e, receiver, &fields, bwe, 0);
    out[0] |= 0x20; /* P */
    memset(at, 0, VC_PROBE_PADDING);
    at[VC_PROBE_PADDING - 1] = VC_PROBE_PADDING;
    return finish(e, receiver, bwe, at + VC_PROBE_PADDING, 0);
}

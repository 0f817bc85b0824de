#include "vc_forward.h"

#include <string.h>

#include "vc_estimate.h"
#include "vc_rtp.h"
#include "vc_session.h"

enum {
    LOOK_BACK_MS = 60,       /* of speech: its beginning, and Python's way to give a slot to it */
    ONSET_US = 300000,       /* whoever has spoken for longer is in the middle of something */
    LOOK_BACK_PACKETS = 24,  /* of 2.5 ms */
    MOVE_HYSTERESIS_US = 500000, /* two paths in use at once must not make us hop with every packet */
};

static void publish_send_addr(vc_peer *peer)
{
    uint64_t words[3] = {0, 0, 0};
    if (peer->send_tuple != VC_NONE)
        memcpy(words, peer->tuples[peer->send_tuple].addr.bytes, VC_ADDR_BYTES);
    for (int i = 0; i < 3; i++)
        vc_figure_set(&peer->send_addr[i], words[i]);
}

void vc_forward_move(vc_engine *e, vc_peer *peer, int tuple)
{
    peer->send_tuple = tuple;
    publish_send_addr(peer);
    vc_figure_add(&peer->moves, 1);
    vc_count(e, VC_C_tuple_moves);
    if (tuple == VC_NONE)
        return;
    vc_record record = {.kind = VC_RECORD_MOVED, .peer = peer->id, .time_us = e->clock.now_us};
    memcpy(record.addr, peer->tuples[tuple].addr.bytes, VC_ADDR_BYTES);
    vc_estimate_moved(e, peer, &peer->tuples[tuple].addr);
    vc_state_tell(e, record, NULL, 0);
}

void vc_forward_alive(vc_engine *e, vc_peer *peer, int tuple, bool is_newest)
{
    peer->media_us = e->clock.now_us;
    vc_figure_set(&peer->last_received_us, e->clock.now_us);
    if (!is_newest || tuple == peer->send_tuple)
        return;
    if (e->clock.now_us < peer->moved_us + MOVE_HYSTERESIS_US && peer->send_tuple != VC_NONE)
        return;
    peer->moved_us = e->clock.now_us;
    vc_forward_move(e, peer, tuple);
}

bool vc_forward_is_ready(const vc_peer *peer)
{
    return peer->tx != NULL && peer->send_tuple != VC_NONE;
}

static void count_sent(vc_engine *e, vc_sent sent)
{
    vc_figure_add(&e->counters[VC_C_tx_datagrams], (uint64_t)sent.sent);
    vc_figure_add(&e->counters[VC_C_drop_send_full], (uint64_t)sent.full);
    vc_figure_add(&e->counters[VC_C_drop_send_error], (uint64_t)sent.failed);
    if (sent.bursts + sent.refused == 0)
        return;
    vc_figure_add(&e->counters[VC_C_bursts_sent], (uint64_t)sent.bursts);
    vc_figure_add(&e->counters[VC_C_bursts_refused], (uint64_t)sent.refused);
}

void vc_forward_flush_voice(vc_engine *e, vc_link *link)
{
    if (link->tx.count > 0)
        count_sent(e, vc_link_flush(link, &e->residence));
}

void vc_forward_flush(vc_engine *e, vc_link *link)
{
    vc_forward_flush_voice(e, link);
    if (link->video.queued_count > 0)
        count_sent(e, vc_link_flush_video(link, &e->residence));
}

static void account(vc_peer *peer, size_t length)
{
    vc_figure_add(&peer->tx_packets, 1);
    vc_figure_add(&peer->tx_bytes, length);
}

void vc_forward_queue(vc_engine *e, vc_peer *peer, size_t length, uint64_t arrived_ns)
{
    const vc_tuple *to = &peer->tuples[peer->send_tuple];
    if (to->flow != VC_NONE) {
        if (!vc_flow_queue(e, to->flow, vc_link_room(to->link), length, false))
            return;
    } else {
        vc_link_queue(to->link, length, &to->name, to->name_length, arrived_ns);
        if (to->from != NULL)
            vc_link_pin(to->link, to->from);
    }
    account(peer, length);
    if (vc_link_is_full(to->link))
        vc_forward_flush_voice(e, to->link);
}

void vc_forward_queue_video(vc_engine *e, vc_peer *peer, size_t length, uint64_t arrived_ns)
{
    const vc_tuple *to = &peer->tuples[peer->send_tuple];
    vc_burst *video = &to->link->video;
    if (to->flow == VC_NONE)
        vc_burst_queue(video, length, &to->name, to->name_length, to->from, arrived_ns);
    else if (!vc_flow_queue(e, to->flow, vc_burst_room(video), length, true))
        return;
    account(peer, length);
    if (vc_burst_is_full(video))
        vc_forward_flush(e, to->link);
}

/* ---- speech ---- */

static void tell_speech(vc_engine *e, vc_track *track)
{
    vc_record record = {
        .kind = VC_RECORD_SPEAKING,
        .peer = track->peer,
        .index = (int32_t)(track - e->tracks),
        .status = track->speech.is_speaking,
        .value = vc_speech_level(&track->speech),
        .time_us = e->clock.now_us,
    };
    if (vc_state_tell(e, record, NULL, 0))
        track->told_speaking = track->speech.is_speaking;
}

static void list_speaker(vc_engine *e, vc_track *track)
{
    bool belongs = track->speech.is_speaking || track->told_speaking != track->speech.is_speaking;
    if (belongs && track->speaker_at == VC_NONE) {
        track->speaker_at = (int32_t)e->speaker_count;
        e->speakers[e->speaker_count++] = (int32_t)(track - e->tracks);
    } else if (!belongs && track->speaker_at != VC_NONE) {
        int32_t last = e->speakers[--e->speaker_count];
        e->speakers[track->speaker_at] = last;
        e->tracks[last].speaker_at = track->speaker_at;
        track->speaker_at = VC_NONE;
    }
}

void vc_forward_spoke(vc_engine *e, vc_track *track, vc_speech_change change)
{
    vc_figure32_set(&track->level, vc_speech_level(&track->speech));
    vc_figure32_set(&track->speaking, track->speech.is_speaking);
    if (change != VC_SPEECH_SAME)
        tell_speech(e, track);
    list_speaker(e, track);
}

void vc_forward_sweep(vc_engine *e)
{
    for (uint32_t i = e->speaker_count; i-- > 0;) { /* downwards: the one looked at may leave the list */
        vc_track *track = &e->tracks[e->speakers[i]];
        if (vc_speech_sweep(&track->speech, e->clock.now_us) != VC_SPEECH_SAME ||
            track->told_speaking != track->speech.is_speaking)
            vc_forward_spoke(e, track, VC_SPEECH_STOPPED);
    }
}

static uint32_t duration_us(const vc_track *track, uint32_t ts)
{
    uint32_t ticks = ts - track->last_ts;
    if (ticks == 0 || ticks > track->clock_rate / 10) /* first, reordered, or after a pause */
        return 20000;
    return (uint32_t)((uint64_t)ticks * 1000000 / track->clock_rate);
}

void vc_forward_hear(vc_engine *e, vc_track *track, const vc_arrival *a)
{
    if (a->level == VC_LEVEL_NONE || track->muted)
        return;
    uint32_t lasts_us = duration_us(track, a->rtp.ts);
    vc_forward_spoke(e, track, vc_speech_add(&track->speech, a->level, lasts_us, e->clock.now_us));
}

/* ---- fan-out ---- */

/* Write a packet of 'slot' where the next one goes, and protect it: its length, or VC_ERR_STATE. */
static int write_copy(vc_engine *e, vc_slot *slot, vc_peer *receiver, const vc_sent_packet *sent, uint8_t level,
                      const uint8_t *payload, size_t payload_length)
{
    uint8_t pt = sent->red == 0 ? slot->pt : slot->red_pt;
    vc_rtp fields = {.pt = pt, .marker = sent->marker, .seq = sent->seq, .ts = sent->ts, .ssrc = slot->ssrc};
    uint8_t *out = vc_link_room(receiver->tuples[receiver->send_tuple].link);
    size_t header = vc_rtp_write(out, &fields, slot->level_ext, level);
    memcpy(out + header, payload, payload_length);
    int length = (int)(header + payload_length);
    return e->protect(vc_session_of(e, slot), out, &length) == 0 ? length : VC_ERR_STATE;
}

/* The payload that carries what came before as well: once made, it is there for all who are sent as many. */
static const vc_red *make_redundant(vc_engine *e, const vc_slot *slot, const vc_sent_packet *sent)
{
    vc_red *red = &e->reds[sent->red - 1];
    if (vc_red_make(red, vc_state_store(e, &e->tracks[sent->track]), sent->place, sent->red, slot->pt))
        vc_count(e, VC_C_redundancy_made);
    return red;
}

int vc_forward_again(vc_engine *e, vc_peer *receiver, vc_slot *slot, const vc_sent_packet *sent,
                     const vc_stored *stored, const uint8_t *payload)
{
    size_t payload_length = stored->length;
    if (sent->red != 0) {
        if (vc_red_reach(vc_state_store(e, &e->tracks[sent->track]), sent->place, sent->red) < sent->red)
            return VC_ERR_NOT_FOUND;
        const vc_red *red = make_redundant(e, slot, sent);
        payload = red->bytes;
        payload_length = red->length;
    }
    int length = write_copy(e, slot, receiver, sent, stored->level, payload, payload_length);
    if (length < 0)
        return VC_ERR_STATE;
    vc_figure_add(&slot->resent, 1);
    vc_forward_queue(e, receiver, (size_t)length, 0);
    return VC_OK;
}

/* Send the packet of a slot that carries what 'a' holds; false (and counted) when it fails. */
static bool emit(vc_engine *e, vc_slot *slot, vc_peer *receiver, const vc_sent_packet *packet, const vc_arrival *a)
{
    int length = write_copy(e, slot, receiver, packet, a->level, a->payload, a->payload_length);
    if (length < 0) {
        vc_count(e, VC_C_drop_protect);
        return false;
    }
    if (packet->serial != 0)
        vc_history_put(&slot->history, packet);
    if (receiver->resend_credit < VC_RESEND_CREDIT_MAX)
        receiver->resend_credit++;
    vc_figure_add(&slot->packets, 1);
    vc_figure_add(&slot->bytes, a->payload_length);
    vc_figure32_set(&slot->seq, (uint16_t)slot->rewriter.out_seq);
    vc_figure32_set(&slot->ts, slot->rewriter.out_ts);
    vc_forward_queue(e, receiver, (size_t)length, a->arrived_ns);
    return true;
}

/* How many earlier packets the slot's next is to carry: none from before its stretch, which were sent as something else
 * or to nobody, and none over TCP. */
static unsigned redundancy_of(vc_engine *e, const vc_slot *slot, const vc_peer *receiver, const vc_arrival *a)
{
    uint32_t since_start = a->ext_seq - slot->rewriter.first_ext;
    int most = since_start < slot->red_distance ? (int)since_start : slot->red_distance;
    if (a->serial == 0 || receiver->tuples[receiver->send_tuple].flow != VC_NONE)
        return 0;
    return (unsigned)vc_red_reach(vc_state_store(e, &e->tracks[a->track]), a->place, most);
}

/* As emit(), with the redundancy that the slot is to have. */
static bool emit_redundant(vc_engine *e, vc_slot *slot, vc_peer *receiver, vc_sent_packet *sent, const vc_arrival *a)
{
    sent->red = redundancy_of(e, slot, receiver, a) & 3u;
    if (sent->red == 0)
        return emit(e, slot, receiver, sent, a);
    const vc_red *red = make_redundant(e, slot, sent);
    vc_arrival with = *a;
    with.payload = red->bytes;
    with.payload_length = red->length;
    if (!emit(e, slot, receiver, sent, &with))
        return false;
    vc_figure_add(&slot->redundant, 1);
    vc_count(e, VC_C_redundant);
    return true;
}

/* 'counter' is what it counts as when it was sent. */
static void send_copy(vc_engine *e, vc_slot *slot, vc_peer *receiver, const vc_arrival *a, vc_counter counter)
{
    vc_rewritten numbers;
    if (vc_rewriter_next(&slot->rewriter, a->ext_seq, a->rtp.ts, a->arrived_us, &numbers) != VC_OK)
        return vc_count(e, VC_C_drop_old_stretch);
    if (!vc_history_may_send(&slot->history, numbers.seq, (uint16_t)slot->rewriter.out_seq))
        return vc_count(e, VC_C_drop_number_used);
    vc_sent_packet sent = {
        .serial = a->serial,
        .ts = numbers.ts,
        .sent_ms = (uint32_t)(e->clock.now_us / 1000),
        .track = a->track,
        .seq = numbers.seq,
        .place = (uint8_t)a->place,
        .marker = a->rtp.marker || numbers.starts_stretch,
    };
    if (slot->red_distance == 0 ? emit(e, slot, receiver, &sent, a) : emit_redundant(e, slot, receiver, &sent, a))
        vc_count(e, counter);
}

/* Places of the stored packets that belong to the last LOOK_BACK_MS, the newest first; how many. */
static int find_syllable(const vc_engine *e, const vc_track *track, const vc_store *store, uint8_t places[LOOK_BACK_PACKETS])
{
    uint32_t ticks = track->clock_rate * LOOK_BACK_MS / 1000;
    int n = 0;
    for (int place; n < LOOK_BACK_PACKETS && (place = vc_store_newest(store, (uint32_t)n)) >= 0; n++) {
        const vc_stored *packet = &store->packets[place];
        if (track->last_ts - packet->ts >= ticks || e->clock.now_us >= packet->arrived_us + ONSET_US)
            break;
        places[n] = (uint8_t)place;
    }
    return n;
}

void vc_forward_look_back(vc_engine *e, vc_slot *slot)
{
    const vc_track *track = &e->tracks[slot->track];
    const vc_store *store = vc_state_store(e, track);
    vc_peer *receiver = &e->peers[slot->peer];
    bool begins = track->speech.is_speaking && e->clock.now_us < track->speech.began_us + ONSET_US;
    if (!begins || track->media != VC_MEDIA_AUDIO || receiver->deaf || !vc_forward_is_ready(receiver))
        return;
    uint8_t places[LOOK_BACK_PACKETS];
    for (int i = find_syllable(e, track, store, places); i-- > 0;) {
        const vc_stored *packet = &store->packets[places[i]];
        vc_arrival a = {
            .rtp = {.ts = packet->ts, .marker = packet->marker},
            .payload_length = packet->length,
            .ext_seq = packet->ext_seq,
            .level = packet->level,
            .arrived_us = packet->arrived_us,
            .track = slot->track,
            .serial = packet->serial,
            .place = places[i],
        };
        if (vc_store_get(store, places[i], packet->serial, &a.payload) != NULL)
            send_copy(e, slot, receiver, &a, VC_C_looked_back);
    }
}

void vc_forward_hush(vc_engine *e, vc_slot *slot)
{
    static const uint8_t silence[] = {0xf8, 0xff, 0xfe}; /* Opus (RFC 6716): CELT, fullband, mono, 20 ms of nothing */
    vc_peer *receiver = &e->peers[slot->peer];
    vc_rewriter *rewriter = &slot->rewriter;
    if (slot->track == VC_NONE || e->tracks[slot->track].media != VC_MEDIA_AUDIO || !rewriter->in_stretch)
        return;
    if (receiver->deaf || !vc_forward_is_ready(receiver))
        return;
    vc_rewritten numbers = vc_rewriter_finish(rewriter, rewriter->clock_rate / 50, e->clock.now_us);
    vc_sent_packet packet = {.ts = numbers.ts, .seq = numbers.seq}; /* never asked for again: what follows is silence */
    vc_arrival a = {.payload = silence, .payload_length = sizeof silence, .level = VC_LEVEL_SILENCE};
    if (emit(e, slot, receiver, &packet, &a))
        vc_count(e, VC_C_silence_sent);
}

static void deliver(vc_engine *e, int32_t slot_id, const vc_arrival *a)
{
    vc_slot *slot = &e->slots[slot_id];
    vc_peer *receiver = &e->peers[slot->peer];
    if (receiver->deaf || !vc_forward_is_ready(receiver)) {
        vc_rewriter_cut(&slot->rewriter);
        vc_count(e, receiver->deaf ? VC_C_drop_receiver_deaf : VC_C_drop_receiver_not_ready);
        return;
    }
    send_copy(e, slot, receiver, a, VC_C_forwarded);
}

void vc_forward_voice(vc_engine *e, vc_track *track, const vc_arrival *a)
{
    uint32_t n = track->receiver_count;
    if (n == 0)
        return vc_count(e, VC_C_drop_no_receiver);
    if (track->muted)
        return vc_count(e, VC_C_drop_muted);
    if (track->turn >= n)
        track->turn = 0;
    for (uint32_t i = track->turn; i < n; i++)
        deliver(e, track->receivers[i], a);
    for (uint32_t i = 0; i < track->turn; i++)
        deliver(e, track->receivers[i], a);
    track->turn++; /* nobody is always last */
}

#include "vc_apply.h"

#include <string.h>

#include "vc_forward.h"
#include "vc_repair.h"
#include "vc_report.h"

enum {
    COMMANDS_PER_TURN = 8,       /* measured: 64 cost the 99.9th percentile dearly */
    MEDIA_DECIDES_US = 2000000,  /* after this much silence a STUN check may choose the send tuple */
    ABANDONED_US = 5000000,      /* a tuple silent this long may become another peer's */
};

static void set_alive(atomic_bool *flag, bool alive)
{
    atomic_store_explicit(flag, alive, memory_order_relaxed);
}

/* ---- routes ---- */

static void detach(vc_engine *e, vc_slot *slot)
{
    if (slot->track == VC_NONE)
        return;
    vc_track *track = &e->tracks[slot->track];
    int32_t last = track->receivers[--track->receiver_count];
    track->receivers[slot->at] = last;
    e->slots[last].at = slot->at;
    slot->track = VC_NONE;
    vc_rewriter_cut(&slot->rewriter);
}

static int route_set(vc_engine *e, const vc_command *c)
{
    vc_slot *slot = vc_state_slot(e, c->index);
    vc_track *track = vc_state_track(e, c->other);
    if (slot == NULL || track == NULL)
        return VC_ERR_NOT_FOUND;
    if (slot->track == c->other)
        return VC_OK;
    if (track->clock_rate != slot->rewriter.clock_rate)
        return VC_ERR_RANGE;
    if (track->receiver_count == e->config.max_receivers)
        return VC_ERR_LIMIT;
    detach(e, slot);
    slot->track = c->other;
    slot->at = track->receiver_count;
    track->receivers[track->receiver_count++] = c->index;
    if (c->on)
        vc_forward_look_back(e, slot);
    return VC_OK;
}

static int route_clear(vc_engine *e, const vc_command *c)
{
    vc_slot *slot = vc_state_slot(e, c->index);
    if (slot == NULL)
        return VC_ERR_NOT_FOUND;
    vc_forward_hush(e, slot);
    detach(e, slot);
    return VC_OK;
}

/* ---- slots ---- */

static void reset_slot_figures(vc_slot *slot)
{
    vc_figure *wide[] = {&slot->packets, &slot->bytes, &slot->reported_us};
    vc_figure32 *narrow[] = {&slot->seq, &slot->ts, &slot->lost, &slot->fraction_lost, &slot->jitter, &slot->rtt_us};
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        vc_figure_set(wide[i], 0);
    for (size_t i = 0; i < sizeof narrow / sizeof *narrow; i++)
        vc_figure32_set(narrow[i], 0);
}

static int slot_add(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    if (peer == NULL)
        return VC_ERR_NOT_FOUND;
    if (vc_state_slot(e, c->index) != NULL)
        return VC_ERR_EXISTS;
    for (int i = 0; i < peer->slot_count; i++) /* two streams under one SSRC would share GCM nonces */
        if (e->slots[peer->slots[i]].ssrc == c->ssrc)
            return VC_ERR_EXISTS;
    for (int i = 0; i < peer->ended_count; i++) /* or one stream after the other */
        if (peer->ended_ssrcs[i] == c->ssrc)
            return VC_ERR_EXISTS;
    if (peer->slot_count + peer->ended_count == VC_SLOTS_PER_PEER)
        return VC_ERR_LIMIT;
    vc_slot *slot = &e->slots[c->index];
    slot->pt = c->pt;
    slot->level_ext = c->level_ext;
    slot->peer = c->peer;
    slot->track = VC_NONE;
    slot->ssrc = c->ssrc;
    slot->cname_length = c->text_length;
    memcpy(slot->cname, c->text, c->text_length);
    vc_rewriter_init(&slot->rewriter, c->clock_rate, vc_state_random(e), vc_state_random(e));
    vc_history_clear(&slot->history);
    reset_slot_figures(slot);
    slot->of_peer = (uint32_t)peer->slot_count;
    peer->slots[peer->slot_count++] = c->index;
    set_alive(&slot->alive, true);
    return VC_OK;
}

static void remove_slot(vc_engine *e, vc_slot *slot)
{
    vc_peer *peer = &e->peers[slot->peer];
    detach(e, slot);
    peer->ended_ssrcs[peer->ended_count++] = slot->ssrc;
    int32_t last = peer->slots[--peer->slot_count];
    peer->slots[slot->of_peer] = last;
    e->slots[last].of_peer = slot->of_peer;
    set_alive(&slot->alive, false);
}

static int slot_del(vc_engine *e, const vc_command *c)
{
    vc_slot *slot = vc_state_slot(e, c->index);
    if (slot == NULL)
        return VC_ERR_NOT_FOUND;
    remove_slot(e, slot);
    return VC_OK;
}

/* ---- tracks ---- */

static void reset_track_figures(vc_track *track)
{
    vc_figure32 *narrow[] = {&track->ext_seq, &track->lost, &track->fraction_lost, &track->jitter, &track->speaking};
    vc_figure_set(&track->packets, 0);
    vc_figure_set(&track->bytes, 0);
    for (size_t i = 0; i < sizeof narrow / sizeof *narrow; i++)
        vc_figure32_set(narrow[i], 0);
    vc_figure32_set(&track->level, 127);
}

static int track_add(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    if (peer == NULL)
        return VC_ERR_NOT_FOUND;
    if (vc_state_track(e, c->index) != NULL)
        return VC_ERR_EXISTS;
    for (int i = 0; i < peer->track_count; i++)
        if (e->tracks[peer->tracks[i]].ssrc == c->ssrc)
            return VC_ERR_EXISTS;
    if (peer->track_count == VC_TRACKS_PER_PEER)
        return VC_ERR_LIMIT;
    vc_track *track = &e->tracks[c->index];
    track->muted = false;
    track->media = c->media;
    track->pt = c->pt;
    track->level_ext = c->level_ext;
    track->peer = c->peer;
    track->ssrc = c->ssrc;
    track->clock_rate = c->clock_rate;
    track->last_ts = 0;
    track->heard_us = 0;
    track->rate = (vc_bucket){0, 0};
    track->reception = (vc_reception){0};
    track->speech = (vc_speech){0};
    track->receivers = e->receivers + (size_t)c->index * e->config.max_receivers;
    track->receiver_count = track->turn = 0;
    track->told_speaking = false;
    track->speaker_at = VC_NONE;
    track->missing = (vc_missing){0};
    track->lossy_at = VC_NONE;
    if (track->media == VC_MEDIA_AUDIO)
        vc_store_clear(&e->stores[c->index]);
    reset_track_figures(track);
    peer->tracks[peer->track_count++] = c->index;
    set_alive(&track->alive, true);
    return VC_OK;
}

static void remove_track(vc_engine *e, vc_track *track)
{
    vc_peer *peer = &e->peers[track->peer];
    int32_t id = (int32_t)(track - e->tracks);
    while (track->receiver_count > 0) {
        vc_slot *slot = &e->slots[track->receivers[track->receiver_count - 1]];
        vc_forward_hush(e, slot);
        detach(e, slot);
    }
    vc_speech_silence(&track->speech);
    track->told_speaking = false; /* it ends without a word: whoever deleted it knows */
    vc_forward_spoke(e, track, VC_SPEECH_SAME);
    track->missing.count = 0;
    vc_repair_noticed(e, track);
    for (int i = 0; i < peer->track_count; i++)
        if (peer->tracks[i] == id)
            peer->tracks[i] = peer->tracks[--peer->track_count];
    set_alive(&track->alive, false);
}

static int track_del(vc_engine *e, const vc_command *c)
{
    vc_track *track = vc_state_track(e, c->index);
    if (track == NULL)
        return VC_ERR_NOT_FOUND;
    remove_track(e, track);
    return VC_OK;
}

static int track_mute(vc_engine *e, const vc_command *c)
{
    vc_track *track = vc_state_track(e, c->index);
    if (track == NULL)
        return VC_ERR_NOT_FOUND;
    track->muted = c->on;
    if (track->muted)
        vc_forward_spoke(e, track, vc_speech_silence(&track->speech));
    if (track->media == VC_MEDIA_AUDIO)
        vc_store_clear(&e->stores[c->index]); /* nothing of before is heard again */
    for (uint32_t i = 0; i < track->receiver_count; i++) { /* what was swallowed is no loss of the receivers' */
        if (track->muted)
            vc_forward_hush(e, &e->slots[track->receivers[i]]);
        vc_rewriter_cut(&e->slots[track->receivers[i]].rewriter);
    }
    return VC_OK;
}

/* ---- peers ---- */

static void reset_peer_figures(vc_peer *peer)
{
    vc_figure *all[] = {&peer->last_received_us, &peer->rx_packets,    &peer->rx_bytes, &peer->tx_packets,
                        &peer->tx_bytes,         &peer->auth_failures, &peer->replays,  &peer->moves,
                        &peer->send_addr[0],     &peer->send_addr[1],  &peer->send_addr[2]};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        vc_figure_set(all[i], 0);
}

static int peer_add(vc_engine *e, const vc_command *c)
{
    if (vc_state_peer(e, c->peer) != NULL)
        return VC_ERR_EXISTS;
    vc_peer *peer = &e->peers[c->peer];
    peer->id = c->peer;
    peer->own_ssrc = c->ssrc;
    peer->deaf = false;
    peer->twcc_ext = 0;
    peer->resend_credit = VC_RESEND_CREDIT_MAX;
    peer->rx = peer->tx = NULL;
    peer->send_tuple = VC_NONE;
    peer->moved_us = peer->media_us = peer->rtt_us = 0;
    peer->track_count = peer->slot_count = peer->ended_count = peer->rtcp_ssrc_count = 0;
    peer->stun_known = peer->stun_new = peer->dtls = (vc_bucket){0, 0};
    memset(peer->tuples, 0, sizeof peer->tuples);
    memset(peer->ufrags, 0, sizeof peer->ufrags);
    memset(peer->rtcp_ssrc_used, 0, sizeof peer->rtcp_ssrc_used);
    reset_peer_figures(peer);
    set_alive(&peer->alive, true);
    return VC_OK;
}

/* A flow serves one peer: it ends with its tuple. */
static void unname_tuple(vc_engine *e, vc_tuple *tuple)
{
    vc_table_remove(&e->by_addr, tuple->addr.bytes, VC_ADDR_BYTES);
    tuple->in_use = false;
    if (tuple->flow != VC_NONE)
        vc_flow_close(e, tuple->flow);
}

static void forget_names(vc_engine *e, vc_peer *peer)
{
    for (int i = 0; i < VC_TUPLES_MAX; i++)
        if (peer->tuples[i].in_use)
            unname_tuple(e, &peer->tuples[i]);
    for (int i = 0; i < VC_UFRAGS_PER_PEER; i++)
        if (peer->ufrags[i][0] != 0)
            vc_table_remove(&e->by_ufrag, peer->ufrags[i], sizeof peer->ufrags[i]);
}

static int peer_del(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    if (peer == NULL)
        return VC_ERR_NOT_FOUND;
    while (peer->track_count > 0)
        remove_track(e, &e->tracks[peer->tracks[peer->track_count - 1]]);
    while (peer->slot_count > 0)
        remove_slot(e, &e->slots[peer->slots[peer->slot_count - 1]]);
    forget_names(e, peer);
    vc_wheel_disarm(&e->wheel, peer->id);
    peer->rx = peer->tx = NULL;
    set_alive(&peer->alive, false);
    return VC_OK;
}

static int peer_keys(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    if (peer == NULL)
        return VC_ERR_NOT_FOUND;
    peer->rx = (void *)c->rx;
    peer->tx = (void *)c->tx;
    peer->ended_count = 0;
    for (int i = 0; i < peer->slot_count; i++) /* sent under other keys */
        vc_history_clear(&e->slots[peer->slots[i]].history);
    vc_report_start(e, peer);
    return VC_OK;
}

static int peer_deafen(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    if (peer == NULL)
        return VC_ERR_NOT_FOUND;
    peer->deaf = c->on;
    for (int i = 0; i < peer->slot_count; i++)
        vc_rewriter_cut(&e->slots[peer->slots[i]].rewriter);
    return VC_OK;
}

static int peer_twcc(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    if (peer == NULL)
        return VC_ERR_NOT_FOUND;
    peer->twcc_ext = c->level_ext;
    vc_twcc_init(&e->twccs[c->peer], e->clock.now_us);
    return VC_OK;
}

/* ---- names of a peer: ufrags and tuples ---- */

static void ufrag_key(const vc_command *c, uint8_t key[VC_UFRAG_MAX + 1])
{
    memset(key, 0, VC_UFRAG_MAX + 1);
    key[0] = c->text_length;
    memcpy(key + 1, c->text, c->text_length);
}

static int ufrag_add(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    if (peer == NULL)
        return VC_ERR_NOT_FOUND;
    for (int i = 0; i < VC_UFRAGS_PER_PEER; i++) {
        if (peer->ufrags[i][0] != 0)
            continue;
        uint8_t key[VC_UFRAG_MAX + 1];
        ufrag_key(c, key);
        int status = vc_table_put(&e->by_ufrag, key, sizeof key, c->peer);
        if (status == VC_OK)
            memcpy(peer->ufrags[i], key, sizeof key);
        return status;
    }
    return VC_ERR_LIMIT;
}

static int ufrag_del(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    uint8_t key[VC_UFRAG_MAX + 1];
    ufrag_key(c, key);
    for (int i = 0; peer != NULL && i < VC_UFRAGS_PER_PEER; i++) {
        if (memcmp(peer->ufrags[i], key, sizeof key) != 0)
            continue;
        memset(peer->ufrags[i], 0, sizeof peer->ufrags[i]);
        return vc_table_remove(&e->by_ufrag, key, sizeof key);
    }
    return VC_ERR_NOT_FOUND;
}

/* The tuple of 'peer' with that address, or VC_ERR_NOT_FOUND. */
static int tuple_index(const vc_engine *e, const vc_peer *peer, const uint8_t *addr)
{
    int found = vc_table_get(&e->by_addr, addr, VC_ADDR_BYTES);
    if (found < 0 || found / VC_TUPLES_MAX != peer->id)
        return VC_ERR_NOT_FOUND;
    return found % VC_TUPLES_MAX;
}

static int fill_tuple(vc_engine *e, vc_tuple *tuple, const uint8_t *bytes)
{
    vc_addr addr;
    memcpy(addr.bytes, bytes, VC_ADDR_BYTES);
    if (vc_addr_check(&addr) != VC_OK)
        return VC_ERR_RANGE;
    bool is_tcp = vc_addr_is_tcp(&addr);
    int flow = is_tcp ? vc_flow_find(e, bytes) : VC_NONE;
    if (is_tcp && flow < 0)
        return VC_ERR_NOT_FOUND;
    vc_link *link = &e->links[(is_tcp || vc_addr_is_v4(&addr)) && e->links[0].fd >= 0 ? 0 : 1];
    if (link->fd < 0)
        return VC_ERR_RANGE;
    *tuple = (vc_tuple){.in_use = true, .addr = addr, .flow = flow, .link = link, .added_us = e->clock.now_us};
    if (is_tcp)
        return VC_OK;
    tuple->name_length = vc_addr_to_sockaddr(&addr, link->family, &tuple->name);
    return VC_OK;
}

static int any_tuple(const vc_peer *peer)
{
    for (int i = 0; i < VC_TUPLES_MAX; i++)
        if (peer->tuples[i].in_use)
            return i;
    return VC_NONE;
}

static void drop_tuple(vc_engine *e, vc_peer *peer, int i)
{
    unname_tuple(e, &peer->tuples[i]);
    if (peer->send_tuple == i)
        vc_forward_move(e, peer, any_tuple(peer));
}

int vc_apply_forget_tuple(vc_engine *e, const uint8_t *addr)
{
    int found = vc_table_get(&e->by_addr, addr, VC_ADDR_BYTES);
    if (found < 0)
        return VC_NONE;
    drop_tuple(e, &e->peers[found / VC_TUPLES_MAX], found % VC_TUPLES_MAX);
    return found / VC_TUPLES_MAX;
}

/* A port used again by a reloaded page belongs to its new peer; one in use stays with its owner, because a member
 * could send checks under a forged source address to take another's tuple away. */
static void release_abandoned(vc_engine *e, const uint8_t *addr)
{
    int found = vc_table_get(&e->by_addr, addr, VC_ADDR_BYTES);
    if (found < 0)
        return;
    vc_peer *owner = &e->peers[found / VC_TUPLES_MAX];
    uint64_t used_us = owner->tuples[found % VC_TUPLES_MAX].added_us;
    if (owner->media_us > used_us)
        used_us = owner->media_us;
    if (e->clock.now_us >= used_us + ABANDONED_US)
        drop_tuple(e, owner, found % VC_TUPLES_MAX);
}

static int tuple_add(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    if (peer == NULL)
        return VC_ERR_NOT_FOUND;
    if (tuple_index(e, peer, c->addr) >= 0)
        return VC_OK; /* each further check says it again */
    release_abandoned(e, c->addr);
    for (int i = 0; i < VC_TUPLES_MAX; i++) {
        if (peer->tuples[i].in_use)
            continue;
        vc_tuple tuple;
        int status = fill_tuple(e, &tuple, c->addr);
        if (status == VC_OK)
            status = vc_table_put(&e->by_addr, c->addr, VC_ADDR_BYTES, c->peer * VC_TUPLES_MAX + i);
        if (status != VC_OK)
            return status;
        peer->tuples[i] = tuple;
        if (peer->send_tuple == VC_NONE)
            vc_forward_move(e, peer, i);
        return VC_OK;
    }
    return VC_ERR_LIMIT;
}

static int tuple_del(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    int i = peer == NULL ? VC_ERR_NOT_FOUND : tuple_index(e, peer, c->addr);
    if (i < 0)
        return VC_ERR_NOT_FOUND;
    drop_tuple(e, peer, i);
    return VC_OK;
}

static int tuple_prefer(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    int i = peer == NULL ? VC_ERR_NOT_FOUND : tuple_index(e, peer, c->addr);
    if (i < 0)
        return VC_ERR_NOT_FOUND;
    bool media_decides = peer->media_us != 0 && e->clock.now_us < peer->media_us + MEDIA_DECIDES_US;
    if (i != peer->send_tuple && !media_decides)
        vc_forward_move(e, peer, i);
    return VC_OK;
}

/* ---- flows ---- */

static int flow_add(vc_engine *e, const vc_command *c)
{
    return vc_flow_open(e, c->index, c->addr);
}

static int flow_del(vc_engine *e, const vc_command *c)
{
    int flow = vc_flow_find(e, c->addr);
    if (flow >= 0)
        vc_flow_close(e, flow);
    return VC_OK; /* it may have ended by itself a moment ago */
}

static int flow_send(vc_engine *e, const vc_command *c)
{
    uint32_t tail = atomic_load_explicit(&e->flows.outgoing_tail, memory_order_relaxed);
    const vc_outgoing *packet = &e->flows.outgoing[tail % VC_OUTGOING];
    int flow = vc_flow_find(e, c->addr);
    if (flow >= 0)
        vc_flow_queue(e, flow, packet->data, packet->length);
    else
        vc_count(e, VC_C_drop_flow_gone);
    atomic_store_explicit(&e->flows.outgoing_tail, tail + 1, memory_order_release);
    return VC_OK;
}

/* ---- video ---- */

static int not_yet(vc_engine *e, const vc_command *c)
{
    (void)e;
    (void)c;
    return VC_ERR_STATE;
}

/* ---- dispatch ---- */

static int sync(vc_engine *e, const vc_command *c)
{
    (void)e;
    (void)c;
    return VC_OK;
}

static int (*const APPLY[VC_OP_COUNT])(vc_engine *, const vc_command *) = {
    [VC_OP_SYNC] = sync,
    [VC_OP_PEER_ADD] = peer_add,
    [VC_OP_PEER_DEL] = peer_del,
    [VC_OP_UFRAG_ADD] = ufrag_add,
    [VC_OP_UFRAG_DEL] = ufrag_del,
    [VC_OP_TUPLE_ADD] = tuple_add,
    [VC_OP_TUPLE_DEL] = tuple_del,
    [VC_OP_TUPLE_PREFER] = tuple_prefer,
    [VC_OP_PEER_KEYS] = peer_keys,
    [VC_OP_PEER_DEAFEN] = peer_deafen,
    [VC_OP_PEER_TWCC] = peer_twcc,
    [VC_OP_TRACK_ADD] = track_add,
    [VC_OP_TRACK_DEL] = track_del,
    [VC_OP_TRACK_MUTE] = track_mute,
    [VC_OP_SLOT_ADD] = slot_add,
    [VC_OP_SLOT_DEL] = slot_del,
    [VC_OP_ROUTE_SET] = route_set,
    [VC_OP_ROUTE_CLEAR] = route_clear,
    [VC_OP_FLOW_ADD] = flow_add,
    [VC_OP_FLOW_DEL] = flow_del,
    [VC_OP_FLOW_SEND] = flow_send,
    [VC_OP_PEER_ESTIMATE] = not_yet,
    [VC_OP_TRACK_MID] = not_yet,
    [VC_OP_VIDEO_ADD] = not_yet,
    [VC_OP_VIDEO_LIMIT] = not_yet,
    [VC_OP_VIDEO_SLOT_ADD] = not_yet,
};

static void apply(vc_engine *e, const vc_command *c)
{
    int status = APPLY[c->op](e, c);
    vc_count(e, VC_C_commands);
    if (status != VC_OK)
        vc_count(e, VC_C_commands_refused);
    else if (c->token == 0)
        return;
    vc_record record = {
        .kind = c->token != 0 ? VC_RECORD_ACK : VC_RECORD_REFUSED,
        .peer = c->peer,
        .index = c->op,
        .status = status,
        .value = c->token,
        .time_us = e->clock.now_us,
    };
    vc_state_tell(e, record, NULL, 0);
}

bool vc_apply_commands(vc_engine *e)
{
    vc_command command;
    for (int i = 0; i < COMMANDS_PER_TURN; i++) {
        /* An acknowledgement is never dropped: a command waits until it could be answered. */
        if (!vc_ring_has_room(&e->ring) || !vc_cmdq_pop(&e->commands, &command))
            break;
        apply(e, &command);
    }
    return !vc_cmdq_is_empty(&e->commands);
}

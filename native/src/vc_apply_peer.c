#include <string.h>

#include "vc_apply.h"
#include "vc_apply_ops.h"
#include "vc_estimate.h"
#include "vc_forward.h"
#include "vc_report.h"
#include "vc_session.h"

enum {
    MEDIA_DECIDES_US = 2000000, /* after this much silence a STUN check may choose the send tuple */
    ABANDONED_US = 5000000,     /* a tuple silent this long may become another peer's */
};

static void set_alive(atomic_bool *flag, bool alive)
{
    atomic_store_explicit(flag, alive, memory_order_relaxed);
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

int vc_apply_peer_add(vc_engine *e, const vc_command *c)
{
    if (vc_state_peer(e, c->peer) != NULL)
        return VC_ERR_EXISTS;
    vc_peer *peer = &e->peers[c->peer];
    peer->id = c->peer;
    peer->own_ssrc = c->ssrc;
    peer->deaf = false;
    peer->twcc_ext = 0;
    peer->bwe = VC_NONE;
    peer->prober = (vc_prober){0};
    peer->uplink = (vc_uplink){0};
    peer->path = peer->left = (vc_path){0};
    peer->resend_credit = VC_RESEND_CREDIT_MAX;
    peer->told_resent = peer->told_lost = 0;
    peer->rx = peer->tx = peer->stream_policy = peer->send_policy = NULL;
    peer->send_tuple = VC_NONE;
    peer->moved_us = peer->media_us = peer->limit_told_us = peer->rtt_us = 0;
    peer->track_count = peer->slot_count = peer->rtcp_ssrc_count = 0;
    peer->ended_slots = peer->ended_count = peer->named_count = 0;
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

int vc_apply_peer_del(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    if (peer == NULL)
        return VC_ERR_NOT_FOUND;
    while (peer->track_count > 0)
        vc_apply_remove_track(e, &e->tracks[peer->tracks[peer->track_count - 1]]);
    while (peer->slot_count > 0)
        vc_apply_remove_slot(e, &e->slots[peer->slots[peer->slot_count - 1]]);
    forget_names(e, peer);
    if (peer->bwe != VC_NONE)
        e->unused_bwes[e->unused_bwe_count++] = peer->bwe;
    peer->bwe = VC_NONE;
    vc_wheel_disarm(&e->wheel, peer->id);
    vc_wheel_disarm(&e->probes, peer->id);
    peer->rx = peer->tx = NULL;
    set_alive(&peer->alive, false);
    return VC_OK;
}

int vc_apply_peer_keys(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    if (peer == NULL)
        return VC_ERR_NOT_FOUND;
    for (int i = 0; i < peer->slot_count; i++) { /* sent under other keys */
        vc_slot *slot = &e->slots[peer->slots[i]];
        vc_session_end(e, slot);
        if (slot->view == VC_NONE)
            vc_history_clear(&slot->history);
        else
            vc_view_forget(vc_state_view(e, slot), e->stored);
    }
    peer->rx = (void *)c->rx;
    peer->tx = (void *)c->tx;
    peer->stream_policy = peer->send_policy = NULL;
    peer->ended_slots = peer->ended_count = peer->named_count = 0;
    vc_report_start(e, peer);
    return VC_OK;
}

int vc_apply_peer_stream_policy(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    if (peer == NULL)
        return VC_ERR_NOT_FOUND;
    peer->stream_policy = (void *)c->rx;
    peer->stream_policy_ssrc = (uint32_t *)c->tx;
    return VC_OK;
}

int vc_apply_peer_send_policy(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    if (peer == NULL)
        return VC_ERR_NOT_FOUND;
    peer->send_policy = (void *)c->rx;
    peer->send_policy_ssrc = (uint32_t *)c->tx;
    return VC_OK;
}

int vc_apply_peer_deafen(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    if (peer == NULL)
        return VC_ERR_NOT_FOUND;
    peer->deaf = c->on;
    for (int i = 0; i < peer->slot_count; i++)
        if (e->slots[peer->slots[i]].view == VC_NONE)
            vc_rewriter_cut(&e->slots[peer->slots[i]].rewriter);
    return VC_OK;
}

int vc_apply_peer_twcc(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    if (peer == NULL)
        return VC_ERR_NOT_FOUND;
    peer->twcc_ext = c->level_ext;
    vc_twcc_init(&e->twccs[c->peer], e->clock.now_us);
    return VC_OK;
}

int vc_apply_peer_limit(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    if (peer == NULL)
        return VC_ERR_NOT_FOUND;
    vc_uplink_bound(&peer->uplink, c->bits_per_s[0]);
    return VC_OK;
}

int vc_apply_peer_estimate(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    uint32_t least = c->bits_per_s[0], start = c->bits_per_s[1], most = c->bits_per_s[2];
    if (peer == NULL)
        return VC_ERR_NOT_FOUND;
    if (peer->bwe != VC_NONE) {
        vc_bwe_bound(vc_state_bwe(e, peer), least, most);
        return VC_OK;
    }
    if (e->unused_bwe_count == 0)
        return VC_ERR_LIMIT;
    peer->bwe = e->unused_bwes[--e->unused_bwe_count];
    vc_bwe_init(vc_state_bwe(e, peer), least, start, most, (uint16_t)vc_state_random(e));
    return VC_OK;
}

int vc_apply_peer_want(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    if (peer == NULL || peer->bwe == VC_NONE)
        return VC_ERR_NOT_FOUND;
    vc_estimate_want(e, peer, c->bits_per_s[0]);
    return VC_OK;
}

/* ---- names of a peer: ufrags and tuples ---- */

static void ufrag_key(const vc_command *c, uint8_t key[VC_UFRAG_MAX + 1])
{
    memset(key, 0, VC_UFRAG_MAX + 1);
    key[0] = c->text_length;
    memcpy(key + 1, c->text, c->text_length);
}

int vc_apply_ufrag_add(vc_engine *e, const vc_command *c)
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

int vc_apply_ufrag_del(vc_engine *e, const vc_command *c)
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
    vc_link *link = vc_state_link(e, &addr);
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

int vc_apply_tuple_add(vc_engine *e, const vc_command *c)
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

int vc_apply_tuple_del(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    int i = peer == NULL ? VC_ERR_NOT_FOUND : tuple_index(e, peer, c->addr);
    if (i < 0)
        return VC_ERR_NOT_FOUND;
    drop_tuple(e, peer, i);
    return VC_OK;
}

int vc_apply_tuple_pin(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = vc_state_peer(e, c->peer);
    int i = peer == NULL ? VC_ERR_NOT_FOUND : tuple_index(e, peer, c->addr);
    if (i < 0)
        return VC_ERR_NOT_FOUND;
    const vc_local *local = vc_state_local(e, &peer->tuples[i].addr);
    if (local == NULL)
        return VC_ERR_NOT_FOUND;
    peer->tuples[i].from = local;
    return VC_OK;
}

int vc_apply_tuple_prefer(vc_engine *e, const vc_command *c)
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

/* vc_stats.c - figures of the media thread, read by any other. */
#include <string.h>

#include "vc_state.h"

#define NAME(name) #name,
static const char *const COUNTER_NAMES[VC_COUNTER_COUNT] = {VC_COUNTERS(NAME)};
#undef NAME

int vc_counter_count(void)
{
    return VC_COUNTER_COUNT;
}

const char *vc_counter_name(int counter)
{
    return counter >= 0 && counter < VC_COUNTER_COUNT ? COUNTER_NAMES[counter] : NULL;
}

static int copy_figures(const vc_figure *figures, int count, uint64_t *out, int n)
{
    int i = 0;
    for (; i < n && i < count; i++)
        out[i] = vc_figure_get(&figures[i]);
    return i;
}

int vc_engine_counters(const vc_engine *e, uint64_t *out, int n)
{
    return copy_figures(e->counters, VC_COUNTER_COUNT, out, n);
}

int vc_engine_histogram(const vc_engine *e, int which, uint64_t *out, int n)
{
    if (which != VC_HIST_RESIDENCE && which != VC_HIST_WAIT)
        return VC_ERR_RANGE;
    const vc_hist *hist = which == VC_HIST_RESIDENCE ? &e->residence : &e->wait;
    return copy_figures(hist->buckets, VC_HIST_BUCKETS, out, n);
}

static bool is_alive(const atomic_bool *flag)
{
    return atomic_load_explicit(flag, memory_order_relaxed);
}

int vc_engine_peer_stats(const vc_engine *e, int peer, vc_peer_stats *out)
{
    if (peer < 0 || (uint32_t)peer >= e->config.max_peers || !is_alive(&e->peers[peer].alive))
        return VC_ERR_NOT_FOUND;
    const vc_peer *p = &e->peers[peer];
    *out = (vc_peer_stats){
        .last_received_us = vc_figure_get(&p->last_received_us),
        .rx_packets = vc_figure_get(&p->rx_packets),
        .rx_bytes = vc_figure_get(&p->rx_bytes),
        .tx_packets = vc_figure_get(&p->tx_packets),
        .tx_bytes = vc_figure_get(&p->tx_bytes),
        .auth_failures = vc_figure_get(&p->auth_failures),
        .replays = vc_figure_get(&p->replays),
        .moves = vc_figure_get(&p->moves),
    };
    uint64_t words[3];
    copy_figures(p->send_addr, 3, words, 3);
    memcpy(out->send_addr, words, VC_ADDR_BYTES);
    return VC_OK;
}

int vc_engine_track_stats(const vc_engine *e, int track, vc_track_stats *out)
{
    if (track < 0 || (uint32_t)track >= e->config.max_tracks || !is_alive(&e->tracks[track].alive))
        return VC_ERR_NOT_FOUND;
    const vc_track *t = &e->tracks[track];
    *out = (vc_track_stats){
        .packets = vc_figure_get(&t->packets),
        .bytes = vc_figure_get(&t->bytes),
        .ext_seq = vc_figure32_get(&t->ext_seq),
        .lost = (int32_t)vc_figure32_get(&t->lost),
        .fraction_lost = vc_figure32_get(&t->fraction_lost),
        .jitter = vc_figure32_get(&t->jitter),
        .level = vc_figure32_get(&t->level),
        .speaking = vc_figure32_get(&t->speaking),
        .pt = vc_figure32_get(&t->newest_pt),
    };
    return VC_OK;
}

int vc_engine_slot_stats(const vc_engine *e, int slot, vc_slot_stats *out)
{
    if (slot < 0 || (uint32_t)slot >= e->config.max_slots || !is_alive(&e->slots[slot].alive))
        return VC_ERR_NOT_FOUND;
    const vc_slot *s = &e->slots[slot];
    *out = (vc_slot_stats){
        .packets = vc_figure_get(&s->packets),
        .bytes = vc_figure_get(&s->bytes),
        .resent = vc_figure_get(&s->resent),
        .redundant = vc_figure_get(&s->redundant),
        .seq = vc_figure32_get(&s->seq),
        .ts = vc_figure32_get(&s->ts),
        .lost = (int32_t)vc_figure32_get(&s->lost),
        .fraction_lost = vc_figure32_get(&s->fraction_lost),
        .jitter = vc_figure32_get(&s->jitter),
        .rtt_us = vc_figure32_get(&s->rtt_us),
        .reported_us = vc_figure_get(&s->reported_us),
        .track = (int32_t)vc_figure32_get(&s->fed_by),
    };
    return VC_OK;
}

size_t vc_engine_peer_bytes(void)
{
    return sizeof(vc_peer) + 2 * VC_TUPLES_MAX * sizeof(vc_entry) + 2 * VC_UFRAGS_PER_PEER * sizeof(vc_entry) +
           2 * sizeof(int32_t) + sizeof(int16_t);
}

size_t vc_engine_total_bytes(const vc_engine *e)
{
    return e->total_bytes;
}

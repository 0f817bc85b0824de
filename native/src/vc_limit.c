#include "vc_limit.h"

#include "vc_forward.h"
#include "vc_remb.h"

enum { TELL_US = 250000 };

void vc_limit_take(vc_engine *e, vc_peer *peer, const vc_rtcp_packet *packet, uint64_t arrived_us)
{
    vc_record record = {.kind = VC_RECORD_LIMIT, .peer = peer->id, .time_us = arrived_us};
    if (vc_remb_read(packet, &record.value) != VC_OK)
        return vc_count(e, VC_C_drop_remb_malformed);
    vc_count(e, VC_C_remb_received);
    bool is_early = peer->limit_told_us != 0 && arrived_us < peer->limit_told_us + TELL_US;
    if (!is_early && vc_state_pass(e, record, NULL, 0)) /* what is left out is said again within a second */
        peer->limit_told_us = arrived_us;
}

/* What came of a layer since the last look; leaps of its numbers are no losses. */
static void count_layer(vc_engine *e, const vc_track *track, int64_t *expected, int64_t *lost)
{
    vc_layer *layer = vc_state_layer(e, track);
    vc_layer_count before = layer->counted;
    layer->counted = (vc_layer_count){track->reception.newest_ext, track->reception.received, layer->recovered};
    int64_t ahead = (int32_t)(layer->counted.newest_ext - before.newest_ext);
    int64_t came = (int32_t)(layer->counted.received - before.received);
    int64_t late = (int32_t)(layer->counted.recovered - before.recovered);
    if (before.received == 0 || came < 0 || ahead < 0 || ahead - came > VC_LAYER_PACKETS)
        return;
    *expected += ahead;
    *lost += ahead - (came - late);
}

static void look(vc_engine *e, vc_peer *peer)
{
    int64_t expected = 0, lost = 0;
    for (int i = 0; i < peer->track_count; i++)
        if (e->tracks[peer->tracks[i]].layer != VC_NONE)
            count_layer(e, &e->tracks[peer->tracks[i]], &expected, &lost);
    lost = lost < 0 ? 0 : lost > expected ? expected : lost;
    vc_uplink_look(&peer->uplink, vc_figure_get(&peer->rx_bytes), (uint32_t)expected, (uint32_t)lost, e->clock.now_us);
}

/* The streams of video that came; how many. */
static int collect_ssrcs(const vc_engine *e, const vc_peer *peer, uint32_t ssrcs[VC_TRACKS_PER_PEER])
{
    int n = 0;
    for (int i = 0; i < peer->track_count; i++) {
        const vc_track *track = &e->tracks[peer->tracks[i]];
        if (track->layer != VC_NONE && track->reception.started)
            ssrcs[n++] = track->ssrc;
    }
    return n;
}
_Static_assert((int)VC_TRACKS_PER_PEER <= (int)VC_REMB_SSRCS_MAX, "all of them fit one packet");

void vc_limit_tell(vc_engine *e, vc_peer *peer)
{
    uint32_t ssrcs[VC_TRACKS_PER_PEER];
    look(e, peer);
    uint32_t bps = vc_uplink_news(&peer->uplink, e->clock.now_us);
    int n = collect_ssrcs(e, peer, ssrcs);
    if (bps == 0 || n == 0 || !vc_forward_is_ready(peer))
        return;
    uint8_t *out = vc_link_room(peer->tuples[peer->send_tuple].link);
    int length = (int)vc_remb_write(out, VC_DATAGRAM_MAX, peer->own_ssrc, ssrcs, n, bps);
    vc_uplink_told(&peer->uplink, bps, e->clock.now_us);
    if (e->protect_rtcp(peer->tx, out, &length) != 0)
        return vc_count(e, VC_C_drop_protect);
    vc_count(e, VC_C_remb_sent);
    vc_count(e, VC_C_rtcp_sent);
    vc_forward_queue(e, peer, (size_t)length, 0);
}

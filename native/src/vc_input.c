#include "vc_input.h"

#include <string.h>

#include "vc_bytes.h"
#include "vc_demux.h"
#include "vc_receive.h"
#include "vc_report.h"

enum {
    /* A joining browser paces its checks 20 ms apart (50 a second, Firefox) over a handful of pairs; a connected one
     * sends one every 1 to 6 s.  A household or an office behind one address joins together. */
    STUN_SOURCE_PER_S = 100,
    STUN_SOURCE_BURST = 200,
    STUN_PEER_PER_S = 50,
    STUN_PEER_BURST = 100,
    STUN_TOTAL_BURST = 500,
    /* A handshake is about four datagrams each way, and retransmits every 50 ms at worst. */
    DTLS_PER_S = 50,
    DTLS_BURST = 64,
    /* A client whose router gave it another port sends from there 50 times a second until it is asked who it is.  A
     * look costs a walk over the tracks. */
    STRAYS_PER_S = 20,
    STRAYS_BURST = 20,
    BINDING_RESPONSE = 0x0101,
    STUN_HEADER = 20,
};

typedef struct {
    const vc_datagram *datagram;
    vc_addr from;
    vc_peer *peer; /* whose validated tuple it came from, or NULL */
    int tuple;
} input;

static void find_sender(vc_engine *e, input *in)
{
    int found = vc_table_get(&e->by_addr, in->from.bytes, VC_ADDR_BYTES);
    if (found < 0)
        return;
    in->peer = &e->peers[found / VC_TUPLES_MAX];
    in->tuple = found % VC_TUPLES_MAX;
}

static bool pass(vc_engine *e, const input *in, vc_record_kind kind, const vc_peer *peer, int index)
{
    vc_record record = {
        .kind = (uint16_t)kind,
        .peer = peer->id,
        .index = index,
        .time_us = vc_clock_us_of(&e->clock, in->datagram->arrived_ns),
    };
    memcpy(record.addr, in->from.bytes, VC_ADDR_BYTES);
    return vc_state_pass(e, record, in->datagram->data, in->datagram->length);
}

/* Known tuples have a bucket of their own, so no flood of strangers costs a connected peer its consent. */
static bool may_ask(vc_engine *e, const input *in, vc_peer *named)
{
    uint64_t now = e->clock.now_us;
    vc_counter reason = VC_C_drop_stun_peer_rate;
    if (in->peer == named) {
        if (vc_bucket_take(&named->stun_known, STUN_PEER_PER_S, STUN_PEER_BURST, now))
            return true;
    } else if (!vc_sources_take(&e->stun_sources, in->from.bytes, STUN_SOURCE_PER_S, STUN_SOURCE_BURST, now)) {
        reason = VC_C_drop_stun_source_rate;
    } else if (vc_bucket_take(&named->stun_new, STUN_PEER_PER_S, STUN_PEER_BURST, now)) {
        if (vc_bucket_take(&e->stun_total, e->config.stun_per_s, STUN_TOTAL_BURST, now))
            return true;
        reason = VC_C_drop_stun_total_rate;
    }
    vc_count(e, reason);
    return false;
}

/* Does it answer a check of ours?  Python knows which were made; nothing of it is believed here. */
static vc_peer *find_asker(vc_engine *e, const vc_datagram *datagram)
{
    if (datagram->length < STUN_HEADER || vc_get16(datagram->data) != BINDING_RESPONSE)
        return NULL;
    uint32_t peer = vc_get32(datagram->data + 8);
    return peer < e->config.max_peers && e->peers[peer].alive ? &e->peers[peer] : NULL;
}

static void take_stun(vc_engine *e, const input *in)
{
    vc_peer *asker = find_asker(e, in->datagram);
    if (asker != NULL) {
        if (may_ask(e, in, asker) && pass(e, in, VC_RECORD_STUN, asker, 0))
            vc_count(e, VC_C_stun_to_python);
        return;
    }
    const uint8_t *ufrag;
    size_t length;
    int status = vc_demux_ufrag(in->datagram->data, in->datagram->length, &ufrag, &length);
    if (status == VC_ERR_RANGE)
        return vc_count(e, VC_C_drop_stun_malformed);
    uint8_t key[VC_UFRAG_MAX + 1] = {0};
    int owner = VC_ERR_NOT_FOUND;
    if (status == VC_OK) {
        key[0] = (uint8_t)length;
        memcpy(key + 1, ufrag, length);
        owner = vc_table_get(&e->by_ufrag, key, sizeof key);
    }
    if (owner < 0)
        return vc_count(e, VC_C_drop_stun_unknown_ufrag);
    vc_peer *named = &e->peers[owner];
    if (may_ask(e, in, named) && pass(e, in, VC_RECORD_STUN, named, in->peer == named))
        vc_count(e, VC_C_stun_to_python);
}

static void take_dtls(vc_engine *e, const input *in)
{
    if (in->peer == NULL)
        return vc_count(e, VC_C_drop_dtls_unknown_tuple);
    if (!vc_bucket_take(&in->peer->dtls, DTLS_PER_S, DTLS_BURST, e->clock.now_us))
        return vc_count(e, VC_C_drop_dtls_rate);
    if (pass(e, in, VC_RECORD_DTLS, in->peer, 0))
        vc_count(e, VC_C_dtls_to_python);
}

static vc_track *find_track(vc_engine *e, uint32_t ssrc)
{
    for (uint32_t i = 0; ssrc != VC_SSRC_UNNAMED && i < e->config.max_tracks; i++)
        if (e->tracks[i].alive && e->tracks[i].ssrc == ssrc)
            return &e->tracks[i];
    return NULL;
}

/* Authentic media from an address nobody proved: told, so that Python can ask there.  The packet itself is lost; what
 * is forged or replayed leads to nothing. */
static void take_stray(vc_engine *e, const input *in)
{
    uint8_t copy[VC_DATAGRAM_MAX];
    int length = (int)in->datagram->length;
    if (!vc_bucket_take(&e->strays, STRAYS_PER_S, STRAYS_BURST, e->clock.now_us))
        return;
    const vc_track *track = find_track(e, vc_get32(in->datagram->data + 8));
    if (track == NULL || e->peers[track->peer].rx == NULL)
        return;
    memcpy(copy, in->datagram->data, in->datagram->length);
    if (e->unprotect(e->peers[track->peer].rx, copy, &length) != 0)
        return;
    pass(e, in, VC_RECORD_STRAY, &e->peers[track->peer], 0);
}

static void take_media(vc_engine *e, const input *in, vc_kind kind)
{
    if (in->peer == NULL) {
        if (kind == VC_KIND_RTP)
            take_stray(e, in);
        return vc_count(e, VC_C_drop_media_unknown_tuple);
    }
    if (in->peer->rx == NULL)
        return vc_count(e, VC_C_drop_no_keys);
    if (kind == VC_KIND_RTP)
        vc_receive_rtp(e, in->peer, in->tuple, in->datagram);
    else
        vc_report_received(e, in->peer, in->tuple, in->datagram);
}

void vc_input_datagram(vc_engine *e, const vc_datagram *datagram)
{
    static const int refusals[] = {
        [VC_KIND_EMPTY] = VC_C_drop_empty,
        [VC_KIND_OVERSIZE] = VC_C_drop_oversize,
        [VC_KIND_SHORT] = VC_C_drop_short,
        [VC_KIND_OTHER] = VC_C_drop_not_ours,
    };
    vc_count(e, VC_C_rx_datagrams);
    vc_kind kind = vc_demux_kind(datagram->data, datagram->length);
    if (kind <= VC_KIND_OTHER)
        return vc_count(e, (vc_counter)refusals[kind]);
    input in = {.datagram = datagram};
    if (datagram->flow != NULL)
        in.from = *datagram->flow;
    else if (vc_addr_from_sockaddr(datagram->from, &in.from) != VC_OK)
        return vc_count(e, VC_C_drop_bad_source);
    else
        in.from.bytes[VC_ADDR_BYTES - 1] = datagram->transport;
    find_sender(e, &in);
    if (kind == VC_KIND_STUN)
        take_stun(e, &in);
    else if (kind == VC_KIND_DTLS)
        take_dtls(e, &in);
    else
        take_media(e, &in, kind);
}

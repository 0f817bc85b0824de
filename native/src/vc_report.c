#include "vc_report.h"

#include <string.h>

#include "vc_bytes.h"
#include "vc_estimate.h"
#include "vc_forward.h"
#include "vc_keyframe.h"
#include "vc_limit.h"
#include "vc_receive.h"
#include "vc_remb.h"
#include "vc_repair.h"
#include "vc_rtcp.h"

enum {
    COMPOUND_BYTES = 1200,
    INTERVAL_US = 1000000, /* jittered by a quarter, so that a room's reports do not come as one burst */
    FIRST_US = 400000,     /* late joiners cannot synchronise before the first SR */
    SENDER_US = 5000000,   /* a stream silent for longer has no sender any more (RFC 3550 §6.4) */
    DUE_MAX = 32,          /* peers per turn of the loop: packets come first */
    RTT_MAX_US = 10000000,
    TWCCS_MAX = 4, /* of one datagram */
};
static const uint64_t NTP_EPOCH_S = 2208988800u; /* 1900 to 1970 */

uint64_t vc_report_ntp(uint64_t real_ns)
{
    uint64_t seconds = real_ns / 1000000000u, rest_ns = real_ns % 1000000000u;
    return ((seconds + NTP_EPOCH_S) << 32) | ((rest_ns << 32) / 1000000000u);
}

/* ---- what peers report ---- */

typedef struct {
    vc_engine *e;
    vc_peer *peer;
    uint64_t arrived_us;
    uint64_t arrived_ns;
    int nack_items; /* that may still be looked at */
    int twccs;      /* the same */
} source;

static int32_t find_track(const source *s, uint32_t ssrc)
{
    for (int i = 0; i < s->peer->track_count; i++)
        if (s->e->tracks[s->peer->tracks[i]].ssrc == ssrc)
            return s->peer->tracks[i];
    return VC_NONE;
}

static vc_slot *find_slot(const source *s, uint32_t ssrc)
{
    for (int i = 0; i < s->peer->slot_count; i++)
        if (s->e->slots[s->peer->slots[i]].ssrc == ssrc)
            return &s->e->slots[s->peer->slots[i]];
    return NULL;
}

/* RFC 3550 §6.4.1: arrival - LSR - DLSR.  0 when it cannot be known. */
static uint32_t rtt_us(const source *s, const vc_report_block *block)
{
    if (block->last_sr == 0)
        return 0;
    uint32_t now = (uint32_t)(vc_report_ntp(s->arrived_ns) >> 16);
    int32_t rtt = (int32_t)(now - block->last_sr - block->since_sr);
    if (rtt < 0)
        return 1; /* shorter than the clocks' grain */
    uint64_t us = (uint64_t)rtt * 1000000 / 65536;
    return us > RTT_MAX_US ? 0 : (uint32_t)us + 1;
}

static void take_blocks(const source *s, const vc_rtcp_packet *packet)
{
    vc_report_block block;
    for (int i = 0; vc_rtcp_report_block(packet, i, &block) == VC_OK; i++) {
        vc_slot *slot = find_slot(s, block.ssrc);
        if (slot == NULL)
            continue;
        vc_count(s->e, VC_C_rtcp_report_blocks);
        vc_figure32_set(&slot->lost, (uint32_t)block.lost);
        vc_figure32_set(&slot->fraction_lost, block.fraction_lost);
        vc_figure32_set(&slot->jitter, block.jitter);
        uint32_t rtt = rtt_us(s, &block);
        vc_figure32_set(&slot->rtt_us, rtt);
        if (rtt != 0)
            s->peer->rtt_us = rtt;
        vc_figure_set(&slot->reported_us, s->arrived_us);
    }
}

static void take_sender_report(const source *s, const vc_rtcp_packet *packet)
{
    vc_sender_info info;
    if (vc_rtcp_sender_info(packet, &info) != VC_OK)
        return;
    vc_count(s->e, VC_C_rtcp_sr_received);
    int32_t track = find_track(s, info.ssrc);
    if (track != VC_NONE)
        vc_reception_sr(&s->e->tracks[track].reception, info.ntp, s->arrived_us);
    take_blocks(s, packet);
}

static void take_bye(const source *s, const vc_rtcp_packet *packet)
{
    uint32_t ssrc;
    for (int i = 0; vc_rtcp_bye_ssrc(packet, i, &ssrc) == VC_OK; i++) {
        int32_t track = find_track(s, ssrc);
        if (track == VC_NONE)
            continue;
        vc_count(s->e, VC_C_rtcp_byes);
        vc_track *ended = &s->e->tracks[track];
        if (ended->layer == VC_NONE)
            vc_forward_spoke(s->e, ended, vc_speech_silence(&ended->speech));
        vc_record record = {
            .kind = VC_RECORD_BYE, .peer = s->peer->id, .index = track, .time_us = s->arrived_us};
        vc_state_pass(s->e, record, NULL, 0);
    }
}

static void take_transport(source *s, const vc_rtcp_packet *packet)
{
    if (s->twccs == 0)
        return vc_count(s->e, VC_C_drop_twcc_flood);
    s->twccs--;
    vc_estimate_take(s->e, s->peer, packet, s->arrived_us);
}

static void take_feedback(source *s, const vc_rtcp_packet *packet)
{
    vc_count(s->e, VC_C_rtcp_feedback);
    if (packet->type == VC_RTCP_RTPFB && packet->count == VC_RTCP_FB_NACK)
        vc_repair_take_nack(s->e, s->peer, packet, &s->nack_items);
    else if (packet->type == VC_RTCP_RTPFB && packet->count == VC_RTCP_FB_TRANSPORT)
        take_transport(s, packet);
    else if (vc_remb_is(packet))
        vc_limit_take(s->e, s->peer, packet, s->arrived_us);
    else if (packet->type == VC_RTCP_PSFB)
        vc_keyframe_take(s->e, s->peer, packet);
}

static void take_packet(source *s, const vc_rtcp_packet *packet)
{
    switch (packet->type) {
    case VC_RTCP_SR:
        return take_sender_report(s, packet);
    case VC_RTCP_RR:
        return take_blocks(s, packet);
    case VC_RTCP_BYE:
        return take_bye(s, packet);
    case VC_RTCP_RTPFB:
    case VC_RTCP_PSFB:
        return take_feedback(s, packet);
    case VC_RTCP_SDES:
        return; /* names we gave ourselves in the SDP */
    default:
        return vc_count(s->e, VC_C_rtcp_other);
    }
}

/* The place of 'ssrc' among those that sent authenticated RTCP, or where it would be. */
static uint32_t rtcp_ssrc_place(const vc_peer *peer, uint32_t ssrc)
{
    uint32_t at = (ssrc * 2654435761u) >> 23; /* 9 bits, Knuth's multiplicative hash */
    while (peer->rtcp_ssrc_used[at] && peer->rtcp_ssrcs[at] != ssrc)
        at = (at + 1) % VC_RTCP_SSRCS_TABLE;
    return at;
}

void vc_report_received(vc_engine *e, vc_peer *peer, int tuple, const vc_datagram *datagram)
{
    uint32_t sender = vc_get32(datagram->data + 4);
    uint32_t place = rtcp_ssrc_place(peer, sender);
    if (!peer->rtcp_ssrc_used[place] && peer->rtcp_ssrc_count == VC_RTCP_SSRCS_MAX)
        return vc_count(e, VC_C_drop_rtcp_too_many_ssrcs);
    int length = (int)datagram->length;
    int error = e->unprotect_rtcp(peer->rx, datagram->data, &length);
    if (error != 0)
        return vc_receive_refused(e, peer, error);
    if (!peer->rtcp_ssrc_used[place]) {
        peer->rtcp_ssrc_used[place] = true;
        peer->rtcp_ssrcs[place] = sender;
        peer->rtcp_ssrc_count++;
    }
    vc_forward_alive(e, peer, tuple, true);
    if (length < 0 || !vc_rtcp_is_valid(datagram->data, (size_t)length))
        return vc_count(e, VC_C_drop_rtcp_malformed);
    vc_count(e, VC_C_rtcp_received);
    source s = {e, peer, vc_clock_us_of(&e->clock, datagram->arrived_ns), datagram->arrived_ns,
                VC_REPAIR_ITEMS_MAX, TWCCS_MAX};
    size_t offset = 0;
    vc_rtcp_packet packet;
    while (vc_rtcp_next(datagram->data, (size_t)length, &offset, &packet))
        take_packet(&s, &packet);
}

/* ---- what we report ---- */

typedef struct {
    vc_engine *e;
    vc_peer *peer;
    uint8_t *out;
    size_t length;
} compound;

static void begin(compound *c)
{
    c->out = vc_link_room(c->peer->tuples[c->peer->send_tuple].link);
    c->length = 0;
}

static void finish(compound *c)
{
    if (c->length == 0)
        return;
    int length = (int)c->length;
    if (c->e->protect_rtcp(c->peer->tx, c->out, &length) != 0)
        return vc_count(c->e, VC_C_drop_protect);
    vc_count(c->e, VC_C_rtcp_sent);
    vc_forward_queue(c->e, c->peer, (size_t)length, 0);
}

static int collect_blocks(compound *c, vc_report_block blocks[VC_TRACKS_PER_PEER])
{
    int n = 0;
    for (int i = 0; i < c->peer->track_count; i++) {
        vc_track *track = &c->e->tracks[c->peer->tracks[i]];
        if (!track->reception.started || c->e->clock.now_us >= track->heard_us + SENDER_US)
            continue;
        vc_reception_report(&track->reception, c->e->clock.now_us, &blocks[n]);
        blocks[n++].ssrc = track->ssrc;
        vc_figure32_set(&track->lost, (uint32_t)track->reception.lost);
        vc_figure32_set(&track->fraction_lost, track->reception.fraction_lost);
    }
    return n;
}

static void add_receiver_report(compound *c)
{
    static const char cname[] = "voicechat";
    vc_report_block blocks[VC_TRACKS_PER_PEER];
    int n = collect_blocks(c, blocks);
    if (n == 0)
        return;
    c->length += vc_rtcp_write_rr(c->out, COMPOUND_BYTES, c->peer->own_ssrc, blocks, n);
    c->length += vc_rtcp_write_cname(c->out + c->length, COMPOUND_BYTES - c->length, c->peer->own_ssrc, cname,
                                     sizeof cname - 1);
}

static bool is_sending(const vc_engine *e, const vc_slot *slot)
{
    return slot->rewriter.has_sent && e->clock.now_us < slot->rewriter.sent_us + SENDER_US;
}

/* False and nothing written when the compound has no room left for it. */
static bool add_sender_report(compound *c, const vc_slot *slot)
{
    vc_sender_info info = {
        .ssrc = slot->ssrc,
        .ntp = vc_report_ntp(c->e->clock.real_ns),
        .rtp_ts = vc_rewriter_ts_at(&slot->rewriter, c->e->clock.now_us),
        .packets = (uint32_t)vc_figure_get(&slot->packets),
        .bytes = (uint32_t)vc_figure_get(&slot->bytes),
    };
    uint8_t *at = c->out + c->length;
    size_t room = COMPOUND_BYTES - c->length;
    size_t sr = vc_rtcp_write_sr(at, room, &info);
    size_t name = vc_rtcp_write_cname(at + sr, room - sr, slot->ssrc, slot->cname, slot->cname_length);
    if (sr == 0 || name == 0)
        return false;
    c->length += sr + name;
    return true;
}

/* Whoever decides about redundancy hears of a peer with losses, and while there is redundancy. */
static void tell_losses(vc_engine *e, vc_peer *peer)
{
    uint32_t packets = 0, resent = 0, lost = 0;
    bool is_redundant = false;
    for (int i = 0; i < peer->slot_count; i++) {
        const vc_slot *slot = &e->slots[peer->slots[i]];
        if (slot->view != VC_NONE)
            continue;
        packets += (uint32_t)vc_figure_get(&slot->packets);
        resent += (uint32_t)vc_figure_get(&slot->resent);
        lost += vc_figure32_get(&slot->lost);
        is_redundant = is_redundant || slot->red_distance != 0;
    }
    if (!is_redundant && resent == peer->told_resent && lost == peer->told_lost)
        return;
    vc_record record = {
        .kind = VC_RECORD_LOSS,
        .peer = peer->id,
        .index = (int32_t)resent,
        .status = (int32_t)lost,
        .value = packets,
        .time_us = e->clock.now_us,
    };
    if (!vc_state_pass(e, record, NULL, 0))
        return;
    peer->told_resent = resent;
    peer->told_lost = lost;
    vc_count(e, VC_C_losses_told);
}

static void report_to(vc_engine *e, vc_peer *peer)
{
    tell_losses(e, peer);
    compound c = {.e = e, .peer = peer};
    begin(&c);
    add_receiver_report(&c);
    for (int i = 0; i < peer->slot_count; i++) {
        vc_slot *slot = &e->slots[peer->slots[i]];
        if (!is_sending(e, slot) || add_sender_report(&c, slot))
            continue;
        finish(&c);
        begin(&c);
        add_sender_report(&c, slot);
    }
    finish(&c);
}

void vc_report_arrival(vc_engine *e, vc_peer *peer, const vc_rtp *rtp, uint64_t arrived_us)
{
    vc_twcc *twcc = &e->twccs[peer->id];
    const uint8_t *value;
    size_t size;
    if (vc_rtp_extension(rtp, peer->twcc_ext, &value, &size) != VC_OK || size < 2)
        return;
    vc_twcc_arrived(twcc, vc_get16(value), arrived_us);
    if (!vc_twcc_is_due(twcc, e->clock.now_us) || !vc_forward_is_ready(peer))
        return;
    compound c = {.e = e, .peer = peer};
    for (;;) {
        begin(&c);
        c.length = vc_twcc_write(twcc, c.out, COMPOUND_BYTES, peer->own_ssrc, rtp->ssrc, e->clock.now_us);
        if (c.length == 0)
            return;
        vc_count(e, VC_C_twcc_sent);
        finish(&c);
    }
}

void vc_report_start(vc_engine *e, const vc_peer *peer)
{
    vc_wheel_arm(&e->wheel, peer->id, e->clock.now_us, FIRST_US);
}

void vc_report_due(vc_engine *e)
{
    for (int i = 0; i < DUE_MAX; i++) {
        int32_t due = vc_wheel_take(&e->wheel, e->clock.now_us);
        if (due < 0)
            return;
        if (vc_forward_is_ready(&e->peers[due])) {
            report_to(e, &e->peers[due]);
            vc_estimate_due(e, &e->peers[due]);
        }
        uint64_t jitter = vc_state_random(e) % (INTERVAL_US / 2);
        vc_wheel_arm(&e->wheel, due, e->clock.now_us, INTERVAL_US * 3 / 4 + jitter);
    }
}

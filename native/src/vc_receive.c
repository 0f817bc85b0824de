#include "vc_receive.h"

#include "vc_forward.h"
#include "vc_keyframe.h"
#include "vc_limit.h"
#include "vc_name.h"
#include "vc_repair.h"
#include "vc_report.h"
#include "vc_rollover.h"
#include "vc_video.h"

enum {
    SRTP_AUTH_FAIL = 7, /* srtp_err_status_t of libsrtp 2 */
    SRTP_REPLAY_FAIL = 9,
    SRTP_REPLAY_OLD = 10,
    SRTP_INDEX_OLD = 26,
};

void vc_receive_refused(vc_engine *e, vc_peer *peer, int error)
{
    if (error == SRTP_REPLAY_FAIL || error == SRTP_REPLAY_OLD || error == SRTP_INDEX_OLD) {
        vc_figure_add(&peer->replays, 1);
        vc_count(e, VC_C_drop_replay); /* silent: Firefox probes with old packets */
        return;
    }
    vc_figure_add(&peer->auth_failures, 1);
    vc_count(e, error == SRTP_AUTH_FAIL ? VC_C_drop_auth : VC_C_drop_srtp_other);
}

static bool is_passed_on(vc_engine *e, const vc_track *track)
{
    bool is_waited_for = track->layer != VC_NONE && vc_state_layer(e, track)->waiting != VC_NONE;
    return !track->muted && (track->receiver_count > 0 || is_waited_for);
}

/* Only of what is passed on: nobody misses the rest. */
static void look_for_losses(vc_engine *e, vc_track *track, uint32_t newest, const vc_arrival *a)
{
    int64_t hole = (int32_t)(a->ext_seq - newest) - 1;
    if (track->missing.is_deaf)
        return;
    if (!is_passed_on(e, track))
        track->missing.count = 0;
    else if (track->missing.count == 0 && hole == 0)
        return; /* as nearly always */
    else if (track->layer != VC_NONE && track->missing.count + hole > track->missing.max) {
        track->missing.count = 0; /* more than can be mended: begin anew */
        vc_keyframe_want(e, track);
    } else if (vc_missing_arrived(&track->missing, newest, a->ext_seq, a->arrived_us)) {
        vc_count(e, VC_C_recovered);
        if (track->layer != VC_NONE)
            vc_state_layer(e, track)->recovered++;
    }
    vc_repair_noticed(e, track);
}

static bool account(vc_engine *e, vc_track *track, vc_arrival *a)
{
    vc_reception *r = &track->reception;
    uint32_t newest = r->newest_ext;
    bool first = !r->started;
    uint32_t ticks = (uint32_t)((a->arrived_us - e->start_us) * track->clock_rate / 1000000);
    a->ext_seq = vc_reception_add(r, a->rtp.seq, a->rtp.ts, ticks);
    track->heard_us = a->arrived_us;
    vc_figure_add(&track->packets, 1);
    vc_figure_add(&track->bytes, a->payload_length);
    vc_figure32_set(&track->ext_seq, vc_reception_ext_seq(r));
    vc_figure32_set(&track->jitter, r->jitter_16 >> 4);
    if (!first)
        look_for_losses(e, track, newest, a);
    return first || (int32_t)(a->ext_seq - newest) > 0;
}

/* One member must not turn a room of fifty into a flood of fifty times as much. */
static bool is_within_rate(vc_engine *e, vc_track *track, const vc_arrival *a)
{
    if (track->layer != VC_NONE)
        return vc_layer_takes(vc_state_layer(e, track), a->payload_length, e->clock.now_us);
    uint32_t per_s = e->config.audio_per_s;
    return per_s == 0 || vc_bucket_take(&track->rate, per_s, 2 * per_s, e->clock.now_us);
}

static bool is_of_type(const vc_engine *e, const vc_track *track, uint8_t pt)
{
    return track->layer == VC_NONE ? pt == track->pt : vc_codec_is_video(e->config.payload_codecs[pt]);
}

/* Keep what may have to be sent again; of a muted track nothing may. */
static void store(vc_engine *e, const vc_track *track, vc_arrival *a)
{
    if (track->muted)
        return;
    a->track = (int32_t)(track - e->tracks);
    vc_stored packet = {
        .serial = ++e->stored == 0 ? ++e->stored : e->stored,
        .ext_seq = a->ext_seq,
        .ts = a->rtp.ts,
        .length = (uint16_t)a->payload_length,
        .level = a->level,
        .marker = a->rtp.marker,
        .arrived_us = a->arrived_us,
    };
    int place = vc_store_put(vc_state_store(e, track), &packet, a->payload);
    a->serial = place < 0 ? 0 : packet.serial;
    a->place = place < 0 ? 0 : (uint16_t)place;
}

static void route_voice(vc_engine *e, vc_track *track, vc_arrival *a, bool is_newest)
{
    a->level = vc_rtp_level(&a->rtp, track->level_ext);
    if (is_newest)
        vc_forward_hear(e, track, a);
    store(e, track, a);
    vc_forward_voice(e, track, a);
}

static void route_video(vc_engine *e, vc_peer *peer, vc_track *track, vc_arrival *a)
{
    if (vc_uplink_is_due(&peer->uplink, e->clock.now_us))
        vc_limit_tell(e, peer);
    vc_picture picture = {0};
    int status = VC_OK;
    if (a->payload_length > 0) /* padding is passed on empty: its number must not be missed */
        status = vc_codec_read(e->config.payload_codecs[a->rtp.pt], a->payload, a->payload_length, &picture);
    if (status != VC_OK)
        return vc_count(e, VC_C_drop_video_malformed);
    a->level = a->rtp.pt; /* kept in its place: video has no level */
    store(e, track, a);
    vc_video_forward(e, track, a, &picture);
}

static void route(vc_engine *e, vc_peer *peer, int tuple, vc_track *track, vc_arrival *a)
{
    bool is_newest = account(e, track, a);
    vc_forward_alive(e, peer, tuple, is_newest);
    if (!is_of_type(e, track, a->rtp.pt))
        return vc_count(e, VC_C_drop_rtp_wrong_pt);
    if (!is_within_rate(e, track, a))
        return vc_count(e, track->layer == VC_NONE ? VC_C_drop_rtp_rate : VC_C_drop_video_rate);
    if (track->layer == VC_NONE)
        route_voice(e, track, a, is_newest);
    else
        route_video(e, peer, track, a);
    if (!is_newest)
        return;
    track->last_ts = a->rtp.ts;
    if (track->layer != VC_NONE)
        vc_figure32_set(&track->newest_pt, a->rtp.pt);
}

/* Whose packet it is, before it is opened: libsrtp would make state for any SSRC. */
static bool find_track(vc_engine *e, const vc_peer *peer, const vc_rtp *rtp, vc_track **track)
{
    *track = rtp->ssrc == VC_SSRC_UNNAMED ? NULL : vc_name_by_ssrc(e, peer, rtp->ssrc);
    if (*track != NULL)
        return true;
    if (rtp->ssrc == VC_SSRC_UNNAMED && peer->twcc_ext != 0)
        return true; /* a probe for bandwidth: only its arrival counts */
    *track = vc_name_find(e, peer, rtp);
    return *track != NULL;
}

static bool is_heard(const vc_track *track, uint32_t ssrc)
{
    return track == NULL || (track->reception.started && track->ssrc == ssrc);
}

static bool open_packet(vc_engine *e, vc_peer *peer, const vc_track *track, const vc_rtp *rtp,
                        const vc_datagram *datagram, int *length)
{
    *length = (int)datagram->length;
    int error = is_heard(track, rtp->ssrc) || !vc_rollover_is_possible(peer, rtp)
                    ? e->unprotect(peer->rx, datagram->data, length)
                    : vc_rollover_open(e, peer, rtp->ssrc, datagram, length);
    if (error != 0) {
        vc_receive_refused(e, peer, error);
        return false;
    }
    vc_count(e, VC_C_rtp_received);
    vc_figure_add(&peer->rx_packets, 1);
    vc_figure_add(&peer->rx_bytes, datagram->length);
    return true;
}

void vc_receive_rtp(vc_engine *e, vc_peer *peer, int tuple, const vc_datagram *datagram)
{
    vc_arrival a = {
        .arrived_ns = datagram->arrived_ns,
        .arrived_us = vc_clock_us_of(&e->clock, datagram->arrived_ns),
    };
    vc_track *track;
    int length;
    if (vc_rtp_parse(datagram->data, datagram->length, &a.rtp) != VC_OK)
        return vc_count(e, VC_C_drop_rtp_malformed);
    if (!find_track(e, peer, &a.rtp, &track) || !open_packet(e, peer, track, &a.rtp, datagram, &length))
        return;
    if (peer->twcc_ext != 0)
        vc_report_arrival(e, peer, &a.rtp, a.arrived_us);
    if (track == NULL)
        return vc_count(e, VC_C_probes);
    if (track->ssrc != a.rtp.ssrc)
        vc_name_learn(e, peer, track, a.rtp.ssrc);
    int payload = (size_t)length < a.rtp.header_length ? VC_ERR_RANGE
                                                       : vc_rtp_payload(&a.rtp, datagram->data, (size_t)length);
    if (payload < 0)
        return vc_count(e, VC_C_drop_rtp_bad_padding);
    a.payload = datagram->data + a.rtp.header_length;
    a.payload_length = (size_t)payload;
    route(e, peer, tuple, track, &a);
}

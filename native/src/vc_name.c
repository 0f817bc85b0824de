#include "vc_name.h"

#include <string.h>

#include "vc_codec.h"
#include "vc_repair.h"

enum { SILENT_US = 500000 /* an SSRC that was heard since keeps its track */ };

vc_track *vc_name_by_ssrc(vc_engine *e, const vc_peer *peer, uint32_t ssrc)
{
    for (int i = 0; i < peer->track_count; i++)
        if (e->tracks[peer->tracks[i]].ssrc == ssrc)
            return &e->tracks[peer->tracks[i]];
    return NULL;
}

/* The text of extension 'id', filled up with zeros; false when there is none, or a longer one than ours are. */
static bool read_name(const vc_rtp *rtp, uint8_t id, char *out, size_t room)
{
    const uint8_t *value;
    size_t length;
    memset(out, 0, room);
    if (vc_rtp_extension(rtp, id, &value, &length) != VC_OK || length > room)
        return false;
    memcpy(out, value, length);
    return true;
}

static bool takes_type(const vc_engine *e, const vc_track *track, uint8_t pt)
{
    return track->layer == VC_NONE ? track->pt == pt : vc_codec_is_video(e->config.payload_codecs[pt]);
}

static bool is_vacant(const vc_engine *e, const vc_track *track)
{
    return track->ssrc == VC_SSRC_UNNAMED || e->clock.now_us >= track->heard_us + SILENT_US;
}

static vc_track *find_by_name(vc_engine *e, const vc_peer *peer, const vc_rtp *rtp)
{
    char mid[VC_MID_MAX], rid[VC_RID_MAX];
    if (!read_name(rtp, e->config.mid_ext, mid, sizeof mid))
        return NULL;
    read_name(rtp, e->config.rid_ext, rid, sizeof rid);
    for (int i = 0; i < peer->track_count; i++) {
        vc_track *track = &e->tracks[peer->tracks[i]];
        bool is_named = memcmp(track->mid, mid, sizeof mid) == 0 && memcmp(track->rid, rid, sizeof rid) == 0;
        if (is_named && mid[0] != 0 && takes_type(e, track, rtp->pt))
            return is_vacant(e, track) ? track : NULL;
    }
    return NULL;
}

static bool names_itself(const vc_engine *e, const vc_rtp *rtp)
{
    char mid[VC_MID_MAX];
    return read_name(rtp, e->config.mid_ext, mid, sizeof mid);
}

/* For clients that say neither the SSRC nor, in their packets, the media section (RFC 8843 §9.2): the microphone, or
 * the only stream it could be. */
static vc_track *find_by_type(vc_engine *e, const vc_peer *peer, const vc_rtp *rtp)
{
    vc_track *found = NULL;
    int count = 0;
    for (int i = 0; i < peer->track_count; i++) {
        vc_track *track = &e->tracks[peer->tracks[i]];
        if (track->ssrc != VC_SSRC_UNNAMED || track->rid[0] != 0 || !takes_type(e, track, rtp->pt))
            continue;
        if (track->mid[0] == 0)
            return track;
        found = track;
        count++;
    }
    return count == 1 && !names_itself(e, rtp) ? found : NULL;
}

static bool is_learnt(const vc_peer *peer, uint32_t ssrc)
{
    for (int i = 0; i < peer->named_count; i++)
        if (peer->named_ssrcs[i] == ssrc)
            return true;
    return false;
}

vc_track *vc_name_find(vc_engine *e, const vc_peer *peer, const vc_rtp *rtp)
{
    vc_track *track = rtp->ssrc == VC_SSRC_UNNAMED ? NULL : find_by_name(e, peer, rtp);
    if (track == NULL && rtp->ssrc != VC_SSRC_UNNAMED)
        track = find_by_type(e, peer, rtp);
    if (track == NULL) {
        vc_count(e, VC_C_drop_rtp_unknown_ssrc);
    } else if (peer->named_count == VC_SSRCS_PER_PEER && !is_learnt(peer, rtp->ssrc)) {
        vc_count(e, VC_C_drop_rtp_too_many_ssrcs);
        track = NULL;
    }
    return track;
}

/* Another stream, whose numbers have nothing to do with those before. */
static void start_over(vc_engine *e, vc_track *track)
{
    track->reception = (vc_reception){0};
    track->missing.count = 0;
    vc_repair_noticed(e, track);
    vc_store_forget(vc_state_store(e, track));
    for (uint32_t i = 0; i < track->receiver_count; i++)
        vc_rewriter_cut(&e->slots[track->receivers[i]].rewriter);
}

void vc_name_learn(vc_engine *e, vc_peer *peer, vc_track *track, uint32_t ssrc)
{
    if (track->ssrc != VC_SSRC_UNNAMED)
        start_over(e, track);
    track->ssrc = ssrc;
    if (!is_learnt(peer, ssrc))
        peer->named_ssrcs[peer->named_count++] = ssrc;
    vc_count(e, VC_C_ssrcs_learnt);
}

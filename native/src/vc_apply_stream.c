#include <string.h>

#include "vc_apply_ops.h"
#include "vc_forward.h"
#include "vc_keyframe.h"
#include "vc_name.h"
#include "vc_repair.h"
#include "vc_route.h"
#include "vc_session.h"

enum {
    VIDEO_CLOCK = 90000,
    VOICE_KEPT_MS = 300, /* a jitter buffer has given up by then */
    VOICE_TRIES = 3,
    VIDEO_KEPT_MS = 1000, /* a picture stands until it is whole */
    VIDEO_TRIES = 8,
};

static void set_alive(atomic_bool *flag, bool alive)
{
    atomic_store_explicit(flag, alive, memory_order_relaxed);
}

/* ---- routes ---- */

static int set_voice_route(vc_engine *e, vc_slot *slot, vc_track *track, bool look_back)
{
    if (track->clock_rate != slot->rewriter.clock_rate)
        return VC_ERR_RANGE;
    if (track->receiver_count == e->config.max_receivers)
        return VC_ERR_LIMIT;
    vc_route_detach(e, slot);
    vc_route_attach(e, slot, track);
    if (look_back)
        vc_forward_look_back(e, slot);
    return VC_OK;
}

static int set_video_route(vc_engine *e, vc_slot *slot, vc_track *track)
{
    if (track->receiver_count == e->config.max_receivers)
        return VC_ERR_LIMIT;
    vc_route_wait(e, slot, track);
    vc_keyframe_want(e, track);
    return VC_OK;
}

int vc_apply_route_set(vc_engine *e, const vc_command *c)
{
    vc_slot *slot = vc_state_slot(e, c->index);
    vc_track *track = vc_state_track(e, c->other);
    if (slot == NULL || track == NULL)
        return VC_ERR_NOT_FOUND;
    bool is_video = slot->view != VC_NONE;
    if (is_video != (track->layer != VC_NONE))
        return VC_ERR_RANGE;
    if (slot->track != c->other)
        return is_video ? set_video_route(e, slot, track) : set_voice_route(e, slot, track, c->on);
    if (is_video)
        vc_route_wait_no_more(e, slot);
    return VC_OK;
}

int vc_apply_route_clear(vc_engine *e, const vc_command *c)
{
    vc_slot *slot = vc_state_slot(e, c->index);
    if (slot == NULL)
        return VC_ERR_NOT_FOUND;
    vc_forward_hush(e, slot);
    vc_route_detach(e, slot);
    if (slot->view != VC_NONE)
        vc_route_wait_no_more(e, slot);
    return VC_OK;
}

/* ---- slots ---- */

static void reset_slot_figures(vc_slot *slot)
{
    vc_figure *wide[] = {&slot->packets, &slot->bytes, &slot->resent, &slot->redundant, &slot->reported_us};
    vc_figure32 *narrow[] = {&slot->seq, &slot->ts, &slot->lost, &slot->fraction_lost, &slot->jitter, &slot->rtt_us};
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        vc_figure_set(wide[i], 0);
    for (size_t i = 0; i < sizeof narrow / sizeof *narrow; i++)
        vc_figure32_set(narrow[i], 0);
    vc_figure32_set(&slot->fed_by, (uint32_t)VC_NONE);
}

static bool has_ssrc(const vc_engine *e, const vc_slot *slot, uint32_t ssrc)
{
    return slot->ssrc == ssrc || (slot->view != VC_NONE && e->views[slot->view].rtx_ssrc == ssrc);
}

/* Two streams under one SSRC would share GCM nonces, and so would one after the other. */
static bool was_used(const vc_engine *e, const vc_peer *peer, uint32_t ssrc)
{
    for (int i = 0; i < peer->slot_count; i++)
        if (has_ssrc(e, &e->slots[peer->slots[i]], ssrc))
            return true;
    for (int i = 0; i < peer->ended_count; i++)
        if (peer->ended_ssrcs[i] == ssrc)
            return true;
    return false;
}

/* Why the slot cannot be added, or VC_OK. */
static int check_slot(vc_engine *e, const vc_command *c)
{
    const vc_peer *peer = vc_state_peer(e, c->peer);
    if (peer == NULL)
        return VC_ERR_NOT_FOUND;
    if (vc_state_slot(e, c->index) != NULL || was_used(e, peer, c->ssrc))
        return VC_ERR_EXISTS;
    return peer->slot_count + peer->ended_slots == VC_SLOTS_PER_PEER ? VC_ERR_LIMIT : VC_OK;
}

static vc_slot *begin_slot(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = &e->peers[c->peer];
    vc_slot *slot = &e->slots[c->index];
    slot->pt = c->pt;
    slot->level_ext = c->level_ext;
    slot->red_pt = c->pt; /* which redundancy never has */
    slot->red_distance = 0;
    slot->peer = c->peer;
    slot->track = slot->view = VC_NONE;
    slot->ssrc = c->ssrc;
    slot->session = NULL;
    slot->cname_length = c->text_length;
    memcpy(slot->cname, c->text, c->text_length);
    reset_slot_figures(slot);
    slot->of_peer = (uint32_t)peer->slot_count;
    peer->slots[peer->slot_count++] = c->index;
    set_alive(&slot->alive, true);
    return slot;
}

int vc_apply_slot_add(vc_engine *e, const vc_command *c)
{
    int status = check_slot(e, c);
    if (status != VC_OK)
        return status;
    vc_slot *slot = begin_slot(e, c);
    vc_rewriter_init(&slot->rewriter, c->clock_rate, vc_state_random(e), vc_state_random(e));
    vc_history_clear(&slot->history);
    return VC_OK;
}

int vc_apply_video_slot_add(vc_engine *e, const vc_command *c)
{
    int status = check_slot(e, c);
    if (status == VC_OK && c->rtx_ssrc != 0 && was_used(e, &e->peers[c->peer], c->rtx_ssrc))
        status = VC_ERR_EXISTS;
    if (status == VC_OK && e->unused_view_count == 0)
        status = VC_ERR_LIMIT;
    if (status != VC_OK)
        return status;
    vc_slot *slot = begin_slot(e, c);
    slot->view = e->unused_views[--e->unused_view_count];
    vc_rewriter_init_video(&slot->rewriter, vc_state_random(e), vc_state_random(e));
    vc_view_init(vc_state_view(e, slot), c->rtx_ssrc, (uint16_t)vc_state_random(e), e->stored);
    return VC_OK;
}

static void end_view(vc_engine *e, vc_peer *peer, vc_slot *slot)
{
    uint32_t rtx_ssrc = vc_state_view(e, slot)->rtx_ssrc;
    vc_route_wait_no_more(e, slot);
    if (rtx_ssrc != 0)
        peer->ended_ssrcs[peer->ended_count++] = rtx_ssrc;
    e->unused_views[e->unused_view_count++] = slot->view;
}

void vc_apply_remove_slot(vc_engine *e, vc_slot *slot)
{
    vc_peer *peer = &e->peers[slot->peer];
    vc_route_detach(e, slot);
    vc_session_end(e, slot);
    if (slot->view != VC_NONE)
        end_view(e, peer, slot);
    peer->ended_slots++;
    peer->ended_ssrcs[peer->ended_count++] = slot->ssrc;
    int32_t last = peer->slots[--peer->slot_count];
    peer->slots[slot->of_peer] = last;
    e->slots[last].of_peer = slot->of_peer;
    set_alive(&slot->alive, false);
}

int vc_apply_slot_del(vc_engine *e, const vc_command *c)
{
    vc_slot *slot = vc_state_slot(e, c->index);
    if (slot == NULL)
        return VC_ERR_NOT_FOUND;
    vc_apply_remove_slot(e, slot);
    return VC_OK;
}

int vc_apply_slot_redundancy(vc_engine *e, const vc_command *c)
{
    vc_slot *slot = vc_state_slot(e, c->index);
    if (slot == NULL)
        return VC_ERR_NOT_FOUND;
    if (slot->view != VC_NONE || c->pt == slot->pt)
        return VC_ERR_RANGE;
    if (slot->red_pt != slot->pt && slot->red_pt != c->pt) { /* one number must not be seen under two types */
        vc_history_clear(&slot->history);
        vc_rewriter_cut(&slot->rewriter); /* what is late has a number of which that is not known any more */
    }
    slot->red_pt = c->pt;
    slot->red_distance = c->on;
    return VC_OK;
}

/* ---- tracks ---- */

static void reset_track_figures(vc_track *track)
{
    vc_figure32 *narrow[] = {&track->ext_seq, &track->lost,     &track->fraction_lost,
                             &track->jitter,  &track->speaking, &track->newest_pt};
    vc_figure_set(&track->packets, 0);
    vc_figure_set(&track->bytes, 0);
    for (size_t i = 0; i < sizeof narrow / sizeof *narrow; i++)
        vc_figure32_set(narrow[i], 0);
    vc_figure32_set(&track->level, 127);
}

/* Why the track cannot be added, or VC_OK. */
static int check_track(vc_engine *e, const vc_command *c)
{
    const vc_peer *peer = vc_state_peer(e, c->peer);
    if (peer == NULL)
        return VC_ERR_NOT_FOUND;
    if (vc_state_track(e, c->index) != NULL)
        return VC_ERR_EXISTS;
    if (c->ssrc != VC_SSRC_UNNAMED && vc_name_by_ssrc(e, peer, c->ssrc) != NULL)
        return VC_ERR_EXISTS;
    return peer->track_count == VC_TRACKS_PER_PEER ? VC_ERR_LIMIT : VC_OK;
}

static vc_track *begin_track(vc_engine *e, const vc_command *c)
{
    vc_peer *peer = &e->peers[c->peer];
    vc_track *track = &e->tracks[c->index];
    track->muted = false;
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
    track->speaker_at = track->lossy_at = track->layer = VC_NONE;
    memset(track->mid, 0, sizeof track->mid);
    memset(track->rid, 0, sizeof track->rid);
    reset_track_figures(track);
    peer->tracks[peer->track_count++] = c->index;
    set_alive(&track->alive, true);
    return track;
}

int vc_apply_track_add(vc_engine *e, const vc_command *c)
{
    int status = check_track(e, c);
    if (status != VC_OK)
        return status;
    vc_track *track = begin_track(e, c);
    track->media = VC_MEDIA_AUDIO;
    vc_missing_init(&track->missing, track->missing_voice, VC_MISSING_MAX, VOICE_KEPT_MS, VOICE_TRIES);
    vc_voice_store_init(&e->stores[c->index]);
    return VC_OK;
}

/* Does another track of the peer go by that name?  Both filled up with zeros. */
static bool is_name_taken(const vc_engine *e, const vc_peer *peer, const char *mid, const char *rid)
{
    for (int i = 0; i < peer->track_count; i++) {
        const vc_track *track = &e->tracks[peer->tracks[i]];
        if (memcmp(track->mid, mid, VC_MID_MAX) == 0 && memcmp(track->rid, rid, VC_RID_MAX) == 0)
            return true;
    }
    return false;
}

int vc_apply_track_mid(vc_engine *e, const vc_command *c)
{
    static const char none[VC_RID_MAX];
    vc_track *track = vc_state_track(e, c->index);
    if (track == NULL)
        return VC_ERR_NOT_FOUND;
    if (track->layer != VC_NONE)
        return VC_ERR_RANGE;
    if (memcmp(track->mid, c->text, VC_MID_MAX) == 0)
        return VC_OK;
    if (is_name_taken(e, &e->peers[track->peer], c->text, none))
        return VC_ERR_EXISTS;
    memcpy(track->mid, c->text, VC_MID_MAX);
    return VC_OK;
}

int vc_apply_video_add(vc_engine *e, const vc_command *c)
{
    int status = check_track(e, c);
    const char *rid = c->text + VC_MID_MAX;
    if (status == VC_OK && c->text[0] != 0 && is_name_taken(e, &e->peers[c->peer], c->text, rid))
        status = VC_ERR_EXISTS;
    if (status == VC_OK && e->unused_layer_count == 0)
        status = VC_ERR_LIMIT;
    if (status != VC_OK)
        return status;
    vc_track *track = begin_track(e, c);
    track->media = VC_MEDIA_VIDEO;
    track->clock_rate = VIDEO_CLOCK;
    track->layer = e->unused_layers[--e->unused_layer_count];
    memcpy(track->mid, c->text, VC_MID_MAX);
    memcpy(track->rid, rid, VC_RID_MAX);
    vc_layer *layer = vc_state_layer(e, track);
    vc_layer_init(layer, c->bits_per_s[0]);
    vc_missing_init(&track->missing, layer->missing, VC_LAYER_MISSING_MAX, VIDEO_KEPT_MS, VIDEO_TRIES);
    return VC_OK;
}

int vc_apply_video_limit(vc_engine *e, const vc_command *c)
{
    vc_track *track = vc_state_track(e, c->index);
    if (track == NULL)
        return VC_ERR_NOT_FOUND;
    if (track->layer == VC_NONE)
        return VC_ERR_RANGE;
    vc_state_layer(e, track)->max_bits_per_s = c->bits_per_s[0];
    return VC_OK;
}

static void end_layer(vc_engine *e, vc_track *track)
{
    vc_keyframe_forget(e, track);
    e->unused_layers[e->unused_layer_count++] = track->layer;
}

void vc_apply_remove_track(vc_engine *e, vc_track *track)
{
    vc_peer *peer = &e->peers[track->peer];
    int32_t id = (int32_t)(track - e->tracks);
    while (track->receiver_count > 0) {
        vc_slot *slot = &e->slots[track->receivers[track->receiver_count - 1]];
        vc_forward_hush(e, slot);
        vc_route_detach(e, slot);
    }
    vc_speech_silence(&track->speech);
    track->told_speaking = false; /* it ends without a word: whoever deleted it knows */
    vc_forward_spoke(e, track, VC_SPEECH_SAME);
    track->missing.count = 0;
    vc_repair_noticed(e, track);
    if (track->layer != VC_NONE)
        end_layer(e, track);
    for (int i = 0; i < peer->track_count; i++)
        if (peer->tracks[i] == id)
            peer->tracks[i] = peer->tracks[--peer->track_count];
    set_alive(&track->alive, false);
}

int vc_apply_track_del(vc_engine *e, const vc_command *c)
{
    vc_track *track = vc_state_track(e, c->index);
    if (track == NULL)
        return VC_ERR_NOT_FOUND;
    vc_apply_remove_track(e, track);
    return VC_OK;
}

int vc_apply_track_mute(vc_engine *e, const vc_command *c)
{
    vc_track *track = vc_state_track(e, c->index);
    if (track == NULL)
        return VC_ERR_NOT_FOUND;
    if (track->layer != VC_NONE && track->muted == c->on)
        return VC_OK; /* said again: no viewer needs to begin anew */
    track->muted = c->on;
    if (track->muted && track->layer == VC_NONE)
        vc_forward_spoke(e, track, vc_speech_silence(&track->speech));
    vc_store_forget(vc_state_store(e, track)); /* nothing of before is heard again */
    for (uint32_t i = 0; i < track->receiver_count; i++) { /* what was swallowed is no loss of the receivers' */
        if (track->muted)
            vc_forward_hush(e, &e->slots[track->receivers[i]]);
        vc_rewriter_cut(&e->slots[track->receivers[i]].rewriter);
    }
    if (!track->muted && track->layer != VC_NONE)
        vc_keyframe_want(e, track);
    return VC_OK;
}

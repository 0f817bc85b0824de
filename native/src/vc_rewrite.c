#include "vc_rewrite.h"

/* A source whose clock and the wall's part by more than this has paused (replaceTrack(null) stops both numbers,
 * measured in Firefox and Chromium) or restarted.  Shorter stalls are the network's: the packets come in a burst. */
enum { PAUSE_DS = 5, VIDEO_PAUSE_DS = 100, FRAME_MS = 20, AHEAD_FRAMES = 10, VIDEO_CLOCK = 90000 };

/* Opus sends one packet in 400 ms of silence. */
enum { SILENCE_MS = 200, BEARABLE_FRAMES = 2 };

/* Who counts rounds of 16-bit numbers (RFC 3711 §3.3.1) follows no longer steps. */
enum { STEP_MAX = 0x7fff };

void vc_rewriter_init(vc_rewriter *r, uint32_t clock_rate, uint32_t first_seq, uint32_t first_ts)
{
    *r = (vc_rewriter){
        .clock_rate = clock_rate,
        .frame_ms = FRAME_MS,
        .pause_ds = PAUSE_DS,
        .out_seq = (first_seq & 0x7fff) - 1,
        .out_ts = first_ts,
    };
}

void vc_rewriter_init_video(vc_rewriter *r, uint32_t first_seq, uint32_t first_ts)
{
    vc_rewriter_init(r, VIDEO_CLOCK, first_seq, first_ts);
    r->frame_ms = 1;
    r->pause_ds = VIDEO_PAUSE_DS;
}

void vc_rewriter_cut(vc_rewriter *r)
{
    r->in_stretch = false;
}

static int64_t ticks_between(const vc_rewriter *r, uint64_t from_us, uint64_t to_us)
{
    uint64_t passed_us = to_us > from_us ? to_us - from_us : from_us - to_us;
    int64_t ticks = (int64_t)(passed_us * r->clock_rate / 1000000);
    return to_us > from_us ? ticks : -ticks;
}

static int64_t ticks_since(const vc_rewriter *r, uint64_t now_us)
{
    return ticks_between(r, r->sent_us, now_us);
}

static int64_t pause_ticks(const vc_rewriter *r)
{
    return (int64_t)r->clock_rate * r->pause_ds / 10;
}

static bool has_paused(const vc_rewriter *r, uint32_t ts, uint64_t now_us)
{
    int64_t source = (int32_t)(ts - r->newest_in_ts);
    int64_t drift = ticks_since(r, now_us) - source;
    int64_t limit = pause_ticks(r);
    return drift > limit || drift < -limit;
}

/* How far out_ts is ahead of the clock. */
static int32_t ticks_ahead(const vc_rewriter *r)
{
    return (int32_t)(r->out_ts - r->clock_ts - (uint32_t)ticks_between(r, r->clock_us, r->sent_us));
}

/* A stretch that began with packets a network had held back stays ahead by as much.  Silence of the source's own can be
 * made shorter unheard; a picture that stands still is no silence. */
static bool can_return_to_clock(const vc_rewriter *r, uint32_t ext_seq, uint32_t ts)
{
    int64_t since = (int32_t)(ts - r->newest_in_ts), ms = r->clock_rate / 1000;
    bool is_silence = r->frame_ms == FRAME_MS && ext_seq - r->newest_ext == 1 && since >= SILENCE_MS * ms;
    return is_silence && ticks_ahead(r) > BEARABLE_FRAMES * FRAME_MS * ms;
}

/* The time to the clock's now in whole frames, at least one: decoders neither stretch nor shrink at the seam.  A
 * stretch may end off the clock (a look-back begins in the past, a mute is short, a network held packets back, a sound
 * card is too fast); the next seams make up for it, so that it never adds up. */
static uint32_t frames_since(vc_rewriter *r, uint64_t now_us)
{
    int64_t frame = (int64_t)r->clock_rate * r->frame_ms / 1000;
    int64_t ahead = ticks_ahead(r), most = AHEAD_FRAMES * frame;
    if (ahead > most) { /* forgiven: a receiver would miss it longer than it could wait */
        r->clock_ts += (uint32_t)(ahead - most);
        ahead = most;
    }
    int64_t frames = (ticks_since(r, now_us) - ahead + frame / 2) / frame;
    return (uint32_t)((frames > 0 ? frames : 1) * frame);
}

static void start_stretch(vc_rewriter *r, uint32_t ext_seq, uint64_t now_us)
{
    if (r->has_sent) {
        r->out_ts += frames_since(r, now_us);
    } else {
        r->clock_ts = r->out_ts;
        r->clock_us = now_us;
    }
    r->out_seq++;
    r->first_ext = ext_seq;
    r->in_stretch = r->has_sent = true;
}

static void remember_newest(vc_rewriter *r, uint32_t ext_seq, uint32_t ts, uint64_t now_us)
{
    r->newest_ext = ext_seq;
    r->newest_in_ts = ts;
    r->sent_us = now_us;
}

int vc_rewriter_next(vc_rewriter *r, uint32_t ext_seq, uint32_t ts, uint64_t now_us, vc_rewritten *out)
{
    int64_t step = (int32_t)(ext_seq - r->newest_ext);
    bool newer = !r->in_stretch || step > 0;
    bool begins = !r->in_stretch || step > STEP_MAX;
    if (newer && (begins || has_paused(r, ts, now_us) || can_return_to_clock(r, ext_seq, ts))) {
        start_stretch(r, ext_seq, now_us);
        remember_newest(r, ext_seq, ts, now_us);
        *out = (vc_rewritten){(uint16_t)r->out_seq, r->out_ts, true};
        return VC_OK;
    }
    if ((int32_t)(ext_seq - r->first_ext) < 0 || step == 0 || step < -STEP_MAX)
        return VC_ERR_RANGE;
    uint32_t seq = r->out_seq + (ext_seq - r->newest_ext);
    uint32_t out_ts = r->out_ts + (ts - r->newest_in_ts);
    if (newer) {
        r->out_seq = seq;
        r->out_ts = out_ts;
        remember_newest(r, ext_seq, ts, now_us);
    }
    *out = (vc_rewritten){(uint16_t)seq, out_ts, false};
    return VC_OK;
}

vc_rewritten vc_rewriter_finish(vc_rewriter *r, uint32_t ticks, uint64_t now_us)
{
    r->out_seq++;
    if (ticks_since(r, now_us) > pause_ticks(r)) {
        r->out_ts += frames_since(r, now_us);
        r->sent_us = now_us;
    } else {
        r->out_ts += ticks;
        r->sent_us += (uint64_t)ticks * 1000000 / r->clock_rate; /* when a source would have sent it */
    }
    r->in_stretch = false;
    return (vc_rewritten){(uint16_t)r->out_seq, r->out_ts, false};
}

uint32_t vc_rewriter_ts_at(const vc_rewriter *r, uint64_t now_us)
{
    int64_t ticks = ticks_since(r, now_us);
    return r->out_ts + (uint32_t)(ticks > 0 ? ticks : 0);
}

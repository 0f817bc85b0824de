/* vc_rewrite.h - one outgoing stream out of changing sources: sequence numbers without holes of ours, timestamps
 * that follow the wall clock.
 *
 * A stretch is a run of packets of one source without a pause.  Inside it both numbers keep the source's steps, so
 * that the receiver sees the source's own losses.  A new stretch (another source, unmuted, a long pause, a leap of half
 * a round or more) goes on with the last sequence number + 1, the timestamp that the clock says, and the marker bit.  A
 * packet from before its stretch is refused: its number may have been used for other bytes, which GCM must never see.
 * Inside it, whoever sends an older one must know that it is not sent already. */
#ifndef VC_REWRITE_H
#define VC_REWRITE_H
#include <stdbool.h>
#include <stdint.h>

#include "vc_engine.h"

typedef struct {
    uint32_t clock_rate;
    bool has_sent;
    bool in_stretch;
    uint8_t frame_ms; /* timestamps go on over a seam by whole ones */
    uint8_t pause_ds; /* tenths of a second: a longer gap between the source's clock and the wall's ends a stretch */
    uint32_t first_ext; /* of the stretch, in the source's numbers */
    uint32_t newest_ext;
    uint32_t newest_in_ts;
    uint32_t out_seq; /* sent for newest_ext; its low 16 bits are the RTP number */
    uint32_t out_ts;
    uint32_t clock_ts; /* what the stream carries at clock_us when it is neither ahead nor behind */
    uint64_t sent_us;  /* when out_ts was sent */
    uint64_t clock_us;
} vc_rewriter;

typedef struct {
    uint16_t seq;
    uint32_t ts;
    bool starts_stretch;
} vc_rewritten;

/* Begin with sequence number first_seq & 0x7fff (RFC 3711 receivers lose the rollover count when the first packets
 * near 65535 are lost) and timestamp first_ts. */
void vc_rewriter_init(vc_rewriter *r, uint32_t clock_rate, uint32_t first_seq, uint32_t first_ts);

/* The same for video, whose clock is 90 kHz: any step of a millisecond or more will do, and a picture that stands
 * still for seconds has not paused. */
void vc_rewriter_init_video(vc_rewriter *r, uint32_t first_seq, uint32_t first_ts);

/* The next packet starts a new stretch. */
void vc_rewriter_cut(vc_rewriter *r);

/* Numbers for the source's packet (extended sequence number, timestamp).  VC_OK, or VC_ERR_RANGE when it is older
 * than the stretch, or the newest once more. */
int vc_rewriter_next(vc_rewriter *r, uint32_t ext_seq, uint32_t ts, uint64_t now_us, vc_rewritten *out);

/* Numbers for a packet of our own that is the last of the stretch: 'ticks' after its newest, or where the clock is
 * when the source had paused. */
vc_rewritten vc_rewriter_finish(vc_rewriter *r, uint32_t ticks, uint64_t now_us);

/* The timestamp the stream would carry now (for sender reports). */
uint32_t vc_rewriter_ts_at(const vc_rewriter *r, uint64_t now_us);
#endif

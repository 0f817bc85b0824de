/* vc_name.h - which track a packet belongs to: by its SSRC, else by the MID and RID it carries (RFC 8843, RFC 8852),
 * else by its payload type, where that leaves one alone.
 *
 * Nothing is learnt before the packet is authentic; and since a member could name streams without end, only so many
 * SSRCs are (libsrtp keeps a state for each). */
#ifndef VC_NAME_H
#define VC_NAME_H
#include "vc_rtp.h"
#include "vc_state.h"

/* The track of that SSRC, or NULL. */
vc_track *vc_name_by_ssrc(vc_engine *e, const vc_peer *peer, uint32_t ssrc);

/* The track an unknown SSRC would name, or NULL, and counted. */
vc_track *vc_name_find(vc_engine *e, const vc_peer *peer, const vc_rtp *rtp);

/* The packet was authentic: its SSRC is the track's from now on. */
void vc_name_learn(vc_engine *e, vc_peer *peer, vc_track *track, uint32_t ssrc);
#endif

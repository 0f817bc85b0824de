/* vc_rollover.h - a new stream of which we lost what came before its numbers went around.
 *
 * SRTP's key stream depends on how often the 16-bit numbers went around; libsrtp takes the first packet of a stream
 * for one of the first round.  When the sender began near the end of it and the packets up to there were lost, no
 * packet would ever open.  So a first packet with a low number that does not open is tried in the second round. */
#ifndef VC_ROLLOVER_H
#define VC_ROLLOVER_H
#include "vc_rtp.h"
#include "vc_state.h"

/* Could a packet with that number be the first that arrives of a stream that went around? */
static inline bool vc_rollover_is_possible(const vc_peer *peer, const vc_rtp *rtp)
{
    return peer->stream_policy != NULL && rtp->seq < 0x8000;
}

/* Open the datagram in place as e->unprotect() does; what does not open is tried again in the second round, so many
 * times a second for each peer.  Nothing remains of a try that failed. */
int vc_rollover_open(vc_engine *e, vc_peer *peer, uint32_t ssrc, const vc_datagram *datagram, int *length);
#endif

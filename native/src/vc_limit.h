/* vc_limit.h - how much may be sent, said in so many words (REMB): by viewers, whom Python is told of, and to publishers
 * that take no transport-wide feedback. */
#ifndef VC_LIMIT_H
#define VC_LIMIT_H
#include "vc_rtcp.h"
#include "vc_state.h"

/* Take what 'peer' says, which came at 'arrived_us'. */
void vc_limit_take(vc_engine *e, vc_peer *peer, const vc_rtcp_packet *packet, uint64_t arrived_us);

/* Look at what came of a publisher since the last look, and tell it how much it may send when that is due. */
void vc_limit_tell(vc_engine *e, vc_peer *peer);
#endif

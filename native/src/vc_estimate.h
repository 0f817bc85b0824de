/* vc_estimate.h - the estimates of the paths to viewers, among the engine's other things: fed with their feedback, told
 * to Python, and forgotten when they do not hold any more. */
#ifndef VC_ESTIMATE_H
#define VC_ESTIMATE_H
#include "vc_rtcp.h"
#include "vc_state.h"

/* Take one transport-wide feedback of 'peer', which came at 'arrived_us'. */
void vc_estimate_take(vc_engine *e, vc_peer *peer, const vc_rtcp_packet *packet, uint64_t arrived_us);

/* About once a second: what is sent without an answer is perhaps more than the path carries. */
void vc_estimate_due(vc_engine *e, vc_peer *peer);

/* So much would be of use to 'peer'. */
void vc_estimate_want(vc_engine *e, vc_peer *peer, uint32_t bps);

/* Send the padding that is due. */
void vc_estimate_probe(vc_engine *e);

/* Media goes to that address from now on: to another host, or by another transport, it is another path.  What a path
 * was thought to carry that was left within the last second holds again. */
void vc_estimate_moved(vc_engine *e, vc_peer *peer, const vc_addr *to);
#endif

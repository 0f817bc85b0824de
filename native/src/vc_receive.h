/* vc_receive.h - the way in of an RTP packet: whose is it, is it authentic, what does it tell of its stream. */
#ifndef VC_RECEIVE_H
#define VC_RECEIVE_H
#include "vc_state.h"

/* Take an SRTP packet that came from a validated tuple of 'peer'. */
void vc_receive_rtp(vc_engine *e, vc_peer *peer, int tuple, const vc_datagram *datagram);

/* Count an SRTP or SRTCP packet that libsrtp refused with 'error'. */
void vc_receive_refused(vc_engine *e, vc_peer *peer, int error);
#endif

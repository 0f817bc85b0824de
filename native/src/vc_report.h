/* vc_report.h - RTCP ends here: reports of peers are taken in, our own go out about once a second to each. */
#ifndef VC_REPORT_H
#define VC_REPORT_H
#include "vc_rtp.h"
#include "vc_state.h"

/* Take an SRTCP packet that came from a validated tuple of 'peer'. */
void vc_report_received(vc_engine *e, vc_peer *peer, int tuple, const vc_datagram *datagram);

/* The peer got its keys: its first reports leave within half a second. */
void vc_report_start(vc_engine *e, const vc_peer *peer);

/* An authenticated RTP packet of a peer with transport-wide feedback came: note when, and tell what is due. */
void vc_report_arrival(vc_engine *e, vc_peer *peer, const vc_rtp *rtp, uint64_t arrived_us);

/* Write the reports that are due. */
void vc_report_due(vc_engine *e);

/* Middle 32 bits of the NTP time of a CLOCK_REALTIME stamp, and all 64. */
uint64_t vc_report_ntp(uint64_t real_ns);
#endif

/* vc_repair.h - lost packets again: what listeners miss of us, and what we miss of publishers (RFC 4585 §6.2.1).
 *
 * Chromium asks for lost Opus packets when the offer says `rtcp-fb nack`, but refuses a retransmission stream for
 * audio (measured with version 156: setRemoteDescription fails on an FID group), so the packet itself is sent again,
 * byte for byte. */
#ifndef VC_REPAIR_H
#define VC_REPAIR_H
#include "vc_rtcp.h"
#include "vc_state.h"

enum {
    VC_REPAIR_ITEMS_MAX = 64, /* feedback items of one datagram that are looked at */
    VC_REPAIR_US = 3000,      /* how often missing packets are looked after, while there are any */
};

/* Answer a generic NACK of 'peer'.  items_left: how many more this datagram may cost. */
void vc_repair_take_nack(vc_engine *e, vc_peer *peer, const vc_rtcp_packet *packet, int *items_left);

/* The list of what 'track' misses changed: keep it among those looked at, or take it out. */
void vc_repair_noticed(vc_engine *e, vc_track *track);

/* Ask publishers for what is missing of them. */
void vc_repair_due(vc_engine *e);
#endif

/* vc_remb.h - how much a receiver takes, in its own words (draft-alvestrand-rmcat-remb-03): what clients say that
 * do not report arrival times, and what they are told. */
#ifndef VC_REMB_H
#define VC_REMB_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vc_rtcp.h"

enum { VC_REMB_SSRCS_MAX = 24 }; /* that we name */

/* Is it one, well-formed or not?  Other feedback of applications has the same type and format. */
bool vc_remb_is(const vc_rtcp_packet *packet);

/* Bit/s, at most UINT32_MAX.  VC_OK, or VC_ERR_RANGE when it is none, names no stream, is not as long as the streams it
 * names, or tells of more than 64 bits can say. */
int vc_remb_read(const vc_rtcp_packet *packet, uint32_t *bps);

/* Write one about 1 to VC_REMB_SSRCS_MAX streams; bytes written, 0 when they do not fit.  What is said is 'bps', or a
 * little less: 18 bits of it are kept. */
size_t vc_remb_write(uint8_t *out, size_t cap, uint32_t sender, const uint32_t *ssrcs, int count, uint32_t bps);
#endif

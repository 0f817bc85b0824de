/* vc_reception.h - what a receiver knows of one stream: extended sequence, losses, jitter (RFC 3550 §6.4.1, A.3, A.8). */
#ifndef VC_RECEPTION_H
#define VC_RECEPTION_H
#include <stdbool.h>
#include <stdint.h>

#include "vc_rtcp.h"

typedef struct {
    bool started;
    uint32_t first_ext, newest_ext; /* begin one cycle up, so that a late first packet does not go below zero */
    uint32_t received;
    uint32_t expected_before, received_before; /* at the last report */
    uint32_t transit;
    uint32_t jitter_16; /* times 16 */
    int32_t lost;
    uint32_t fraction_lost;
    uint32_t sr_middle; /* middle 32 bits of the NTP time of the newest SR; 0 = none */
    uint64_t sr_us;     /* when it came */
} vc_reception;

/* Count an authenticated packet; its extended sequence number.  arrival_ticks: arrival in the stream's clock. */
uint32_t vc_reception_add(vc_reception *r, uint16_t seq, uint32_t ts, uint32_t arrival_ticks);

void vc_reception_sr(vc_reception *r, uint64_t ntp, uint64_t now_us);

/* Close a reporting interval: fill everything of 'block' but the SSRC. */
void vc_reception_report(vc_reception *r, uint64_t now_us, vc_report_block *block);

/* Extended highest sequence number as the wire counts it. */
uint32_t vc_reception_ext_seq(const vc_reception *r);
#endif

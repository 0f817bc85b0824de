/* vc_missing.h - which packets of a publisher are missing, and when to ask for them (RFC 4585 §6.2.1).
 *
 * noticed ── a few ms for those that were merely overtaken ──> asked ── a round trip ──> asked again ... given up */
#ifndef VC_MISSING_H
#define VC_MISSING_H
#include <stdbool.h>
#include <stdint.h>

enum {
    VC_MISSING_MAX = 16, /* of one voice at once: after a longer hole the conversation has gone on */
    VC_MISSING_DUE_MAX = 64,
};

typedef struct {
    uint32_t ext_seq;
    uint8_t asked; /* how often */
    uint64_t noticed_us, asked_us;
} vc_missing_packet;

typedef struct {
    uint16_t count, max;
    uint8_t tries;    /* how often a packet is asked for */
    bool is_deaf;     /* the publisher has never sent anything again: asking is of no use */
    uint16_t asked, recovered;
    uint32_t kept_us; /* later nobody can use it */
    vc_missing_packet *packets; /* oldest first */
} vc_missing;

/* Nothing missing, with room for 'max' packets. */
void vc_missing_init(vc_missing *m, vc_missing_packet *packets, uint16_t max, uint32_t kept_ms, uint8_t tries);

/* A packet came; 'newest' is the highest number before it.  True when it had been asked for. */
bool vc_missing_arrived(vc_missing *m, uint32_t newest, uint32_t ext_seq, uint64_t now_us);

/* Write the numbers to ask for now to 'out', in their order, VC_MISSING_DUE_MAX at most; how many.  Forgets those that would come too late. */
int vc_missing_due(vc_missing *m, uint64_t now_us, uint64_t rtt_us, uint16_t out[VC_MISSING_DUE_MAX]);
#endif

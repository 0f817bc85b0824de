/* vc_uplink.h - how much a publisher may send, judged where it arrives: for those who can be told no arrival times, but
 * take a limit (REMB).
 *
 * There is no clock of theirs to see a queue by, so what arrives and what is lost must do, with the numbers of
 * draft-ietf-rmcat-gcc-02 §5.5 and §6: half as much again as arrives until a first loss, then 8 % more a second while
 * less than 2 % are lost, and less than was sent when more than 10 % are.  A publisher with little to show is not
 * held down by that: what was allowed once stays allowed until something is lost. */
#ifndef VC_UPLINK_H
#define VC_UPLINK_H
#include <stdbool.h>
#include <stdint.h>

enum { VC_UPLINK_LOOK_US = 500000 };

typedef struct {
    uint32_t most_bps; /* 0 = it is told nothing */
    bool is_starting;  /* nothing was lost yet */
    double bps;        /* 0 = not known yet */
    uint32_t told_bps;
    uint64_t told_us, looked_us;
    uint64_t bytes; /* of the last look */
} vc_uplink;

/* Begin, or change the bound; 0: end. */
void vc_uplink_bound(vc_uplink *u, uint32_t most_bps);

/* Is it time for a look? */
bool vc_uplink_is_due(const vc_uplink *u, uint64_t now_us);
/* All 'bytes' that came so far; of 'expected' packets since the last look 'lost' did not come at first. */
void vc_uplink_look(vc_uplink *u, uint64_t bytes, uint32_t expected, uint32_t lost, uint64_t now_us);

/* Bit/s, when they have to be told: once a second, and at once when they fell by more than 3 %; else 0. */
uint32_t vc_uplink_news(const vc_uplink *u, uint64_t now_us);
void vc_uplink_told(vc_uplink *u, uint32_t bps, uint64_t now_us);
#endif

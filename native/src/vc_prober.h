/* vc_prober.h - when to try whether a path carries more than is sent over it, and with how much padding.
 *
 *     idle ── more is wanted than is estimated ──> sending (a cluster of three batches) ── told of it, or a second ──> idle
 *
 * A cluster goes at twice the estimate, or at a little more than what is wanted where that is less.  One that carried
 * is followed by the next until it is enough; then there is a pause of five seconds, and after each one that did not,
 * twice as long as before, up to a minute (as libwebrtc's ProbeController, with longer pauses). */
#ifndef VC_PROBER_H
#define VC_PROBER_H
#include <stdbool.h>
#include <stdint.h>

#include "vc_bwe.h"

enum {
    VC_PROBE_PADDING = 255,  /* bytes of one packet: more, its last byte cannot say (RFC 3550 §5.1) */
    VC_PROBE_BYTES = 12 + 8 + VC_PROBE_PADDING + 16, /* with its header, number and tag */
    VC_PROBE_TURN_MAX = 64,  /* packets at once */
};

typedef enum { VC_PROBE_IDLE = 0, VC_PROBE_SENDING = 1, VC_PROBE_WAITING = 2 } vc_probe_state;

typedef struct {
    vc_probe_state state;
    uint32_t wanted_bps;  /* 0 = nothing is */
    double cluster_bps, owed_bytes;
    int packets;          /* of the cluster so far */
    uint64_t began_us, stepped_us;
    uint64_t next_us;     /* no cluster before */
    uint64_t pause_us;    /* after the next one that does not carry; 0 = the shortest */
} vc_prober;

/* Want so much from now on; 0: nothing more than is estimated. */
void vc_prober_want(vc_prober *p, uint32_t bps);

/* What is to be done now: how many packets to send (may: they can be), and in *again_us when to ask again, 0 = not
 * before something is wanted.  The estimate is raised when a cluster carried. */
int vc_prober_step(vc_prober *p, vc_bwe *b, bool may, uint64_t now_us, uint64_t *again_us);
#endif

/* vc_bwe.h - what the path to a receiver carries, estimated from when its packets arrived (transport-wide feedback):
 * less when a queue grows (0.85 of what arrives) or more than 10 % are lost, more while it does not and less than 2 %
 * are (draft-ietf-rmcat-gcc-02 §5.5, §6).  What arrived without a queue is carried, whatever was thought before.
 *
 * A receiver may lie: its own estimate alone follows, and stays within its bounds. */
#ifndef VC_BWE_H
#define VC_BWE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vc_rtcp.h"
#include "vc_trend.h"

enum {
    VC_BWE_PACKETS = 4096, /* that may wait to be told of; a power of two, less than half of the numbers */
    VC_BWE_SLICES = 16,    /* a power of two */
};

typedef struct {
    uint64_t sent_us;
    uint32_t number; /* as counted on beyond 16 bits */
    uint16_t size;
    uint8_t state; /* of what is told of it */
} vc_bwe_packet;

/* Bytes by time, in slices of 50 ms. */
typedef struct {
    bool started;
    int64_t first, newest;
    uint32_t bytes[VC_BWE_SLICES];
} vc_bwe_rate;

/* Packets sent faster than the estimate, to see whether they arrive as fast: all those numbered from 'first' on. */
typedef struct {
    bool is_there, is_open; /* it is being sent or waited for; being sent */
    uint32_t first, packets, told;
    uint32_t bytes, batch_bytes; /* sent before those that went last, in one go, and of these */
    uint64_t first_sent_us, last_sent_us;
    uint32_t arrived_packets, arrived_bytes, first_arrived_bytes;
    int64_t first_arrived_us, last_arrived_us;
} vc_bwe_probe;

typedef struct {
    double bps, min_bps, start_bps, max_bps;
    double told_bps; /* 0 = nothing yet */
    uint64_t told_us;
    uint64_t raised_us; /* the last look whether to raise it */
    double ceiling_bps; /* what arrived when a queue grew lately; 0 = unknown */
    bool is_starting;   /* no limit was met yet */
    bool is_lossy;      /* too much so to raise it */
    uint64_t losses_us; /* since when they are counted */
    uint32_t known, lost;
    bool has_reference;
    uint32_t reference; /* of the newest feedback */
    int64_t base_us;    /* the same as a time */
    uint32_t next;      /* number */
    uint32_t since;     /* packets below that number took another path */
    uint64_t sent_us, unheard_us, doubted_us; /* the newest packet; the first since the last feedback, 0 = none; the last doubt */
    vc_bwe_probe probe;
    vc_trend trend;
    vc_bwe_rate sent, arrived; /* of the packets that arrived */
    vc_bwe_packet packets[VC_BWE_PACKETS];
} vc_bwe;

/* 0 < min_bps <= start_bps <= max_bps. */
void vc_bwe_init(vc_bwe *b, uint32_t min_bps, uint32_t start_bps, uint32_t max_bps, uint16_t first_seq);
/* The numbers go on. */
void vc_bwe_bound(vc_bwe *b, uint32_t min_bps, uint32_t max_bps);

/* The number the next packet carries; it counts when the packet is said to be sent. */
uint16_t vc_bwe_next(const vc_bwe *b);
void vc_bwe_sent(vc_bwe *b, size_t size, uint64_t now_us);

/* Take one feedback.  VC_OK; VC_ERR_RANGE: malformed; VC_ERR_NOT_FOUND: about packets that were not sent, or are
 * forgotten; then nothing changed. */
int vc_bwe_feedback(vc_bwe *b, const vc_rtcp_packet *packet, uint64_t now_us);

/* Packets take another path from now on: begin anew, with 'bps' or, where that is 0, as at first. */
void vc_bwe_restart(vc_bwe *b, uint32_t bps);

/* May it be probed just now?  Not before it was measured, nor while a queue grows, packets are lost, or nobody tells of
 * them. */
bool vc_bwe_probe_may(const vc_bwe *b, uint64_t now_us);
/* What is sent between these two is a probe.  It says nothing of losses and queues: it makes them. */
void vc_bwe_probe_begin(vc_bwe *b);
void vc_bwe_probe_sent(vc_bwe *b);
/* Was everything told of it? */
bool vc_bwe_probe_is_told(const vc_bwe *b);
/* Judge it by what was told (as libwebrtc's ProbeBitrateEstimator); true when it carried more than the estimate, which
 * is then that. */
bool vc_bwe_probe_end(vc_bwe *b);

/* Packets are sent, and for two seconds nobody has told of them: a fifth less each second, as libwebrtc does when
 * feedback fails to come.  Was it so? */
bool vc_bwe_doubt(vc_bwe *b, uint64_t now_us);

/* Bit/s. */
uint32_t vc_bwe_estimate(const vc_bwe *b);
/* Has it changed so much since vc_bwe_told() that it is worth telling?  For the first time not before half a second was
 * measured. */
bool vc_bwe_is_news(const vc_bwe *b, uint64_t now_us);
void vc_bwe_told(vc_bwe *b, uint64_t now_us);
#endif

/* vc_twcc.h - when each packet of a transport arrived, told to its sender, whose bandwidth estimate lives on it
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01). */
#ifndef VC_TWCC_H
#define VC_TWCC_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vc_rtcp.h"

enum {
    VC_TWCC_WINDOW = 512,        /* packets that may wait to be told; a power of two */
    VC_TWCC_PACKETS_MAX = 256,   /* told by one feedback, which then stays below 700 bytes */
    VC_TWCC_BYTES_MAX = 700,
    VC_TWCC_INTERVAL_US = 50000,
    VC_TWCC_READ_MAX = 4096,     /* packets that one feedback may tell us of */
    VC_TWCC_REFERENCE_US = 64000,
};

typedef struct {
    bool started;
    uint8_t feedbacks; /* counted round */
    uint32_t next_ext; /* the first that was not told yet */
    uint32_t newest_ext;
    uint64_t told_us;
    uint64_t arrived_us[VC_TWCC_WINDOW]; /* by extended number; 0 = did not arrive */
} vc_twcc;

void vc_twcc_init(vc_twcc *t, uint64_t now_us);

/* The packet with that transport-wide number came; one that was told as lost is told again. */
void vc_twcc_arrived(vc_twcc *t, uint16_t seq, uint64_t now_us);

/* Is it time to tell? */
bool vc_twcc_is_due(const vc_twcc *t, uint64_t now_us);

/* Write one feedback packet (RTCP) with what was not told yet; its length, 0 = nothing left, or no room. */
size_t vc_twcc_write(vc_twcc *t, uint8_t *out, size_t cap, uint32_t sender, uint32_t ssrc, uint64_t now_us);

/* One feedback of others: about 'count' packets from number 'base' on. */
typedef struct {
    uint16_t base;
    int count;
    uint32_t reference;    /* 24 bits, of VC_TWCC_REFERENCE_US each */
    const uint8_t *deltas; /* as many as the symbols announce: checked */
    uint8_t symbols[VC_TWCC_READ_MAX];
} vc_twcc_feedback;

/* VC_OK, or VC_ERR_RANGE when it is none, lies about its length, or tells of more packets than anyone may. */
int vc_twcc_read(const vc_rtcp_packet *packet, vc_twcc_feedback *out);
/* Packet 'i', in order: did it arrive?  Then *arrived_us, which begins with the time of the reference, becomes when,
 * and *at, which begins with the deltas, goes on. */
bool vc_twcc_step(const vc_twcc_feedback *feedback, int i, const uint8_t **at, int64_t *arrived_us);
#endif

/* vc_burst.h - what one flush sends, as messages for sendmmsg(): voice first, then video, of which packets of equal
 * size to one receiver leave as one message that the kernel cuts (UDP_SEGMENT): a frame costs one walk through its
 * stack and not one for each packet. */
#ifndef VC_BURST_H
#define VC_BURST_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "vc_local.h"

enum {
    VC_TX_BATCH = 64,
    VC_BURST_BYTES_MAX = 65000, /* of one message: below the longest datagram, headers included */
    VC_BURST_CONTROL = CMSG_SPACE(sizeof(uint16_t)), /* what asks for the cut, at the end of a message's control */
};
_Static_assert(VC_TX_BATCH <= 64, "UDP_MAX_SEGMENTS of older kernels");

/* Packets as they were queued, each a message of one piece; its control says where it must leave from, if at all. */
typedef struct {
    struct mmsghdr messages[VC_TX_BATCH];
    struct iovec pieces[VC_TX_BATCH];
    uint64_t arrived_ns[VC_TX_BATCH]; /* of what is forwarded; 0 = our own packet */
    bool is_video[VC_TX_BATCH];
    int count;
} vc_queued;

/* The same in the order of their sending: message i has msg_iovlen packets, which lie one behind the other. */
typedef struct {
    struct mmsghdr messages[VC_TX_BATCH];
    struct iovec pieces[VC_TX_BATCH];
    uint64_t arrived_ns[VC_TX_BATCH];
    _Alignas(struct cmsghdr) uint8_t control[VC_TX_BATCH][VC_LOCAL_CONTROL_MAX + VC_BURST_CONTROL];
    int count;
} vc_burst;

/* Fill 'out' from 'queued', whose packets stay where they are; each receiver's own keep their order, but that its
 * voice overtakes its video.  Without may_segment every packet is a message. */
void vc_burst_plan(vc_burst *out, const vc_queued *queued, bool may_segment);
#endif

/* vc_burst.h - video on its way to a socket: queued until all of a read batch is dealt with, or this is full, then sent
 * behind the voice.  Packets of equal size to one receiver leave as one message that the kernel cuts (UDP_SEGMENT): a
 * picture costs one walk through its stack and not one for each packet. */
#ifndef VC_BURST_H
#define VC_BURST_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "vc_addr.h"
#include "vc_local.h"

enum {
    VC_PACKET_ROOM = 1792,     /* a datagram and what SRTP may append (144 bytes), rounded up */
    VC_VIDEO_BATCH = 256,      /* a picture of nine packets to 28 viewers; half a megabyte for each socket */
    VC_BURST_PACKETS_MAX = 64, /* of one message: UDP_MAX_SEGMENTS of older kernels */
    VC_BURST_BYTES_MAX = 65000, /* of one message: below the longest datagram, headers included */
    VC_BURST_CONTROL = CMSG_SPACE(sizeof(uint16_t)), /* what asks for the cut, at the end of a message's control */
};

typedef struct {
    const vc_sockaddr *name; /* the receiver */
    const vc_local *from;    /* the address of ours it must leave from, or NULL */
    uint64_t arrived_ns;     /* 0 = not forwarded */
    uint16_t length;
    uint8_t name_length;
    int16_t behind; /* the next to the same receiver, or -1; while it is planned */
} vc_parcel;

typedef struct {
    vc_parcel queued[VC_VIDEO_BATCH];
    uint8_t (*data)[VC_PACKET_ROOM];
    int queued_count;
    /* the plan: message i has msg_iovlen packets, which lie one behind the other */
    struct mmsghdr messages[VC_VIDEO_BATCH];
    struct iovec pieces[VC_VIDEO_BATCH];
    uint64_t arrived_ns[VC_VIDEO_BATCH];
    _Alignas(struct cmsghdr) uint8_t control[VC_VIDEO_BATCH][VC_LOCAL_CONTROL_MAX + VC_BURST_CONTROL];
    int count, piece_count;
    int16_t newest[2 * VC_VIDEO_BATCH]; /* by receiver, hashed: its newest packet + 1 */
} vc_burst;

/* VC_OK or VC_ERR_NOMEM; release with vc_burst_free(). */
int vc_burst_init(vc_burst *burst);
void vc_burst_free(vc_burst *burst);

/* Room for the next packet (VC_PACKET_ROOM bytes); the caller emptied it when vc_burst_is_full(). */
bool vc_burst_is_full(const vc_burst *burst);
uint8_t *vc_burst_room(vc_burst *burst);
/* Queue what was written there.  'name' and 'from' must live until it is sent. */
void vc_burst_queue(vc_burst *burst, size_t length, const vc_sockaddr *name, int name_length, const vc_local *from,
                    uint64_t arrived_ns);

/* Plan the messages for all that is queued; it stays queued.  Each receiver's keep their order.  Without may_segment
 * every packet is a message. */
void vc_burst_plan(vc_burst *burst, bool may_segment);
#endif

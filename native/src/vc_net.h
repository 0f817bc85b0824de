/* vc_net.h - one UDP socket of the engine: datagrams in and out by the batch, and the clocks they are stamped by. */
#ifndef VC_NET_H
#define VC_NET_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "vc_addr.h"
#include "vc_atomic.h"
#include "vc_burst.h"
#include "vc_hist.h"
#include "vc_local.h"

enum {
    VC_RX_BATCH = 32,
    VC_TX_BATCH = 64, /* of voice, and all else but video */
    VC_RX_CONTROL = CMSG_SPACE(sizeof(struct timespec)) + VC_LOCAL_CONTROL_MAX,
};

/* now_us is CLOCK_MONOTONIC; the kernel stamps arrivals with CLOCK_REALTIME, which 'offset' leads back. */
typedef struct {
    uint64_t now_us;
    uint64_t real_ns;
} vc_clock;

void vc_clock_read(vc_clock *clock);
/* A CLOCK_REALTIME stamp as microseconds of CLOCK_MONOTONIC. */
uint64_t vc_clock_us_of(const vc_clock *clock, uint64_t real_ns);

typedef struct {
    uint8_t *data; /* VC_PACKET_ROOM bytes */
    size_t length; /* VC_DATAGRAM_MAX + 1 when it was longer */
    uint64_t arrived_ns;
    const vc_sockaddr *from;
    const vc_addr *flow; /* the TCP connection it came over instead, or NULL */
    uint8_t transport;   /* the last byte of its address: VC_TRANSPORT_UDP, or to which of our addresses it came */
} vc_datagram;

/* Packets as they were queued, each a message of one piece; its control says where it must leave from, if at all. */
typedef struct {
    struct mmsghdr messages[VC_TX_BATCH];
    struct iovec pieces[VC_TX_BATCH];
    uint64_t arrived_ns[VC_TX_BATCH]; /* of what is forwarded; 0 = our own packet */
    int count;
} vc_queued;

typedef struct {
    int fd; /* -1 = not there */
    int family;
    struct mmsghdr rx[VC_RX_BATCH];
    struct iovec rx_vec[VC_RX_BATCH];
    vc_sockaddr rx_from[VC_RX_BATCH];
    uint8_t (*rx_control)[VC_RX_CONTROL];
    uint8_t (*rx_data)[VC_PACKET_ROOM];
    vc_queued tx;
    uint8_t (*tx_data)[VC_PACKET_ROOM];
    bool tx_is_pinned; /* some of the queued are */
    bool can_segment;
    vc_locals locals; /* those of our addresses that datagrams came to */
    vc_burst video;
} vc_link;

typedef struct {
    int sent, full, failed; /* packets */
    int bursts, refused;    /* messages of several packets: sent as one; that the kernel would not cut */
} vc_sent;

/* Take over 'fd' (-1 = none).  VC_OK, or VC_ERR_NOMEM; release with vc_link_free(), which leaves fd open. */
int vc_link_init(vc_link *link, int fd, int family);
void vc_link_free(vc_link *link);
size_t vc_link_bytes(void);

/* Read up to VC_RX_BATCH datagrams.  How many; 0 = none waits; -1 = an error of the socket. */
int vc_link_receive(vc_link *link);
/* The i-th of them. */
vc_datagram vc_link_datagram(vc_link *link, int i, const vc_clock *clock);

/* Room for the next packet (VC_PACKET_ROOM bytes); the caller flushed when vc_link_is_full(). */
bool vc_link_is_full(const vc_link *link);
uint8_t *vc_link_room(vc_link *link);
/* Queue what was written there.  'name' must live until the flush.  Video is queued in link->video. */
void vc_link_queue(vc_link *link, size_t length, const vc_sockaddr *name, int name_length, uint64_t arrived_ns);
/* Have the packet queued last leave from that address of ours; the socket's own, which stays. */
void vc_link_pin(vc_link *link, const vc_local *local);
/* Send what is queued here, or in link->video, once; record the residence of forwarded packets.  What could not be sent
 * is dropped. */
vc_sent vc_link_flush(vc_link *link, vc_hist *residence);
vc_sent vc_link_flush_video(vc_link *link, vc_hist *residence);
#endif

#include "vc_burst.h"

#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>

int vc_burst_init(vc_burst *burst)
{
    burst->data = calloc(VC_VIDEO_BATCH, sizeof *burst->data);
    return burst->data == NULL ? VC_ERR_NOMEM : VC_OK;
}

void vc_burst_free(vc_burst *burst)
{
    free(burst->data);
}

bool vc_burst_is_full(const vc_burst *burst)
{
    return burst->queued_count == VC_VIDEO_BATCH;
}

uint8_t *vc_burst_room(vc_burst *burst)
{
    return burst->data[burst->queued_count];
}

void vc_burst_queue(vc_burst *burst, size_t length, const vc_sockaddr *name, int name_length, const vc_local *from,
                    uint64_t arrived_ns)
{
    burst->queued[burst->queued_count++] = (vc_parcel){
        .name = name,
        .from = from,
        .arrived_ns = arrived_ns,
        .length = (uint16_t)length,
        .name_length = (uint8_t)name_length,
    };
}

/* ---- who gets what ---- */

/* Where 'newest' has the receiver of that name, or would have it. */
static uint32_t place_of(const vc_burst *burst, const vc_sockaddr *name)
{
    uint32_t mask = 2 * VC_VIDEO_BATCH - 1;
    uint32_t place = (uint32_t)((uintptr_t)name / sizeof *name) * 2654435761u >> 16 & mask; /* Knuth's */
    while (burst->newest[place] != 0 && burst->queued[burst->newest[place] - 1].name != name)
        place = (place + 1) & mask;
    return place;
}

/* Chain the packets of each receiver; the first of each into 'heads', how many. */
static int chain(vc_burst *burst, int16_t heads[VC_VIDEO_BATCH])
{
    int n = 0;
    memset(burst->newest, 0, sizeof burst->newest);
    for (int16_t i = 0; i < burst->queued_count; i++) {
        int16_t *newest = &burst->newest[place_of(burst, burst->queued[i].name)];
        burst->queued[i].behind = -1;
        if (*newest == 0)
            heads[n++] = i;
        else
            burst->queued[*newest - 1].behind = i;
        *newest = (int16_t)(i + 1);
    }
    return n;
}

/* ---- messages ---- */

static void add_piece(vc_burst *burst, int i)
{
    burst->pieces[burst->piece_count] = (struct iovec){burst->data[i], burst->queued[i].length};
    burst->arrived_ns[burst->piece_count++] = burst->queued[i].arrived_ns;
}

static struct msghdr *begin(vc_burst *burst, int i)
{
    const vc_parcel *packet = &burst->queued[i];
    const vc_local *from = packet->from;
    struct msghdr *message = &burst->messages[burst->count++].msg_hdr;
    *message = (struct msghdr){
        .msg_name = (void *)(uintptr_t)packet->name, /* the kernel only reads it, and the control */
        .msg_namelen = packet->name_length,
        .msg_iov = &burst->pieces[burst->piece_count],
        .msg_iovlen = 1,
        .msg_control = from == NULL ? NULL : (void *)(uintptr_t)from->control,
        .msg_controllen = from == NULL ? 0 : from->control_length,
    };
    add_piece(burst, i);
    return message;
}

/* Add what follows: packets as long as the first, the last may be shorter.  The packet behind them, or -1. */
static int lengthen(vc_burst *burst, struct msghdr *message, int first)
{
    size_t size = burst->queued[first].length, bytes = size, length = size;
    int i = burst->queued[first].behind;
    for (; i >= 0 && length == size && message->msg_iovlen < VC_BURST_PACKETS_MAX; i = burst->queued[i].behind) {
        length = burst->queued[i].length;
        if (length > size || bytes + length > VC_BURST_BYTES_MAX)
            break;
        add_piece(burst, i);
        message->msg_iovlen++;
        bytes += length;
    }
    return i;
}

static void segment(vc_burst *burst, struct msghdr *message)
{
    uint16_t bytes = (uint16_t)message->msg_iov[0].iov_len;
    uint8_t *room = burst->control[burst->count - 1];
    if (message->msg_controllen > 0)
        memcpy(room, message->msg_control, message->msg_controllen);
    struct cmsghdr *control = (void *)(room + message->msg_controllen);
    message->msg_control = room;
    message->msg_controllen += VC_BURST_CONTROL;
    control->cmsg_level = SOL_UDP;
    control->cmsg_type = UDP_SEGMENT;
    control->cmsg_len = CMSG_LEN(sizeof bytes);
    memcpy(CMSG_DATA(control), &bytes, sizeof bytes);
}

void vc_burst_plan(vc_burst *burst, bool may_segment)
{
    int16_t heads[VC_VIDEO_BATCH];
    burst->count = burst->piece_count = 0;
    int receivers = chain(burst, heads);
    for (int r = 0; r < receivers; r++) {
        for (int i = heads[r]; i >= 0;) {
            struct msghdr *message = begin(burst, i);
            i = may_segment ? lengthen(burst, message, i) : burst->queued[i].behind;
            if (message->msg_iovlen > 1)
                segment(burst, message);
        }
    }
}

#include "vc_burst.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

/* The plan while it is made. */
typedef struct {
    vc_burst *out;
    const vc_queued *queued;
    int pieces;
    bool is_taken[VC_TX_BATCH];
} plan;

static void take(plan *p, int i)
{
    p->out->pieces[p->pieces] = p->queued->pieces[i];
    p->out->arrived_ns[p->pieces++] = p->queued->arrived_ns[i];
    p->is_taken[i] = true;
}

static struct msghdr *begin(plan *p, int i)
{
    struct msghdr *message = &p->out->messages[p->out->count++].msg_hdr;
    const struct msghdr *queued = &p->queued->messages[i].msg_hdr;
    *message = (struct msghdr){
        .msg_name = queued->msg_name,
        .msg_namelen = queued->msg_namelen,
        .msg_control = queued->msg_control,
        .msg_controllen = queued->msg_controllen,
        .msg_iov = &p->out->pieces[p->pieces],
        .msg_iovlen = 1,
    };
    take(p, i);
    return message;
}

/* Add what follows to the same receiver: packets as long as the first, the last may be shorter. */
static void lengthen(plan *p, struct msghdr *message, int first)
{
    size_t size = p->queued->pieces[first].iov_len, bytes = size;
    for (int i = first + 1; i < p->queued->count; i++) {
        size_t length = p->queued->pieces[i].iov_len;
        if (!p->queued->is_video[i] || p->queued->messages[i].msg_hdr.msg_name != message->msg_name)
            continue;
        if (length > size || bytes + length > VC_BURST_BYTES_MAX)
            return;
        take(p, i);
        message->msg_iovlen++;
        bytes += length;
        if (length < size)
            return;
    }
}

static void segment(plan *p, struct msghdr *message, size_t size)
{
    uint16_t bytes = (uint16_t)size;
    uint8_t *room = p->out->control[p->out->count - 1];
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

void vc_burst_plan(vc_burst *out, const vc_queued *queued, bool may_segment)
{
    plan p = {.out = out, .queued = queued};
    out->count = 0;
    for (int i = 0; i < queued->count; i++)
        if (!queued->is_video[i])
            begin(&p, i);
    for (int i = 0; i < queued->count; i++) {
        if (p.is_taken[i])
            continue;
        struct msghdr *message = begin(&p, i);
        if (may_segment)
            lengthen(&p, message, i);
        if (message->msg_iovlen > 1)
            segment(&p, message, queued->pieces[i].iov_len);
    }
}

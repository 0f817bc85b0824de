#include "vc_net.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vc_engine.h"

enum { SOCKET_BUFFER_BYTES = 4 << 20, DSCP_EF = 0xb8 };

static uint64_t ns_of(const struct timespec *t)
{
    return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
}

static uint64_t read_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return ns_of(&t);
}

void vc_clock_read(vc_clock *clock)
{
    clock->now_us = read_ns(CLOCK_MONOTONIC) / 1000;
    clock->real_ns = read_ns(CLOCK_REALTIME);
}

uint64_t vc_clock_us_of(const vc_clock *clock, uint64_t real_ns)
{
    /* A stepped wall clock gives nonsense: then the packet came now. */
    uint64_t ago_us = clock->real_ns > real_ns ? (clock->real_ns - real_ns) / 1000 : 0;
    return ago_us < 1000000 ? clock->now_us - ago_us : clock->now_us;
}

/* Options are asked for and not insisted on: a container may refuse them and calls still work. */
static void set_options(int fd, int family)
{
    int on = 1, buffer = SOCKET_BUFFER_BYTES, tos = DSCP_EF;
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0) /* past rmem_max, when root */
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer) != 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos);
    setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof tos); /* of a dual-stack socket too */
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* Linux 4.18 and later. */
static bool knows_segments(int fd)
{
    int size;
    socklen_t length = sizeof size;
    return getsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, &length) == 0;
}

int vc_link_init(vc_link *link, int fd, int family)
{
    *link = (vc_link){.fd = fd, .family = family};
    if (fd < 0)
        return VC_OK;
    link->rx_data = calloc(VC_RX_BATCH, sizeof *link->rx_data);
    link->rx_control = calloc(VC_RX_BATCH, sizeof *link->rx_control);
    link->tx_data = calloc(VC_TX_BATCH, sizeof *link->tx_data);
    if (link->rx_data == NULL || link->rx_control == NULL || link->tx_data == NULL || vc_burst_init(&link->video) != VC_OK)
        return VC_ERR_NOMEM;
    for (int i = 0; i < VC_RX_BATCH; i++) {
        link->rx_vec[i] = (struct iovec){link->rx_data[i], VC_DATAGRAM_MAX};
        link->rx[i].msg_hdr.msg_iov = &link->rx_vec[i];
        link->rx[i].msg_hdr.msg_iovlen = 1;
        link->rx[i].msg_hdr.msg_name = &link->rx_from[i];
        link->rx[i].msg_hdr.msg_control = link->rx_control[i];
    }
    for (int i = 0; i < VC_TX_BATCH; i++) {
        link->tx.pieces[i].iov_base = link->tx_data[i];
        link->tx.messages[i].msg_hdr.msg_iov = &link->tx.pieces[i];
        link->tx.messages[i].msg_hdr.msg_iovlen = 1;
    }
    set_options(fd, family);
    vc_local_ask(fd, family);
    link->can_segment = knows_segments(fd);
    return VC_OK;
}

void vc_link_free(vc_link *link)
{
    free(link->rx_data);
    free(link->rx_control);
    free(link->tx_data);
    vc_burst_free(&link->video);
}

size_t vc_link_bytes(void)
{
    return (VC_RX_BATCH + VC_TX_BATCH + VC_VIDEO_BATCH) * (size_t)VC_PACKET_ROOM + VC_RX_BATCH * (size_t)VC_RX_CONTROL;
}

int vc_link_receive(vc_link *link)
{
    for (int i = 0; i < VC_RX_BATCH; i++) {
        link->rx[i].msg_hdr.msg_namelen = sizeof link->rx_from[i];
        link->rx[i].msg_hdr.msg_controllen = sizeof link->rx_control[i];
        link->rx[i].msg_hdr.msg_flags = 0;
    }
    int n = recvmmsg(link->fd, link->rx, VC_RX_BATCH, MSG_DONTWAIT, NULL);
    if (n >= 0)
        return n;
    return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

/* What the kernel tells of a datagram: when it came, and to which of our addresses. */
static void read_control(vc_link *link, struct msghdr *header, vc_datagram *datagram)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec stamp;
            memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
            datagram->arrived_ns = ns_of(&stamp);
            continue;
        }
        int number = vc_locals_of(&link->locals, c);
        if (number >= 0)
            datagram->transport = (uint8_t)(VC_TRANSPORT_LOCAL + number);
    }
}

vc_datagram vc_link_datagram(vc_link *link, int i, const vc_clock *clock)
{
    struct msghdr *header = &link->rx[i].msg_hdr;
    bool cut = (header->msg_flags & MSG_TRUNC) != 0;
    vc_datagram datagram = {
        .data = link->rx_data[i],
        .length = cut ? VC_DATAGRAM_MAX + 1 : link->rx[i].msg_len,
        .arrived_ns = clock->real_ns,
        .from = &link->rx_from[i],
    };
    read_control(link, header, &datagram);
    return datagram;
}

bool vc_link_is_full(const vc_link *link)
{
    return link->tx.count == VC_TX_BATCH;
}

uint8_t *vc_link_room(vc_link *link)
{
    return link->tx_data[link->tx.count];
}

void vc_link_queue(vc_link *link, size_t length, const vc_sockaddr *name, int name_length, uint64_t arrived_ns)
{
    int i = link->tx.count++;
    link->tx.pieces[i].iov_len = length;
    link->tx.messages[i].msg_hdr.msg_name = (void *)(uintptr_t)name; /* the kernel only reads it */
    link->tx.messages[i].msg_hdr.msg_namelen = (socklen_t)name_length;
    link->tx.arrived_ns[i] = arrived_ns;
}

void vc_link_pin(vc_link *link, const vc_local *local)
{
    struct msghdr *header = &link->tx.messages[link->tx.count - 1].msg_hdr;
    header->msg_control = (void *)(uintptr_t)local->control; /* the kernel only reads it */
    header->msg_controllen = local->control_length;
    link->tx_is_pinned = true;
}

static void unpin_all(vc_link *link)
{
    for (int i = 0; i < link->tx.count; i++) {
        link->tx.messages[i].msg_hdr.msg_control = NULL;
        link->tx.messages[i].msg_hdr.msg_controllen = 0;
    }
    link->tx_is_pinned = false;
}

static void record_residence(const uint64_t *arrivals_ns, int n, vc_hist *residence)
{
    uint64_t now_ns = read_ns(CLOCK_REALTIME);
    for (int i = 0; i < n; i++)
        if (arrivals_ns[i] != 0 && now_ns >= arrivals_ns[i])
            vc_hist_add(residence, now_ns - arrivals_ns[i]);
}

/* What is sent: messages, and the arrivals of their packets in the same order. */
typedef struct {
    struct mmsghdr *messages;
    const uint64_t *arrivals_ns;
    int left;
} sending;

/* 'n' messages are done with; how many packets they were. */
static int step(sending *s, int n, vc_sent *result)
{
    int packets = 0;
    for (int i = 0; i < n; i++) {
        int here = (int)s->messages[i].msg_hdr.msg_iovlen;
        packets += here;
        result->bursts += here > 1;
    }
    s->messages += n;
    s->arrivals_ns += packets;
    s->left -= n;
    return packets;
}

/* The packets of a message one by one, pinned as it was. */
static void send_apart(const vc_link *link, const struct msghdr *message, vc_sent *result)
{
    for (size_t i = 0; i < message->msg_iovlen; i++) {
        struct msghdr one = {.msg_name = message->msg_name, .msg_namelen = message->msg_namelen,
                             .msg_iov = &message->msg_iov[i], .msg_iovlen = 1,
                             .msg_control = message->msg_control,
                             .msg_controllen = message->msg_controllen - VC_BURST_CONTROL};
        if (sendmsg(link->fd, &one, MSG_DONTWAIT) >= 0)
            result->sent++;
        else if (errno == EAGAIN || errno == ENOBUFS)
            result->full++;
        else
            result->failed++;
    }
}

/* The first message cannot be sent, errno says why; the rest may. */
static void give_up(vc_link *link, sending *s, vc_sent *result)
{
    const struct msghdr *message = &s->messages[0].msg_hdr;
    vc_sent none = {0};
    if (message->msg_iovlen == 1) { /* its network is gone */
        result->failed += step(s, 1, &none);
        return;
    }
    if (errno == EIO) /* a device that cannot; EINVAL is one path with a small MTU */
        link->can_segment = false;
    result->refused++;
    send_apart(link, message, result);
    step(s, 1, &none);
}

static vc_sent send_all(vc_link *link, sending s, vc_hist *residence)
{
    vc_sent result = {0}, none = {0};
    while (s.left > 0) {
        int n = sendmmsg(link->fd, s.messages, (unsigned)s.left, MSG_DONTWAIT);
        if (n > 0) {
            const uint64_t *arrivals_ns = s.arrivals_ns;
            int packets = step(&s, n, &result);
            record_residence(arrivals_ns, packets, residence);
            result.sent += packets;
        } else if (errno == EAGAIN || errno == ENOBUFS) {
            result.full += step(&s, s.left, &none);
        } else if (errno != EINTR) {
            give_up(link, &s, &result);
        }
    }
    return result;
}

vc_sent vc_link_flush(vc_link *link, vc_hist *residence)
{
    vc_sent sent = send_all(link, (sending){link->tx.messages, link->tx.arrived_ns, link->tx.count}, residence);
    if (link->tx_is_pinned)
        unpin_all(link);
    link->tx.count = 0;
    return sent;
}

vc_sent vc_link_flush_video(vc_link *link, vc_hist *residence)
{
    vc_burst *video = &link->video;
    vc_burst_plan(video, link->can_segment);
    vc_sent sent = send_all(link, (sending){video->messages, video->arrived_ns, video->count}, residence);
    video->queued_count = 0;
    return sent;
}

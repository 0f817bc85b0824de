/* floor.c - what fan-out costs at the least: a plain UDP reflector with no crypto, no reports and no figures.
 *
 * One thread with the engine's loop shape: wait, read a batch, look the sender up, copy each packet once for every
 * other client with a header of its own, send in batches.  What it spends is mostly the kernel's; the engine is
 * measured beside it, and the ratio is what authentication, encryption and accounting add.
 *
 * usage: floor ROOM_SIZE CLIENT_PORT CLIENT_PORT ...
 * All clients are on 127.0.0.1; the first ROOM_SIZE are one room, the next another.  Says its own port, then forwards
 * until its standard input ends.  Client s hears client p under SSRC (s << 16 | p), sequence number and payload as they
 * came. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "vc_sched.h"

enum {
    CLIENTS_MAX = 1024,
    ROOM = 1792, /* of a packet, as in the engine */
    RX_BATCH = 32,
    TX_BATCH = 64,
    HEADER = 12,
    SSRC_AT = 8,
    BUFFER_BYTES = 4 << 20,
    UNKNOWN = 0xffff,
};

typedef struct {
    int fd;
    unsigned count; /* of clients */
    unsigned room_size;
    unsigned turn;  /* who is served first */
    struct sockaddr_in clients[CLIENTS_MAX];
    uint16_t by_port[65536];
    struct mmsghdr rx[RX_BATCH], tx[TX_BATCH];
    struct iovec rx_vec[RX_BATCH], tx_vec[TX_BATCH];
    struct sockaddr_in rx_from[RX_BATCH];
    uint8_t rx_data[RX_BATCH][ROOM], tx_data[TX_BATCH][ROOM];
    unsigned queued;
} reflector;

static void open_socket(reflector *r)
{
    int bytes = BUFFER_BYTES;
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof own;
    r->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (r->fd < 0 || bind(r->fd, (struct sockaddr *)&own, sizeof own) != 0)
        fail("binding");
    setsockopt(r->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    setsockopt(r->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    if (getsockname(r->fd, (struct sockaddr *)&own, &length) != 0)
        fail("naming the socket");
    printf("%d\n", ntohs(own.sin_port));
    fflush(stdout);
}

static void add_client(reflector *r, uint16_t port)
{
    r->clients[r->count] = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    r->by_port[port] = (uint16_t)r->count++;
}

static void prepare(reflector *r)
{
    memset(r->by_port, 0xff, sizeof r->by_port); /* UNKNOWN */
    for (int i = 0; i < RX_BATCH; i++) {
        r->rx_vec[i] = (struct iovec){r->rx_data[i], ROOM};
        r->rx[i].msg_hdr = (struct msghdr){.msg_iov = &r->rx_vec[i], .msg_iovlen = 1, .msg_name = &r->rx_from[i]};
    }
    for (int i = 0; i < TX_BATCH; i++) {
        r->tx_vec[i].iov_base = r->tx_data[i];
        r->tx[i].msg_hdr = (struct msghdr){
            .msg_iov = &r->tx_vec[i], .msg_iovlen = 1, .msg_namelen = sizeof(struct sockaddr_in)};
    }
}

static void flush(reflector *r)
{
    unsigned done = 0;
    while (done < r->queued) {
        int n = sendmmsg(r->fd, r->tx + done, r->queued - done, MSG_DONTWAIT);
        if (n > 0)
            done += (unsigned)n;
        else if (errno != EINTR)
            break; /* lost, as UDP may */
    }
    r->queued = 0;
}

static void send_copy(reflector *r, unsigned to, unsigned from, const uint8_t *packet, size_t length)
{
    uint8_t *out = r->tx_data[r->queued];
    uint32_t ssrc = htonl(to << 16 | from);
    memcpy(out, packet, length);
    memcpy(out + SSRC_AT, &ssrc, sizeof ssrc);
    r->tx_vec[r->queued].iov_len = length;
    r->tx[r->queued].msg_hdr.msg_name = &r->clients[to];
    if (++r->queued == TX_BATCH)
        flush(r);
}

static void fan_out(reflector *r, const struct sockaddr_in *sender, const uint8_t *packet, size_t length)
{
    unsigned from = r->by_port[ntohs(sender->sin_port)];
    if (from == UNKNOWN || length < HEADER || length > ROOM)
        return;
    unsigned size = r->room_size, room = from - from % size;
    unsigned first = r->turn++ % size; /* nobody is always last */
    for (unsigned i = 0; i < size; i++) {
        unsigned to = room + (first + i < size ? first + i : first + i - size);
        if (to != from)
            send_copy(r, to, from, packet, length);
    }
}

static void take_batches(reflector *r)
{
    int n;
    do {
        for (int i = 0; i < RX_BATCH; i++)
            r->rx[i].msg_hdr.msg_namelen = sizeof(struct sockaddr_in);
        n = recvmmsg(r->fd, r->rx, RX_BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < n; i++)
            fan_out(r, &r->rx_from[i], r->rx_data[i], r->rx[i].msg_len);
        flush(r);
    } while (n == RX_BATCH);
}

int main(int argc, char **argv)
{
    static reflector r; /* too large for the stack */
    r.room_size = argc > 2 ? (unsigned)atoi(argv[1]) : 0;
    if (r.room_size < 2 || argc - 2 > CLIENTS_MAX || (unsigned)(argc - 2) % r.room_size != 0)
        return 2;
    prepare(&r);
    for (int i = 2; i < argc; i++)
        add_client(&r, (uint16_t)atoi(argv[i]));
    vc_sched_saved saved;
    vc_sched_raise(&saved); /* the same scheduling as the engine's thread gets */
    open_socket(&r);
    struct pollfd polled[2] = {{.fd = r.fd, .events = POLLIN}, {.fd = STDIN_FILENO}};
    while (ppoll(polled, 2, NULL, NULL) > 0 && polled[1].revents == 0)
        take_batches(&r);
    return 0;
}

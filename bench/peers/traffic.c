/* traffic.c - one run of voice from sockets that are connected already: paced by one thread, stamped by the kernel.
 *
 * Whoever starts it has done the signalling, the connectivity checks and the handshakes on these sockets, and has
 * encrypted every packet.  The talkers take turns at even distances.  A send is stamped just before the system call,
 * an arrival by the kernel when it gives the datagram to the socket (SO_TIMESTAMPNS), so it does not matter how late
 * it is read: it is read rarely, and never waited for, so no server pays for waking this program.
 *
 * usage: traffic PLAN RESULTS
 * PLAN     struct head; the sockets (uint32_t each); struct talker each; the packets in the order of sending.
 * RESULTS  the send stamps (uint64_t ns, CLOCK_REALTIME), then the arrivals, whole (struct arrival).
 * says     ARRIVALS NO_ROOM LATE: arrivals kept, those there was no room for, and sends over a millisecond late. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "vc_sched.h"

enum {
    BATCH = 64,
    BUFFER_BYTES = 4 << 20,
    READ_EVERY_NS = 2000000,
    LINGER_NS = 60000000, /* for what is still on its way after the last send */
    LATE_NS = 1000000,
};

typedef struct {
    uint32_t sockets, talkers, count, interval_us, room; /* room: of arrivals */
} head;

typedef struct {
    uint32_t socket, address; /* index of the socket; IPv4 in network order */
    uint16_t port, unused;    /* network order */
} talker;

typedef struct {
    uint16_t length;
    uint8_t data[254];
} packet;

typedef struct {
    uint64_t ns;
    uint32_t socket;
    uint16_t length;
    uint8_t data[242];
} arrival;

typedef struct {
    const head *plan;
    const uint32_t *fds;
    const talker *talkers;
    const packet *packets;
    uint64_t *sent;
    arrival *arrivals;
    size_t arrived, no_room, late;
    struct mmsghdr rx[BATCH];
    struct iovec rx_vec[BATCH];
    uint8_t rx_data[BATCH][2048];
    uint8_t rx_control[BATCH][64];
} traffic;

/* ---- arrivals ---- */

static void note(traffic *t, uint32_t socket, struct mmsghdr *message, const uint8_t *data)
{
    size_t length = message->msg_len;
    if (length > sizeof t->arrivals->data)
        return; /* no voice packet is that long */
    if (t->arrived == t->plan->room) {
        t->no_room++;
        return;
    }
    arrival *a = &t->arrivals[t->arrived++];
    a->ns = stamp_ns(&message->msg_hdr);
    a->socket = socket;
    a->length = (uint16_t)length;
    memcpy(a->data, data, length);
}

static void read_socket(traffic *t, uint32_t socket)
{
    int n;
    do {
        for (int i = 0; i < BATCH; i++)
            t->rx[i].msg_hdr.msg_controllen = sizeof t->rx_control[i];
        n = recvmmsg((int)t->fds[socket], t->rx, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < n; i++)
            note(t, socket, &t->rx[i], t->rx_data[i]);
    } while (n == BATCH);
}

static void read_all(traffic *t)
{
    for (uint32_t socket = 0; socket < t->plan->sockets; socket++)
        read_socket(t, socket);
}

/* ---- the run ---- */

static void *touched(size_t bytes)
{
    void *memory = malloc(bytes + 1);
    if (memory == NULL)
        fail("making room for the results");
    memset(memory, 1, bytes); /* no page fault while measuring */
    return memory;
}

static void map_plan(traffic *t, const char *path)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) != 0)
        fail(path);
    const uint8_t *at = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (at == MAP_FAILED)
        fail(path);
    close(fd);
    t->plan = (const head *)(const void *)at;
    t->fds = (const uint32_t *)(const void *)(at + sizeof(head));
    t->talkers = (const talker *)(const void *)(t->fds + t->plan->sockets);
    t->packets = (const packet *)(const void *)(t->talkers + t->plan->talkers);
}

static void prepare(traffic *t)
{
    int on = 1, bytes = BUFFER_BYTES;
    for (int i = 0; i < BATCH; i++) {
        t->rx_vec[i] = (struct iovec){t->rx_data[i], sizeof t->rx_data[i]};
        t->rx[i].msg_hdr = (struct msghdr){.msg_iov = &t->rx_vec[i], .msg_iovlen = 1, .msg_control = t->rx_control[i]};
    }
    for (uint32_t i = 0; i < t->plan->sockets; i++) {
        int fd = (int)t->fds[i];
        if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0)
            fail("asking for stamps");
        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    }
    t->sent = touched((size_t)t->plan->count * t->plan->talkers * sizeof *t->sent);
    t->arrivals = touched((size_t)t->plan->room * sizeof *t->arrivals);
}

static void send_one(traffic *t, size_t number)
{
    const talker *who = &t->talkers[number % t->plan->talkers];
    const packet *p = &t->packets[number];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = who->port, .sin_addr.s_addr = who->address};
    t->sent[number] = read_ns(CLOCK_REALTIME);
    if (sendto((int)t->fds[who->socket], p->data, p->length, 0, (struct sockaddr *)&to, sizeof to) != p->length)
        fail("sending");
}

static void pace(traffic *t)
{
    size_t total = (size_t)t->plan->count * t->plan->talkers;
    uint64_t step = (uint64_t)t->plan->interval_us * 1000 / t->plan->talkers;
    uint64_t start = read_ns(CLOCK_MONOTONIC) + 1000000, next_read = start;
    for (size_t number = 0; number < total; number++) {
        uint64_t due = start + number * step, middle = due + step / 2;
        sleep_until(due);
        if (read_ns(CLOCK_MONOTONIC) > due + LATE_NS)
            t->late++;
        send_one(t, number);
        if (middle < next_read)
            continue;
        sleep_until(middle);
        read_all(t);
        next_read = middle + READ_EVERY_NS;
    }
    sleep_until(start + total * step + LINGER_NS);
    read_all(t);
}

static void write_results(const traffic *t, const char *path)
{
    size_t total = (size_t)t->plan->count * t->plan->talkers;
    FILE *out = fopen(path, "wb");
    if (out == NULL || fwrite(t->sent, sizeof *t->sent, total, out) != total ||
        fwrite(t->arrivals, sizeof *t->arrivals, t->arrived, out) != t->arrived || fclose(out) != 0)
        fail(path);
    printf("%zu %zu %zu\n", t->arrived, t->no_room, t->late);
}

int main(int argc, char **argv)
{
    static traffic t; /* too large for the stack */
    if (argc != 3)
        return 2;
    map_plan(&t, argv[1]);
    prepare(&t);
    read_all(&t); /* away with what came before */
    t.arrived = t.no_room = 0;
    vc_sched_saved saved;
    vc_sched_raise(&saved); /* nobody comes between a stamp and its send */
    pace(&t);
    write_results(&t, argv[2]);
    return 0;
}

/* load.c - the load generator: voice clients in rooms of one size, paced by one thread, stamped by the kernel.
 *
 * The first clients of all are the senders of a run: each sends its packets, made beforehand, every interval; they take
 * turns at even distances, so packet number t of all goes out at t * interval / senders.  A send is stamped just before
 * the system call, an arrival by the kernel when it gives the datagram to the client's socket (SO_TIMESTAMPNS): how late
 * this program reads it does not matter, so it reads rarely, in the middle between two sends, and never waits in a read:
 * nobody who sends to it pays for waking it.
 *
 * usage: load CLIENTS ROOM_SIZE
 * says   the clients' ports on 127.0.0.1 in one line, then obeys lines of
 *        run SERVER_PORT COUNT INTERVAL_US SENDERS BURST PACKETS_FILE RESULTS_FILE
 *        where BURST packets of a sender go at once (a picture), and the next after an interval
 * says   ARRIVALS SAMPLES LOST_ROOM when each is done (the last: arrivals there was no room to note)
 *
 * PACKETS_FILE  COUNT * SENDERS packets in the order of sending (struct packet).
 * RESULTS_FILE  COUNT * SENDERS send stamps (uint64_t ns, CLOCK_REALTIME), then the arrivals (struct arrival), then
 *               samples: the first arrivals of each client and every SAMPLE_EVERY-th later, whole (struct sample). */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "vc_sched.h"

enum {
    CLIENTS_MAX = 1024,
    BATCH = 64,
    PACKET_ROOM = 1498,
    BUFFER_BYTES = 4 << 20,
    SAMPLE_EVERY = 101, /* a prime: no client or stream is favoured */
    READ_EVERY_NS = 2000000,
    LINGER_NS = 50000000,    /* for what is still on its way after the last send */
    GIVE_UP_NS = 1000000000, /* nothing more came for so long: it is lost, not late */
};

typedef struct {
    uint16_t length;
    uint8_t data[PACKET_ROOM];
} packet;

typedef struct {
    uint64_t ns;
    uint32_t ssrc;
    uint16_t seq;
    uint16_t client;
} arrival;

typedef struct {
    uint32_t client;
    packet datagram;
} sample;

typedef struct {
    unsigned clients, room_size;
    unsigned senders, burst; /* of this run */
    int fds[CLIENTS_MAX];
    uint32_t seen[CLIENTS_MAX]; /* arrivals of each in this run */
    struct mmsghdr rx[BATCH];
    struct iovec rx_vec[BATCH];
    uint8_t rx_data[BATCH][PACKET_ROOM];
    uint8_t rx_control[BATCH][64];
    size_t count; /* packets of one run */
    const packet *packets;
    uint64_t *sent;
    arrival *arrivals;
    sample *samples;
    size_t arrival_count, arrival_room, sample_count, sample_room, lost_room;
} load;

/* ---- clients ---- */

static int open_client(void)
{
    int on = 1, bytes = BUFFER_BYTES, fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof own;
    if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) != 0 ||
        getsockname(fd, (struct sockaddr *)&own, &length) != 0)
        fail("opening a client's socket");
    printf("%d ", ntohs(own.sin_port));
    return fd;
}

static void prepare(load *l)
{
    for (int i = 0; i < BATCH; i++) {
        l->rx_vec[i] = (struct iovec){l->rx_data[i], PACKET_ROOM};
        l->rx[i].msg_hdr = (struct msghdr){.msg_iov = &l->rx_vec[i], .msg_iovlen = 1, .msg_control = l->rx_control[i]};
    }
    for (unsigned i = 0; i < l->clients; i++)
        l->fds[i] = open_client();
    printf("\n");
    fflush(stdout);
}

/* ---- arrivals ---- */

static void keep_sample(load *l, unsigned client, const uint8_t *data, size_t length)
{
    uint32_t number = l->seen[client]++;
    if ((number >= l->room_size && number % SAMPLE_EVERY != 0) || l->sample_count == l->sample_room)
        return;
    sample *s = &l->samples[l->sample_count++];
    s->client = client;
    s->datagram.length = (uint16_t)length;
    memcpy(s->datagram.data, data, length);
}

static void note(load *l, unsigned client, struct mmsghdr *message, const uint8_t *data)
{
    size_t length = message->msg_len;
    if (length < 12 || (data[1] >= 192 && data[1] <= 223)) /* RTCP (RFC 5761) */
        return;
    if (l->arrival_count == l->arrival_room) {
        l->lost_room++;
        return;
    }
    uint32_t ssrc;
    memcpy(&ssrc, data + 8, sizeof ssrc);
    l->arrivals[l->arrival_count++] = (arrival){
        .ns = stamp_ns(&message->msg_hdr),
        .ssrc = ntohl(ssrc),
        .seq = (uint16_t)(data[2] << 8 | data[3]),
        .client = (uint16_t)client,
    };
    keep_sample(l, client, data, length);
}

static void read_client(load *l, unsigned client)
{
    int n;
    do {
        for (int i = 0; i < BATCH; i++)
            l->rx[i].msg_hdr.msg_controllen = sizeof l->rx_control[i];
        n = recvmmsg(l->fds[client], l->rx, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < n; i++)
            note(l, client, &l->rx[i], l->rx_data[i]);
    } while (n == BATCH);
}

static void read_all(load *l)
{
    for (unsigned client = 0; client < l->clients; client++)
        read_client(l, client);
}

/* ---- one run ---- */

static const packet *map_packets(const char *path, size_t bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (mapped == MAP_FAILED)
        fail(path);
    close(fd);
    return mapped;
}

static void *touched(size_t count, size_t size)
{
    void *memory = malloc(count * size + 1);
    if (memory == NULL)
        fail("making room for the results");
    memset(memory, 1, count * size); /* no page fault while measuring */
    return memory;
}

static void make_room(load *l)
{
    l->arrival_room = l->count * (l->room_size - 1);
    l->sample_room = l->arrival_room / SAMPLE_EVERY + (size_t)l->clients * (l->room_size + 1);
    l->sent = touched(l->count, sizeof *l->sent);
    l->arrivals = touched(l->arrival_room, sizeof *l->arrivals);
    l->samples = touched(l->sample_room, sizeof *l->samples);
}

static void begin(load *l)
{
    read_all(l); /* away with what came since the last run */
    l->arrival_count = l->sample_count = l->lost_room = 0;
    memset(l->seen, 0, sizeof l->seen);
}

static void send_one(load *l, size_t number, const struct sockaddr_in *server)
{
    const packet *p = &l->packets[number];
    int fd = l->fds[number % l->senders];
    l->sent[number] = read_ns(CLOCK_REALTIME);
    if (sendto(fd, p->data, p->length, 0, (const struct sockaddr *)server, sizeof *server) != p->length)
        fail("sending");
}

/* On a machine that others keep busy a server may be late by more than a run; what it sends then must not meet the
 * next run. */
static void await_stragglers(load *l, uint64_t ended)
{
    uint64_t now = ended, last_came = ended;
    do {
        size_t before = l->arrival_count;
        sleep_until(now += LINGER_NS);
        read_all(l);
        if (l->arrival_count > before)
            last_came = now;
    } while (l->arrival_count < l->arrival_room && now - last_came < GIVE_UP_NS);
}

static void pace(load *l, uint64_t step_ns, const struct sockaddr_in *server)
{
    uint64_t start = read_ns(CLOCK_MONOTONIC) + 1000000, next_read = start;
    for (size_t number = 0; number < l->count; number++) {
        uint64_t due = start + number / l->burst * step_ns, middle = due + step_ns / 2;
        sleep_until(due);
        send_one(l, number, server);
        if (middle < next_read || (number + 1) % l->burst != 0)
            continue;
        sleep_until(middle);
        read_all(l);
        next_read = middle + READ_EVERY_NS;
    }
    await_stragglers(l, start + l->count / l->burst * step_ns);
}

static void write_results(const load *l, const char *path)
{
    FILE *out = fopen(path, "wb");
    if (out == NULL || fwrite(l->sent, sizeof *l->sent, l->count, out) != l->count ||
        fwrite(l->arrivals, sizeof *l->arrivals, l->arrival_count, out) != l->arrival_count ||
        fwrite(l->samples, sizeof *l->samples, l->sample_count, out) != l->sample_count || fclose(out) != 0)
        fail(path);
    printf("%zu %zu %zu\n", l->arrival_count, l->sample_count, l->lost_room);
    fflush(stdout);
}

static void run(load *l, unsigned port, size_t count, unsigned interval_us, const char *packets, const char *results)
{
    struct sockaddr_in server = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    l->count = count * l->senders;
    l->packets = map_packets(packets, l->count * sizeof *l->packets);
    make_room(l);
    begin(l);
    pace(l, (uint64_t)interval_us * 1000 / l->senders, &server);
    write_results(l, results);
    munmap((void *)(uintptr_t)l->packets, l->count * sizeof *l->packets);
    free(l->sent);
    free(l->arrivals);
    free(l->samples);
}

int main(int argc, char **argv)
{
    static load l; /* too large for the stack */
    char line[1024], packets[400], results[400];
    unsigned port, count, interval_us;
    l.clients = argc == 3 ? (unsigned)atoi(argv[1]) : 0;
    l.room_size = argc == 3 ? (unsigned)atoi(argv[2]) : 0;
    if (l.clients < 2 || l.clients > CLIENTS_MAX || l.room_size < 2 || l.clients % l.room_size != 0)
        return 2;
    vc_sched_saved saved;
    vc_sched_raise(&saved); /* nobody comes between a stamp and its send */
    prepare(&l);
    while (fgets(line, sizeof line, stdin) != NULL) {
        int n = sscanf(line, "run %u %u %u %u %u %399s %399s", &port, &count, &interval_us, &l.senders, &l.burst, packets,
                       results);
        if (n != 7 || l.senders < 1 || l.senders > l.clients || l.burst < 1 || (l.burst > 1 && l.senders > 1))
            return 2; /* bursts of several senders would go in turns */
        run(&l, port, count, interval_us, packets, results);
    }
    return 0;
}

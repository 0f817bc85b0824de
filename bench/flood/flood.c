/* flood.c - strangers: datagrams at a steady rate from many addresses, none of which the server has a reason to trust.
 *
 * usage: flood SERVER_PORT RATE SOURCES PACKETS_FILE
 * Source i has a socket of its own on 127.2.0.1 + i; packets and sources take turns.  Obeys lines: "on" begins, "off"
 * ends and says how many datagrams were sent since.
 *
 * PACKETS_FILE  as load.c's: packets of 2 + 1498 bytes. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

enum { SOURCES_MAX = 200, PACKET_ROOM = 1498, PACKETS_MAX = 1024, TICK_NS = 1000000, FIRST_SOURCE = 0x7f020001 };

typedef struct {
    uint16_t length;
    uint8_t data[PACKET_ROOM];
} packet;

typedef struct {
    struct sockaddr_in server;
    unsigned rate, sources;
    int fds[SOURCES_MAX];
    size_t count;
    packet packets[PACKETS_MAX];
    uint64_t sent;
} flood;

static int open_source(unsigned number)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(FIRST_SOURCE + number)};
    if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) != 0)
        fail("opening a source");
    return fd;
}

static void read_packets(flood *f, const char *path)
{
    FILE *in = fopen(path, "rb");
    if (in == NULL)
        fail(path);
    f->count = fread(f->packets, sizeof *f->packets, PACKETS_MAX, in);
    fclose(in);
}

/* Send what is due since 'start'; answers that come back are never read, as strangers' would not be. */
static void send_due(flood *f, uint64_t start)
{
    uint64_t due = (read_ns(CLOCK_MONOTONIC) - start) * f->rate / 1000000000u;
    for (; f->sent < due; f->sent++) {
        const packet *p = &f->packets[f->sent % f->count];
        int fd = f->fds[f->sent % f->sources];
        sendto(fd, p->data, p->length, 0, (const struct sockaddr *)&f->server, sizeof f->server);
    }
}

static void pour(flood *f)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    struct timespec tick = {.tv_nsec = TICK_NS};
    uint64_t start = read_ns(CLOCK_MONOTONIC);
    f->sent = 0;
    while (poll(&input, 1, 0) == 0) {
        send_due(f, start);
        nanosleep(&tick, NULL);
    }
}

int main(int argc, char **argv)
{
    static flood f; /* too large for the stack */
    char line[16];
    if (argc != 5)
        return 2;
    f.server = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)atoi(argv[1]))};
    f.rate = (unsigned)atoi(argv[2]);
    f.sources = (unsigned)atoi(argv[3]);
    read_packets(&f, argv[4]);
    if (f.rate == 0 || f.sources == 0 || f.sources > SOURCES_MAX || f.count == 0)
        return 2;
    for (unsigned i = 0; i < f.sources; i++)
        f.fds[i] = open_source(i);
    setvbuf(stdin, NULL, _IONBF, 0); /* poll must see every line */
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strcmp(line, "on\n") == 0) {
            pour(&f);
        } else {
            printf("%llu\n", (unsigned long long)f.sent);
            fflush(stdout);
        }
    }
    return 0;
}

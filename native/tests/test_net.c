/* One socket's way out: voice before video, equal packets to one receiver as one message, and what happens where the
 * kernel will not cut; and from which of our addresses packets leave. */
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "harness.h"
#include "vc_net.h"

typedef struct {
    vc_link link;
    int fd, receivers[2];
    vc_sockaddr names[2];
    int name_lengths[2];
    const vc_local *pins[2];
    vc_hist residence;
} way_out;

static void open_way_on(way_out *w, int fd)
{
    uint8_t bytes[VC_ADDR_BYTES];
    memset(w, 0, sizeof *w);
    w->fd = fd;
    CHECK_EQUAL(vc_link_init(&w->link, w->fd, AF_INET), VC_OK);
    for (int i = 0; i < 2; i++) {
        vc_addr addr;
        w->receivers[i] = harness_client(bytes);
        memcpy(addr.bytes, bytes, VC_ADDR_BYTES);
        w->name_lengths[i] = vc_addr_to_sockaddr(&addr, AF_INET, &w->names[i]);
    }
}

static void open_way(way_out *w)
{
    uint8_t bytes[VC_ADDR_BYTES];
    open_way_on(w, harness_client(bytes));
}

static void close_way(way_out *w)
{
    vc_link_free(&w->link);
    close(w->fd);
    close(w->receivers[0]);
    close(w->receivers[1]);
}

static void put(way_out *w, int receiver, size_t length, uint8_t mark, bool is_video)
{
    const vc_sockaddr *name = &w->names[receiver];
    memset(is_video ? vc_burst_room(&w->link.video) : vc_link_room(&w->link), mark, length);
    if (is_video)
        vc_burst_queue(&w->link.video, length, name, w->name_lengths[receiver], w->pins[receiver], 1);
    else
        vc_link_queue(&w->link, length, name, w->name_lengths[receiver], 1);
    if (!is_video && w->pins[receiver] != NULL)
        vc_link_pin(&w->link, w->pins[receiver]);
}

/* As the engine does. */
static vc_sent flush(way_out *w)
{
    vc_sent voice = vc_link_flush(&w->link, &w->residence), video = vc_link_flush_video(&w->link, &w->residence);
    return (vc_sent){.sent = voice.sent + video.sent, .full = voice.full + video.full,
                     .failed = voice.failed + video.failed, .bursts = voice.bursts + video.bursts,
                     .refused = voice.refused + video.refused};
}

/* The next datagram's mark when it has that length and the mark all over, else -1; who sent it. */
static int heard_of(const way_out *w, int receiver, ssize_t length, struct sockaddr_in *sender)
{
    uint8_t data[2048];
    socklen_t room = sizeof *sender;
    struct pollfd wait = {.fd = w->receivers[receiver], .events = POLLIN};
    if (poll(&wait, 1, 5000) != 1)
        return -1;
    if (recvfrom(w->receivers[receiver], data, sizeof data, 0, (struct sockaddr *)sender, &room) != length)
        return -1;
    for (ssize_t i = 1; i < length; i++)
        if (data[i] != data[0])
            return -1;
    return data[0];
}

static int heard(const way_out *w, int receiver, ssize_t length)
{
    struct sockaddr_in sender;
    return heard_of(w, receiver, length, &sender);
}

/* Two frames for two receivers, whose packets alternate, with voice queued behind. */
static void put_frames(way_out *w)
{
    for (uint8_t i = 0; i < 5; i++)
        for (int receiver = 0; receiver < 2; receiver++)
            put(w, receiver, i < 4 ? 1100 : 700, i, true);
    put(w, 0, 1200, 5, true); /* longer than what went before: a message of its own */
    put(w, 0, 100, 9, false);
}

static void check_heard(const way_out *w)
{
    CHECK_EQUAL(heard(w, 0, 100), 9);
    for (int receiver = 0; receiver < 2; receiver++)
        for (int i = 0; i < 5; i++)
            CHECK_EQUAL(heard(w, receiver, i < 4 ? 1100 : 700), i);
    CHECK_EQUAL(heard(w, 0, 1200), 5);
}

static uint64_t recorded(const vc_hist *hist)
{
    uint64_t sum = 0;
    for (int i = 0; i < VC_HIST_BUCKETS; i++)
        sum += vc_figure_get(&hist->buckets[i]);
    return sum;
}

static void a_frame_to_each_receiver_is_one_message_and_voice_goes_first(void)
{
    way_out w;
    open_way(&w);
    CHECK(w.link.can_segment);
    put_frames(&w);
    vc_sent sent = flush(&w);
    CHECK_EQUAL(sent.sent, 12);
    CHECK_EQUAL(sent.bursts, 2);
    CHECK_EQUAL(sent.full + sent.failed + sent.refused, 0);
    CHECK_EQUAL(recorded(&w.residence), 12);
    check_heard(&w);
    close_way(&w);
}

static void what_the_kernel_will_not_cut_is_sent_one_by_one(void)
{
    way_out w;
    int on = 1;
    open_way(&w);
    CHECK_EQUAL(setsockopt(w.fd, SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0); /* then it refuses: EINVAL */
    for (int again = 0; again < 2; again++) {
        put_frames(&w);
        vc_sent sent = flush(&w);
        CHECK_EQUAL(sent.sent, 12);
        CHECK_EQUAL(sent.refused, 2);
        CHECK_EQUAL(sent.bursts + sent.full + sent.failed, 0);
        check_heard(&w);
    }
    close_way(&w);
}

static void an_old_kernel_gets_each_packet_as_a_message(void)
{
    way_out w;
    open_way(&w);
    w.link.can_segment = false;
    put_frames(&w);
    vc_sent sent = flush(&w);
    CHECK_EQUAL(sent.sent, 12);
    CHECK_EQUAL(sent.bursts + sent.refused, 0);
    check_heard(&w);
    close_way(&w);
}

static void a_message_stays_below_the_longest_datagram(void)
{
    way_out w;
    open_way(&w);
    for (int i = 0; i < 64; i++)
        put(&w, 0, 1200, (uint8_t)i, true);
    vc_sent sent = flush(&w);
    CHECK_EQUAL(sent.sent, 64);
    CHECK_EQUAL(sent.bursts, 2); /* 54 of 65,000 bytes, and the rest */
    for (int i = 0; i < 64; i++)
        CHECK_EQUAL(heard(&w, 0, 1200), i);
    close_way(&w);
}

static void a_message_has_no_more_packets_than_old_kernels_cut(void)
{
    way_out w;
    open_way(&w);
    for (int i = 0; i < VC_VIDEO_BATCH; i++) {
        CHECK(!vc_burst_is_full(&w.link.video));
        put(&w, i % 2, 200, (uint8_t)i, true);
    }
    CHECK(vc_burst_is_full(&w.link.video));
    vc_sent sent = flush(&w);
    CHECK_EQUAL(sent.sent, VC_VIDEO_BATCH);
    CHECK_EQUAL(sent.bursts, VC_VIDEO_BATCH / VC_BURST_PACKETS_MAX);
    for (int i = 0; i < VC_VIDEO_BATCH; i++)
        CHECK_EQUAL(heard(&w, i % 2, 200), i);
    CHECK_EQUAL(flush(&w).sent, 0);
    close_way(&w);
}

static void as_many_receivers_as_packets_get_one_each(void)
{
    way_out w;
    vc_sockaddr names[VC_VIDEO_BATCH];
    open_way(&w);
    for (int i = 0; i < VC_VIDEO_BATCH; i++) {
        names[i] = w.names[i % 2];
        memset(vc_burst_room(&w.link.video), i, 200);
        vc_burst_queue(&w.link.video, 200, &names[i], w.name_lengths[0], NULL, 1);
    }
    vc_sent sent = flush(&w);
    CHECK_EQUAL(sent.sent, VC_VIDEO_BATCH);
    CHECK_EQUAL(sent.bursts, 0);
    for (int i = 0; i < VC_VIDEO_BATCH; i++)
        CHECK_EQUAL(heard(&w, i % 2, 200), i);
    close_way(&w);
}

static void voice_alone_is_sent_as_it_was_queued(void)
{
    way_out w;
    open_way(&w);
    for (uint8_t i = 0; i < 10; i++)
        put(&w, 0, 120, i, false);
    vc_sent sent = flush(&w);
    CHECK_EQUAL(sent.sent, 10);
    CHECK_EQUAL(sent.bursts, 0);
    for (int i = 0; i < 10; i++)
        CHECK_EQUAL(heard(&w, 0, 120), i);
    close_way(&w);
}

/* ---- bound to all our addresses ---- */

enum { FIRST = 2, SECOND = 3 /* 127.0.0.x, where the route to a client on 127.0.0.1 chooses 127.0.0.1 */ };

static void open_wildcard(way_out *w)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK_EQUAL(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
    open_way_on(w, fd);
}

/* As what a datagram that a receiver sends to 127.0.0.'host' arrives: the last byte of its address. */
static uint8_t transport_to(way_out *w, uint8_t host)
{
    struct sockaddr_in to;
    socklen_t room = sizeof to;
    vc_clock clock;
    struct pollfd wait = {.fd = w->fd, .events = POLLIN};
    vc_clock_read(&clock);
    getsockname(w->fd, (struct sockaddr *)&to, &room);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + host);
    CHECK_EQUAL(sendto(w->receivers[0], "hello", 5, 0, (struct sockaddr *)&to, sizeof to), 5);
    CHECK_EQUAL(poll(&wait, 1, 5000), 1);
    CHECK_EQUAL(vc_link_receive(&w->link), 1);
    vc_datagram datagram = vc_link_datagram(&w->link, 0, &clock);
    CHECK(datagram.arrived_ns != 0 && datagram.arrived_ns != clock.real_ns);
    return datagram.transport;
}

/* The last number of the address that the next datagram came from, when it is that long and has that mark. */
static int heard_from(const way_out *w, int receiver, ssize_t length, int mark)
{
    struct sockaddr_in sender;
    if (heard_of(w, receiver, length, &sender) != mark)
        return -1;
    return (int)(ntohl(sender.sin_addr.s_addr) & 0xff);
}

static void each_of_our_addresses_has_its_number(void)
{
    way_out w;
    open_wildcard(&w);
    for (int again = 0; again < 2; again++) {
        CHECK_EQUAL(transport_to(&w, FIRST), VC_TRANSPORT_LOCAL);
        CHECK_EQUAL(transport_to(&w, SECOND), VC_TRANSPORT_LOCAL + 1);
    }
    CHECK_EQUAL(vc_locals_get(&w.link.locals, 1)->ip[15], SECOND);
    CHECK(vc_locals_get(&w.link.locals, 2) == NULL);
    CHECK(vc_locals_get(&w.link.locals, -1) == NULL);
    close_way(&w);
}

static void beyond_so_many_addresses_the_route_decides(void)
{
    way_out w;
    open_wildcard(&w);
    for (int i = 0; i < VC_LOCALS_MAX; i++)
        CHECK_EQUAL(transport_to(&w, (uint8_t)(2 + i)), VC_TRANSPORT_LOCAL + i);
    CHECK_EQUAL(transport_to(&w, 2 + VC_LOCALS_MAX), VC_TRANSPORT_UDP);
    CHECK_EQUAL(transport_to(&w, 2), VC_TRANSPORT_LOCAL);
    close_way(&w);
}

static void a_socket_of_one_address_is_told_of_none(void)
{
    way_out w;
    open_way(&w);
    CHECK_EQUAL(transport_to(&w, 1), VC_TRANSPORT_UDP);
    close_way(&w);
}

/* To receiver 0 from FIRST, to receiver 1 from where the route says. */
static void put_pinned(way_out *w)
{
    w->pins[0] = vc_locals_get(&w->link.locals, 0);
    for (uint8_t i = 0; i < 3; i++) {
        put(w, 0, i < 2 ? 1100 : 700, i, true);
        put(w, 1, i < 2 ? 1100 : 700, i, true);
    }
    put(w, 1, 100, 9, false);
    put(w, 0, 100, 9, false);
}

static void check_pinned(const way_out *w, int from)
{
    for (int receiver = 0; receiver < 2; receiver++) {
        int host = receiver == 0 ? from : 1;
        CHECK_EQUAL(heard_from(w, receiver, 100, 9), host);
        for (int i = 0; i < 3; i++)
            CHECK_EQUAL(heard_from(w, receiver, i < 2 ? 1100 : 700, i), host);
    }
}

static void what_is_pinned_leaves_from_there_cut_or_not(void)
{
    way_out w;
    open_wildcard(&w);
    transport_to(&w, FIRST);
    for (int can = 1; can >= 0; can--) {
        w.link.can_segment = can;
        put_pinned(&w);
        CHECK_EQUAL(flush(&w).bursts, 2 * can);
        check_pinned(&w, FIRST);
    }
    w.pins[0] = NULL;
    put(&w, 0, 100, 8, false);
    put(&w, 0, 1100, 9, true);
    CHECK_EQUAL(flush(&w).sent, 2);
    CHECK_EQUAL(heard_from(&w, 0, 100, 8), 1); /* nothing stays of the pins of before */
    CHECK_EQUAL(heard_from(&w, 0, 1100, 9), 1);
    close_way(&w);
}

static void what_is_pinned_and_will_not_be_cut_still_leaves_from_there(void)
{
    way_out w;
    int on = 1;
    open_wildcard(&w);
    transport_to(&w, FIRST);
    CHECK_EQUAL(setsockopt(w.fd, SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
    put_pinned(&w);
    vc_sent sent = flush(&w);
    CHECK_EQUAL(sent.refused, 2);
    CHECK_EQUAL(sent.sent, 8);
    check_pinned(&w, FIRST);
    close_way(&w);
}

int main(void)
{
    a_frame_to_each_receiver_is_one_message_and_voice_goes_first();
    what_the_kernel_will_not_cut_is_sent_one_by_one();
    an_old_kernel_gets_each_packet_as_a_message();
    a_message_stays_below_the_longest_datagram();
    a_message_has_no_more_packets_than_old_kernels_cut();
    as_many_receivers_as_packets_get_one_each();
    voice_alone_is_sent_as_it_was_queued();
    each_of_our_addresses_has_its_number();
    beyond_so_many_addresses_the_route_decides();
    a_socket_of_one_address_is_told_of_none();
    what_is_pinned_leaves_from_there_cut_or_not();
    what_is_pinned_and_will_not_be_cut_still_leaves_from_there();
    return check_report("net");
}

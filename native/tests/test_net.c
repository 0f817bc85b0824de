/* One socket's way out: voice before video, equal packets to one receiver as one message, and what happens where the
 * kernel will not cut. */
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
    vc_hist residence;
} way_out;

static void open_way(way_out *w)
{
    uint8_t bytes[VC_ADDR_BYTES];
    memset(w, 0, sizeof *w);
    w->fd = harness_client(bytes);
    CHECK_EQUAL(vc_link_init(&w->link, w->fd, AF_INET), VC_OK);
    for (int i = 0; i < 2; i++) {
        vc_addr addr;
        w->receivers[i] = harness_client(bytes);
        memcpy(addr.bytes, bytes, VC_ADDR_BYTES);
        w->name_lengths[i] = vc_addr_to_sockaddr(&addr, AF_INET, &w->names[i]);
    }
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
    memset(vc_link_room(&w->link), mark, length);
    vc_link_queue(&w->link, length, &w->names[receiver], w->name_lengths[receiver], 1, is_video);
}

/* The next datagram's mark when it has that length and the mark all over, else -1. */
static int heard(const way_out *w, int receiver, ssize_t length)
{
    uint8_t data[2048];
    struct pollfd wait = {.fd = w->receivers[receiver], .events = POLLIN};
    if (poll(&wait, 1, 5000) != 1 || recv(w->receivers[receiver], data, sizeof data, 0) != length)
        return -1;
    for (ssize_t i = 1; i < length; i++)
        if (data[i] != data[0])
            return -1;
    return data[0];
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
    vc_sent sent = vc_link_flush(&w.link, &w.residence);
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
        vc_sent sent = vc_link_flush(&w.link, &w.residence);
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
    vc_sent sent = vc_link_flush(&w.link, &w.residence);
    CHECK_EQUAL(sent.sent, 12);
    CHECK_EQUAL(sent.bursts + sent.refused, 0);
    check_heard(&w);
    close_way(&w);
}

static void a_message_stays_below_the_longest_datagram(void)
{
    way_out w;
    open_way(&w);
    for (int i = 0; i < VC_TX_BATCH; i++)
        put(&w, 0, 1200, (uint8_t)i, true);
    CHECK(vc_link_is_full(&w.link));
    vc_sent sent = vc_link_flush(&w.link, &w.residence);
    CHECK_EQUAL(sent.sent, VC_TX_BATCH);
    CHECK_EQUAL(sent.bursts, 2); /* 54 of 65,000 bytes, and the rest */
    for (int i = 0; i < VC_TX_BATCH; i++)
        CHECK_EQUAL(heard(&w, 0, 1200), i);
    close_way(&w);
}

static void voice_alone_is_sent_as_it_was_queued(void)
{
    way_out w;
    open_way(&w);
    for (uint8_t i = 0; i < 10; i++)
        put(&w, 0, 120, i, false);
    vc_sent sent = vc_link_flush(&w.link, &w.residence);
    CHECK_EQUAL(sent.sent, 10);
    CHECK_EQUAL(sent.bursts, 0);
    for (int i = 0; i < 10; i++)
        CHECK_EQUAL(heard(&w, 0, 120), i);
    close_way(&w);
}

int main(void)
{
    a_frame_to_each_receiver_is_one_message_and_voice_goes_first();
    what_the_kernel_will_not_cut_is_sent_one_by_one();
    an_old_kernel_gets_each_packet_as_a_message();
    a_message_stays_below_the_longest_datagram();
    voice_alone_is_sent_as_it_was_queued();
    return check_report("net");
}

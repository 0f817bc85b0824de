/* TCP connections in an engine driven by hand: taken like datagrams, bounded in both directions, closed once. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "harness.h"
#include "vc_apply.h"
#include "vc_bytes.h"
#include "vc_forward.h"
#include "vc_input.h"
#include "vc_state.h"

static harness h;
static toy_session sessions[2];
static int closed_count, closed_peer;

static void addr_of(int port, vc_transport transport, uint8_t addr[VC_ADDR_BYTES])
{
    static const uint8_t host[16] = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1};
    memcpy(addr, host, sizeof host);
    vc_put16(addr + 16, (uint16_t)port);
    addr[VC_ADDR_BYTES - 1] = (uint8_t)transport;
}

static void settle(void)
{
    static uint8_t records[1 << 16];
    vc_record record;
    while (vc_apply_commands(h.engine))
        ;
    vc_flow_take(h.engine);
    vc_forward_flush(h.engine, &h.engine->links[0]);
    vc_flow_flush(h.engine);
    for (size_t got; (got = vc_engine_pop(h.engine, records, sizeof records)) > 0;)
        for (size_t at = 0; at < got; at += record.size) {
            memcpy(&record, records + at, sizeof record);
            closed_count += record.kind == VC_RECORD_FLOW_CLOSED;
            if (record.kind == VC_RECORD_FLOW_CLOSED)
                closed_peer = record.peer;
        }
}

/* A connection "from" that port; the far end of it. */
static int connect_flow(int port)
{
    uint8_t addr[VC_ADDR_BYTES];
    int ends[2];
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    addr_of(port, VC_TRANSPORT_TCP, addr);
    CHECK_EQUAL(vc_engine_flow_add(h.engine, ends[0], addr, 0), VC_OK);
    settle();
    return ends[1];
}

/* Peer 0 over TCP "from" port 5000, peer 1 over UDP; each hears the other. */
static int open_pair(void)
{
    uint8_t addr[VC_ADDR_BYTES];
    h = harness_open();
    closed_count = 0;
    closed_peer = 99;
    int far = connect_flow(5000);
    addr_of(5000, VC_TRANSPORT_TCP, addr);
    harness_join(&h, 0, addr, &sessions[0]);
    addr_of(5000, VC_TRANSPORT_UDP, addr); /* the same port of the other transport is somebody else */
    harness_join(&h, 1, addr, &sessions[1]);
    vc_engine_route_set(h.engine, 0, 1, 0, 0);
    vc_engine_route_set(h.engine, 1, 0, 0, 0);
    settle();
    CHECK_EQUAL(harness_counter(&h, "commands_refused"), 0);
    return far;
}

static void write_all(int fd, const void *data, size_t length)
{
    CHECK_EQUAL(write(fd, data, length), (ssize_t)length);
}

static size_t framed_rtp(uint8_t *out, int peer, uint16_t seq)
{
    size_t length = harness_rtp(out + VC_FRAME_HEADER, peer, seq, 30);
    vc_put16(out, (uint16_t)length);
    return length + VC_FRAME_HEADER;
}

static void media_of_peer_one(uint16_t seq)
{
    uint8_t room[VC_PACKET_ROOM];
    vc_addr from;
    addr_of(5000, VC_TRANSPORT_UDP, from.bytes);
    vc_datagram datagram = {.data = room, .length = harness_rtp(room, 1, seq, 30), .flow = &from};
    vc_input_datagram(h.engine, &datagram);
}

static bool is_open(int fd)
{
    uint8_t byte;
    ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n > 0 || (n < 0 && errno == EAGAIN);
}

static void speech_crosses_in_any_pieces(void)
{
    uint8_t frames[256], heard[256];
    int far = open_pair();
    size_t first = framed_rtp(frames, 0, 1), both = first + framed_rtp(frames + first, 0, 2);
    for (size_t i = 0; i < first; i++) {
        CHECK_EQUAL(harness_counter(&h, "forwarded"), 0);
        write_all(far, frames + i, 1);
        settle();
    }
    CHECK_EQUAL(harness_counter(&h, "forwarded"), 1);
    framed_rtp(frames, 0, 3);
    write_all(far, frames, both); /* glued */
    settle();
    CHECK_EQUAL(harness_counter(&h, "forwarded"), 3);
    media_of_peer_one(1);
    settle();
    ssize_t n = read(far, heard, sizeof heard);
    CHECK(n > VC_FRAME_HEADER);
    CHECK_EQUAL(vc_get16(heard), n - VC_FRAME_HEADER);
    CHECK_EQUAL(vc_get32(heard + VC_FRAME_HEADER + 8), 200);
    close(far);
    harness_close(&h);
}

static void a_bad_length_ends_the_flow_and_its_tuple(void)
{
    static const uint8_t bad[][2] = {{0, 0}, {0xff, 0xff}, {0x05, 0xdd}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int far = open_pair();
        write_all(far, bad[i], 2);
        settle();
        CHECK_EQUAL(harness_counter(&h, "drop_flow_bad_length"), 1);
        CHECK(!is_open(far));
        CHECK_EQUAL(closed_count, 1);
        CHECK_EQUAL(closed_peer, 0);
        CHECK_EQUAL(h.engine->peers[0].send_tuple, VC_NONE);
        media_of_peer_one(1);
        CHECK_EQUAL(harness_counter(&h, "drop_receiver_not_ready"), 1);
        close(far);
        harness_close(&h);
    }
}

static void a_far_end_that_closes_in_a_frame_is_forgotten(void)
{
    int far = open_pair();
    write_all(far, "\0\5ab", 4);
    close(far);
    settle();
    settle();
    CHECK_EQUAL(closed_count, 1);
    CHECK_EQUAL(harness_counter(&h, "flows_closed"), 1);
    harness_close(&h);
}

static void with_another_tuple_media_falls_back(void)
{
    uint8_t addr[VC_ADDR_BYTES];
    int far = open_pair();
    addr_of(6000, VC_TRANSPORT_UDP, addr);
    vc_engine_tuple_add(h.engine, 0, addr, 0);
    settle();
    close(far);
    settle();
    CHECK(h.engine->peers[0].send_tuple != VC_NONE);
    media_of_peer_one(1);
    CHECK_EQUAL(harness_counter(&h, "forwarded"), 1);
    harness_close(&h);
}

/* Peer 0 watches a video of peer 1 over its flow. */
static void video_of_peer_one(uint16_t seq)
{
    uint8_t room[VC_PACKET_ROOM];
    vc_addr from;
    addr_of(5000, VC_TRANSPORT_UDP, from.bytes);
    size_t length = harness_video(room, 1, seq, seq == 1);
    memset(room + length, 0, 1200);
    length += 1200;
    memcpy(room + length - HARNESS_TAG, "OKAY", HARNESS_TAG);
    vc_datagram datagram = {.data = room, .length = length, .flow = &from};
    vc_input_datagram(h.engine, &datagram);
}

static void watch_peer_one(void)
{
    vc_engine_video_add(h.engine, 8, 1, VC_SSRC_UNNAMED, "v", "h", 0, 0);
    vc_engine_video_slot_add(h.engine, 8, 0, 400, 0, "toy", 0);
    vc_engine_route_set(h.engine, 8, 8, 0, 0);
    settle();
}

/* Whatever picture is on its way, a voice never waits for more of it than the kernel holds. */
static void voice_overtakes_video(void)
{
    static uint8_t heard[1 << 22];
    int far = open_pair();
    watch_peer_one();
    for (uint16_t seq = 1; harness_counter(&h, "drop_flow_video_full") < 10 && seq < 10000; seq++) {
        video_of_peer_one(seq);
        settle();
    }
    CHECK_EQUAL(harness_counter(&h, "drop_flow_video_full"), 10);
    CHECK(harness_counter(&h, "video_forwarded") > VC_FLOW_VIDEO_BYTES / 1300);
    media_of_peer_one(1);
    settle();
    CHECK_EQUAL(harness_counter(&h, "drop_flow_full"), 0);
    size_t got = 0, behind = 0;
    for (ssize_t n; (n = read(far, heard + got, sizeof heard - got)) > 0; settle())
        got += (size_t)n;
    bool is_voice = false;
    size_t at = 0;
    for (; at + VC_FRAME_HEADER <= got; at += VC_FRAME_HEADER + vc_get16(heard + at)) {
        behind += is_voice;
        is_voice = is_voice || vc_get32(heard + at + VC_FRAME_HEADER + 8) == 200;
    }
    CHECK_EQUAL(at, got); /* whole frames only */
    CHECK(is_voice);
    CHECK(behind >= VC_FLOW_VIDEO_BYTES / 1300);
    close(far);
    harness_close(&h);
}

static void a_client_that_does_not_read_loses_packets_and_nothing_else(void)
{
    static uint8_t heard[1 << 22];
    int far = open_pair();
    h.engine->config.audio_per_s = 0;
    uint16_t seq = 0;
    while (harness_counter(&h, "drop_flow_full") < 10 && seq < 60000) {
        media_of_peer_one(++seq);
        settle();
    }
    CHECK_EQUAL(harness_counter(&h, "drop_flow_full"), 10);
    CHECK(h.engine->flows.all[0].is_stalled);
    size_t got = 0, frames = 0;
    for (ssize_t n; (n = read(far, heard + got, sizeof heard - got)) > 0; settle())
        got += (size_t)n;
    CHECK(!h.engine->flows.all[0].is_stalled);
    size_t at = 0;
    for (; at + VC_FRAME_HEADER <= got; frames++)
        at += VC_FRAME_HEADER + vc_get16(heard + at);
    CHECK_EQUAL(at, got); /* whole frames only */
    CHECK_EQUAL(frames, seq - 10u);
    media_of_peer_one(++seq);
    settle();
    CHECK(read(far, heard, sizeof heard) > 0);
    close(far);
    harness_close(&h);
}

static void what_python_sends_comes_in_order_and_before_the_end(void)
{
    uint8_t addr[VC_ADDR_BYTES], heard[64];
    int far = open_pair();
    addr_of(5000, VC_TRANSPORT_TCP, addr);
    CHECK_EQUAL(vc_engine_flow_send(h.engine, addr, (const uint8_t *)"hello", 5), VC_OK);
    CHECK_EQUAL(vc_engine_flow_send(h.engine, addr, (const uint8_t *)"bye", 3), VC_OK);
    CHECK_EQUAL(vc_engine_peer_del(h.engine, 0, 0), VC_OK);
    CHECK_EQUAL(vc_engine_flow_send(h.engine, addr, (const uint8_t *)"late", 4), VC_OK);
    settle();
    CHECK_EQUAL(read(far, heard, sizeof heard), 12);
    CHECK(memcmp(heard, "\0\5hello\0\3bye", 12) == 0);
    CHECK_EQUAL(read(far, heard, sizeof heard), 0);
    CHECK_EQUAL(closed_count, 1);
    CHECK_EQUAL(harness_counter(&h, "drop_flow_gone"), 1);
    close(far);
    harness_close(&h);
}

static void python_cannot_outrun_the_loop(void)
{
    uint8_t addr[VC_ADDR_BYTES], packet[VC_DATAGRAM_MAX + 1] = {0};
    h = harness_open();
    addr_of(5000, VC_TRANSPORT_TCP, addr);
    CHECK_EQUAL(vc_engine_flow_send(h.engine, addr, packet, 0), VC_ERR_RANGE);
    CHECK_EQUAL(vc_engine_flow_send(h.engine, addr, packet, sizeof packet), VC_ERR_RANGE);
    int sent = 0;
    while (vc_engine_flow_send(h.engine, addr, packet, 100) == VC_OK)
        sent++;
    CHECK(sent > 0 && sent <= VC_OUTGOING);
    settle();
    CHECK_EQUAL(harness_counter(&h, "drop_flow_gone"), sent);
    CHECK_EQUAL(vc_engine_flow_send(h.engine, addr, packet, 100), VC_OK);
    harness_close(&h);
}

static void flows_are_numbered_anew_and_limited(void)
{
    uint8_t addr[VC_ADDR_BYTES];
    int far[5];
    h = harness_open();
    closed_count = 0;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 5; i++)
            far[i] = connect_flow(5000 + i);
        CHECK(is_open(far[3]));
        CHECK(!is_open(far[4])); /* the harness has room for four */
        int twin = connect_flow(5000);
        CHECK(!is_open(twin));
        close(twin);
        for (int i = 0; i < 5; i++) {
            addr_of(5000 + i, VC_TRANSPORT_TCP, addr);
            vc_engine_flow_del(h.engine, addr, 0);
            settle();
            CHECK(!is_open(far[i]));
            close(far[i]);
        }
    }
    CHECK_EQUAL(closed_count, 12);
    CHECK_EQUAL(harness_counter(&h, "flows_opened"), 12);
    harness_close(&h);
}

static void the_end_of_the_engine_closes_what_it_was_given(void)
{
    uint8_t addr[VC_ADDR_BYTES];
    int ends[2];
    h = harness_open();
    int taken = connect_flow(5000);
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    addr_of(5001, VC_TRANSPORT_TCP, addr);
    CHECK_EQUAL(vc_engine_flow_add(h.engine, ends[0], addr, 0), VC_OK); /* and never applied */
    harness_close(&h);
    CHECK(!is_open(taken));
    CHECK(!is_open(ends[1]));
    CHECK_EQUAL(fcntl(ends[0], F_GETFD), -1);
    close(taken);
    close(ends[1]);
}

static void the_news_of_an_end_waits_for_room_in_the_ring(void)
{
    int far = open_pair();
    vc_record filler = {.kind = VC_RECORD_SPEAKING};
    static const uint8_t bulk[1024];
    while (vc_ring_push(&h.engine->ring, filler, bulk, sizeof bulk, 0) >= 0)
        ;
    while (vc_ring_push(&h.engine->ring, filler, NULL, 0, 0) >= 0)
        ;
    close(far);
    vc_flow_take(h.engine);
    CHECK_EQUAL(h.engine->flows.untold_count, 1);
    settle();
    CHECK_EQUAL(closed_count, 0);
    vc_flow_tell(h.engine);
    settle();
    CHECK_EQUAL(closed_count, 1);
    CHECK_EQUAL(h.engine->flows.untold_count, 0);
    harness_close(&h);
}

static void a_stranger_may_not_flood(void)
{
    static const uint8_t frame[] = {0, 1, 0xc0};
    h = harness_open();
    closed_count = 0;
    int far = connect_flow(5000);
    for (int i = 0; i < 64; i++)
        write_all(far, frame, sizeof frame);
    settle();
    CHECK(is_open(far));
    write_all(far, frame, sizeof frame);
    settle();
    CHECK(!is_open(far));
    CHECK_EQUAL(harness_counter(&h, "drop_flow_stranger"), 1);
    CHECK_EQUAL(harness_counter(&h, "drop_not_ours"), 64);
    CHECK_EQUAL(closed_count, 1);
    close(far);
    harness_close(&h);

    far = open_pair(); /* whoever proved itself may send as much as it likes */
    for (int i = 0; i < 200; i++)
        write_all(far, frame, sizeof frame);
    settle();
    CHECK(is_open(far));
    CHECK_EQUAL(harness_counter(&h, "drop_not_ours"), 200);
    close(far);
    harness_close(&h);
}

int main(void)
{
    speech_crosses_in_any_pieces();
    a_bad_length_ends_the_flow_and_its_tuple();
    a_far_end_that_closes_in_a_frame_is_forgotten();
    with_another_tuple_media_falls_back();
    a_client_that_does_not_read_loses_packets_and_nothing_else();
    voice_overtakes_video();
    what_python_sends_comes_in_order_and_before_the_end();
    python_cannot_outrun_the_loop();
    flows_are_numbered_anew_and_limited();
    the_end_of_the_engine_closes_what_it_was_given();
    the_news_of_an_end_waits_for_room_in_the_ring();
    a_stranger_may_not_flood();
    return check_report("flows");
}

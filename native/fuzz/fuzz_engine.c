/* A script of datagrams and commands against a whole engine (toy SRTP, its tag added for half of the datagrams):
 * nothing crashes, every datagram is counted once, tables stay consistent.
 *
 * Script: repeated { op, length, bytes }.  op & 3: 0 datagram of a stranger, 1 of peer 0, 2 of peer 1 with a valid
 * tag, 3 a command made of the bytes. */
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../tests/harness.h"
#include "vc_apply.h"
#include "vc_bytes.h"
#include "vc_estimate.h"
#include "vc_forward.h"
#include "vc_input.h"
#include "vc_keyframe.h"
#include "vc_repair.h"
#include "vc_report.h"
#include "vc_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = VC_PACKET_ROOM, VIDEO = 2 /* the first track and slot of video */ };

static harness h;
static toy_session sessions[2];
static vc_sockaddr names[3];
enum { FAR_MAX = 64 };
static int far_ends[FAR_MAX], far_count;

static void apply_all(void)
{
    static uint8_t out[1 << 16];
    do
        while (vc_engine_pop(h.engine, out, sizeof out) > 0)
            ;
    while (vc_apply_commands(h.engine));
}

static void set_up(void)
{
    uint8_t addr[VC_ADDR_BYTES] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1, 0, 0};
    h = harness_open();
    for (int i = 0; i < 3; i++) {
        uint16_t port = (uint16_t)(9 + i); /* discard and its neighbours */
        names[i].v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port),
                                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        memcpy(addr + 16, &names[i].v4.sin_port, 2);
        if (i < 2)
            harness_join(&h, i, addr, &sessions[i]);
    }
    vc_engine_ufrag_add(h.engine, 0, (const uint8_t *)"ours", 4, 0);
    vc_engine_route_set(h.engine, 0, 1, 0, 0);
    vc_engine_route_set(h.engine, 1, 0, 0, 0);
    vc_engine_video_add(h.engine, VIDEO, 1, 300, "v", "h", 0, 0);
    vc_engine_video_add(h.engine, VIDEO + 1, 1, VC_SSRC_UNNAMED, "v", "l", 100000, 0);
    vc_engine_video_slot_add(h.engine, VIDEO, 0, 400, 401, "video", 0);
    vc_engine_route_set(h.engine, VIDEO, VIDEO, 0, 0);
    apply_all();
}

static void feed(int who, const uint8_t *bytes, size_t length, bool tagged)
{
    uint8_t *room = malloc(ROOM);
    memcpy(room, bytes, length);
    if (tagged) {
        memcpy(room + length, "OKAY", HARNESS_TAG);
        length += HARNESS_TAG;
    }
    vc_datagram datagram = {.data = room, .length = length, .arrived_ns = h.engine->clock.real_ns, .from = &names[who]};
    uint64_t before = harness_counter(&h, "rx_datagrams");
    vc_input_datagram(h.engine, &datagram);
    if (harness_counter(&h, "rx_datagrams") != before + 1)
        abort();
    free(room);
}

/* A connection that brings 'bytes' and ends. */
static void open_flow(uint8_t addr[VC_ADDR_BYTES], const uint8_t *bytes, size_t length)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0)
        return;
    int least = 1; /* the kernel makes it a few packets, so that the queue behind it fills */
    setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
    ssize_t written = write(ends[1], bytes, length);
    (void)written;
    addr[VC_ADDR_BYTES - 1] = VC_TRANSPORT_TCP;
    if (vc_engine_flow_add(h.engine, ends[0], addr, 0) != VC_OK)
        close(ends[0]);
    if ((length & 1) == 0) { /* the others end with the engine or by a command */
        close(ends[1]);
        return;
    }
    if (far_count < FAR_MAX)
        far_ends[far_count++] = ends[1];
    else
        close(ends[1]);
}

/* The far end of the connection opened last takes what waits there and sends more. */
static void say_more(const uint8_t *bytes, size_t length)
{
    static uint8_t taken[1 << 12];
    if (far_count == 0)
        return;
    ssize_t got = recv(far_ends[far_count - 1], taken, sizeof taken, MSG_DONTWAIT);
    ssize_t sent = send(far_ends[far_count - 1], bytes, length, MSG_NOSIGNAL);
    (void)got;
    (void)sent; /* the engine may have ended it */
}

/* The listener of 'slot' asks for what it was sent lately: numbers that bytes alone would hardly hit. */
static void ask_again(int slot_id, uint8_t back, uint16_t mask)
{
    const vc_slot *slot = &h.engine->slots[slot_id];
    if (!slot->alive || slot->peer > 1)
        return;
    uint8_t nack[16] = {0x81, 205, 0, 3};
    vc_put32(nack + 8, slot->ssrc);
    vc_put16(nack + 12, (uint16_t)(slot->rewriter.out_seq - back));
    vc_put16(nack + 14, mask);
    feed(slot->peer, nack, sizeof nack, true);
}

/* Whoever is sent a video cannot decode it: a PLI, or a FIR with that number. */
static void ask_keyframe(int slot_id, uint8_t fir)
{
    const vc_slot *slot = &h.engine->slots[slot_id];
    if (!slot->alive || slot->peer > 1)
        return;
    uint8_t request[20] = {(uint8_t)(fir ? 0x84 : 0x81), 206, 0, (uint8_t)(fir ? 4 : 2), [16] = fir};
    vc_put32(request + 8, fir ? 0 : slot->ssrc);
    vc_put32(request + 12, slot->ssrc);
    feed(slot->peer, request, fir ? 20 : 12, true);
}

/* A viewer tells of the packets it was sent lately, with whatever the bytes say of their times. */
static void tell_arrivals(int peer_id, uint8_t count, const uint8_t *bytes)
{
    const vc_peer *peer = &h.engine->peers[peer_id];
    if (!peer->alive || peer_id > 1 || peer->bwe == VC_NONE)
        return;
    uint8_t told[40] = {0x8f, 205, 0, 9};
    vc_put16(told + 12, (uint16_t)(vc_bwe_next(vc_state_bwe(h.engine, peer)) - count));
    vc_put16(told + 14, count);
    memcpy(told + 16, bytes, 20);
    feed(peer_id, told, sizeof told, true);
}

static void command(const uint8_t *b, size_t length)
{
    uint8_t bytes[24] = {0};
    memcpy(bytes, b, length < sizeof bytes ? length : sizeof bytes);
    vc_engine *e = h.engine;
    int peer = bytes[1] % 4, index = bytes[2] % 8, other = bytes[3] % 8;
    uint8_t addr[VC_ADDR_BYTES] = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1, [17] = (uint8_t)(9 + bytes[4] % 4),
                                   [18] = bytes[6] & 1};
    uintptr_t session = (uintptr_t)&sessions[peer % 2];
    static const char *const NAMES[] = {"", "v", "h", "l", "m", "a name too long to be one of ours"};
    const char *mid = NAMES[bytes[4] % 6], *rid = NAMES[bytes[5] % 6];
    switch (bytes[0] % 31) {
    case 0: vc_engine_peer_add(e, peer, bytes[4], bytes[5]); break;
    case 1: vc_engine_peer_del(e, peer, bytes[5]); break;
    case 2: vc_engine_ufrag_add(e, peer, bytes + 4, (size_t)bytes[3] % 18, 0); break;
    case 3: vc_engine_ufrag_del(e, peer, bytes + 4, (size_t)bytes[3] % 18, 0); break;
    case 4:
        addr[18] = (uint8_t)(addr[18] + (bytes[7] & 2)); /* to an address of ours that may be none */
        vc_engine_tuple_add(e, peer, addr, 0);
        if (bytes[7] & 1)
            vc_engine_tuple_pin(e, peer, addr, 0);
        break;
    case 5: vc_engine_tuple_del(e, peer, addr, 0); break;
    case 6: vc_engine_tuple_prefer(e, peer, addr, 0); break;
    case 7: vc_engine_peer_keys(e, peer, session, session, 0); break;
    case 8: vc_engine_peer_deafen(e, peer, bytes[3] & 1, 0); break;
    case 9: vc_engine_track_add(e, index, peer, 1, 100u + bytes[3] % 4, HARNESS_PT, 48000, 1, 0); break;
    case 10: vc_engine_track_del(e, index, 0); break;
    case 11: vc_engine_track_mute(e, index, other & 1, 0); break;
    case 12: vc_engine_slot_add(e, index, peer, bytes[3], 96, 48000, bytes[4] % 15, "c", 0); break;
    case 13: vc_engine_slot_del(e, index, 0); break;
    case 14: vc_engine_route_set(e, index, other, bytes[4] & 1, 0); break;
    case 15: vc_engine_route_clear(e, index, 0); break;
    case 16: open_flow(addr, b + (length < 7 ? length : 7), length < 7 ? 0 : length - 7); break;
    case 17: vc_engine_flow_del(e, addr, 0); break;
    case 18: vc_engine_peer_twcc(e, peer, bytes[3] % 16, 0); break;
    case 19: vc_engine_video_add(e, index, peer, bytes[3] % 4 ? 300u + bytes[3] % 4 : 0, mid, rid, bytes[6] * 4000u, 0); break;
    case 20: vc_engine_video_slot_add(e, index, peer, 400u + bytes[3], bytes[4] % 3 ? 401u + bytes[3] : 0, "c", 0); break;
    case 21: vc_engine_video_limit(e, index, bytes[3] * 4000u, 0); break;
    case 22: vc_engine_track_mid(e, index, mid, 0); break;
    case 23: vc_engine_peer_estimate(e, peer, 1000, bytes[3] * 10000u, 3000000, 0); break;
    case 24: ask_keyframe(index, bytes[3]); break;
    case 29: vc_engine_peer_want(e, peer, bytes[3] * 100000u, 0); break;
    case 30: say_more(b + 1, length ? length - 1 : 0); break;
    case 28: vc_engine_peer_limit(e, peer, bytes[3] * 10000u, 0); break;
    case 26: tell_arrivals(peer, bytes[3] % 16, bytes + 4); break;
    case 27: vc_engine_slot_redundancy(e, index, bytes[4] % 130, bytes[3] % 4, 0); break;
    default: ask_again(index, bytes[3], (uint16_t)(bytes[4] << 8 | bytes[5])); break;
    }
    apply_all();
}

/* Every slot that waits for a layer is in its list, and every layer and view is free or in use. */
static void check_video(void)
{
    vc_engine *e = h.engine;
    uint32_t layers = e->unused_layer_count, views = e->unused_view_count, waiting = 0, wanted = 0;
    for (int t = 0; t < 16; t++) {
        if (!e->tracks[t].alive || e->tracks[t].layer == VC_NONE)
            continue;
        const vc_layer *layer = vc_state_layer(e, &e->tracks[t]);
        layers++;
        wanted += layer->wanted_at != VC_NONE;
        if (layer->wanted_at != VC_NONE && e->wanted[layer->wanted_at] != t)
            abort();
        for (int32_t id = layer->waiting, before = VC_NONE; id != VC_NONE; waiting++) {
            const vc_view *view = vc_state_view(e, &e->slots[id]);
            if (!e->slots[id].alive || view->next != t || view->before != before)
                abort();
            before = id;
            id = view->behind;
        }
    }
    for (int s = 0; s < 64; s++) {
        if (!e->slots[s].alive || e->slots[s].view == VC_NONE)
            continue;
        views++;
        waiting -= vc_state_view(e, &e->slots[s])->next != VC_NONE;
    }
    if (layers != e->config.max_video_tracks || views != e->config.max_video_slots || waiting != 0 ||
        wanted != e->wanted_count)
        abort();
}

/* Every route is known at both of its ends, every name leads to its owner. */
static void check_consistency(void)
{
    vc_engine *e = h.engine;
    for (int t = 0; t < 16; t++)
        for (uint32_t i = 0; e->tracks[t].alive && i < e->tracks[t].receiver_count; i++) {
            const vc_slot *slot = &e->slots[e->tracks[t].receivers[i]];
            if (!slot->alive || slot->track != t || slot->at != i)
                abort();
            if ((slot->view != VC_NONE) != (e->tracks[t].layer != VC_NONE))
                abort();
        }
    check_video();
    uint32_t estimates = e->unused_bwe_count;
    for (int p = 0; p < 16; p++) {
        if (!e->peers[p].alive || e->peers[p].bwe == VC_NONE)
            continue;
        estimates++;
        uint32_t bps = vc_bwe_estimate(vc_state_bwe(e, &e->peers[p]));
        if (bps < 1000 || bps > 3000000)
            abort();
    }
    if (estimates != e->config.max_video_slots)
        abort();
    for (uint32_t i = 0; i < e->lossy_count; i++) {
        const vc_track *track = &e->tracks[e->lossy[i]];
        if (!track->alive || track->missing.count == 0 || track->lossy_at != (int32_t)i)
            abort();
    }
    uint32_t tuples = 0;
    for (int p = 0; p < 16; p++)
        for (int i = 0; e->peers[p].alive && i < VC_TUPLES_MAX; i++)
            if (e->peers[p].tuples[i].in_use) {
                tuples++;
                if (vc_table_get(&e->by_addr, e->peers[p].tuples[i].addr.bytes, VC_ADDR_BYTES) != p * VC_TUPLES_MAX + i)
                    abort();
            }
    if (tuples != e->by_addr.count)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    set_up();
    while (size >= 3) {
        int op = data[0];
        size_t length = ((size_t)data[1] << 8 | data[2]) % (VC_DATAGRAM_MAX + 1 - HARNESS_TAG);
        data += 3;
        size -= 3;
        length = length < size ? length : size;
        if ((op & 3) == 3)
            command(data, length);
        else
            feed((op & 3) == 0 ? 2 : (op & 3) - 1, data, length, (op & 3) == 2 || (op & 4) != 0);
        data += length;
        size -= length;
        h.engine->clock.now_us += (uint64_t)(op >> 3) * 20000;
        h.engine->clock.real_ns += (uint64_t)(op >> 3) * 20000000;
        vc_report_due(h.engine);
        vc_repair_due(h.engine);
        vc_estimate_probe(h.engine);
        vc_forward_sweep(h.engine);
        vc_keyframe_due(h.engine);
        vc_forward_flush(h.engine, &h.engine->links[0]);
        vc_flow_take(h.engine);
        vc_flow_flush(h.engine);
        check_consistency();
    }
    harness_close(&h);
    while (far_count > 0)
        close(far_ends[--far_count]);
    return 0;
}

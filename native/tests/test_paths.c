/* Which address media goes to, over seconds that pass in no time: the engine is driven by hand, its clock set. */
#include <netinet/in.h>
#include <string.h>

#include "check.h"
#include "harness.h"
#include "vc_apply.h"
#include "vc_bytes.h"
#include "vc_input.h"
#include "vc_state.h"

static harness h;
static toy_session sessions[3];
static uint8_t host = 1; /* 127.0.0.1 and its neighbours */

static void addr_of(int port, uint8_t addr[VC_ADDR_BYTES])
{
    const uint8_t ip[16] = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = host};
    memcpy(addr, ip, sizeof ip);
    addr[VC_ADDR_BYTES - 1] = VC_TRANSPORT_UDP;
    vc_put16(addr + 16, (uint16_t)port);
}

static void open_with_peer_zero(void)
{
    uint8_t addr[VC_ADDR_BYTES];
    h = harness_open();
    h.engine->clock.now_us = 1000000000;
    addr_of(5000, addr);
    harness_join(&h, 0, addr, &sessions[0]);
    while (vc_apply_commands(h.engine))
        ;
}

static void tuple(int (*command)(vc_engine *, int, const uint8_t *, uint32_t), int peer, int port)
{
    uint8_t addr[VC_ADDR_BYTES];
    addr_of(port, addr);
    CHECK_EQUAL(command(h.engine, peer, addr, 0), VC_OK);
    while (vc_apply_commands(h.engine))
        ;
}

static void packet_from(int port, int peer, uint16_t seq)
{
    uint8_t room[VC_PACKET_ROOM];
    vc_sockaddr from = {.v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    vc_datagram datagram = {.data = room, .length = harness_rtp(room, peer, seq, 30), .from = &from};
    vc_input_datagram(h.engine, &datagram);
}

static void pass_ms(uint64_t ms)
{
    h.engine->clock.now_us += ms * 1000;
}

static int send_port(int peer)
{
    vc_peer_stats stats;
    CHECK_EQUAL(vc_engine_peer_stats(h.engine, peer, &stats), VC_OK);
    return vc_get16(stats.send_addr + 16);
}

static void two_paths_in_use_do_not_flutter(void)
{
    open_with_peer_zero();
    tuple(vc_engine_tuple_add, 0, 5001);
    packet_from(5001, 0, 1); /* the first media decides at once */
    CHECK_EQUAL(send_port(0), 5001);
    for (uint16_t seq = 2; seq < 25; seq++) {
        pass_ms(20);
        packet_from(seq % 2 ? 5001 : 5000, 0, seq);
        CHECK_EQUAL(send_port(0), 5001);
    }
    pass_ms(100);
    packet_from(5000, 0, 30);
    CHECK_EQUAL(send_port(0), 5000);
    pass_ms(600);
    packet_from(5001, 0, 29); /* authentic, but older than what came over 5000 */
    CHECK_EQUAL(send_port(0), 5000);
    harness_close(&h);
}

static void checks_choose_only_while_media_is_silent(void)
{
    open_with_peer_zero();
    tuple(vc_engine_tuple_add, 0, 5001);
    tuple(vc_engine_tuple_prefer, 0, 5001);
    CHECK_EQUAL(send_port(0), 5001);
    packet_from(5000, 0, 1);
    CHECK_EQUAL(send_port(0), 5000);
    tuple(vc_engine_tuple_prefer, 0, 5001);
    CHECK_EQUAL(send_port(0), 5000);
    pass_ms(2100);
    tuple(vc_engine_tuple_prefer, 0, 5001);
    CHECK_EQUAL(send_port(0), 5001);
    harness_close(&h);
}

static void an_abandoned_address_goes_to_its_new_peer(void)
{
    uint8_t addr[VC_ADDR_BYTES];
    open_with_peer_zero();
    addr_of(6000, addr);
    harness_join(&h, 1, addr, &sessions[1]);
    tuple(vc_engine_tuple_add, 1, 5000); /* peer 0 came just now */
    CHECK_EQUAL(harness_counter(&h, "commands_refused"), 1);
    pass_ms(4900);
    packet_from(5000, 0, 1);
    pass_ms(4900);
    tuple(vc_engine_tuple_add, 1, 5000); /* peer 0 still talks */
    CHECK_EQUAL(harness_counter(&h, "commands_refused"), 2);
    pass_ms(200);
    tuple(vc_engine_tuple_add, 1, 5000);
    CHECK_EQUAL(harness_counter(&h, "commands_refused"), 2);
    CHECK_EQUAL(send_port(0), 0);
    packet_from(5000, 1, 1);
    CHECK_EQUAL(send_port(1), 5000);
    harness_close(&h);
}

static void go_to(uint8_t to_host, int port)
{
    host = to_host;
    tuple(vc_engine_tuple_add, 0, port);
    tuple(vc_engine_tuple_prefer, 0, port);
    host = 1;
    CHECK_EQUAL(send_port(0), port);
}

static uint32_t estimate(void)
{
    return vc_bwe_estimate(vc_state_bwe(h.engine, &h.engine->peers[0]));
}

static void open_estimated(void)
{
    open_with_peer_zero();
    CHECK_EQUAL(vc_engine_peer_estimate(h.engine, 0, 100000, 1000000, 9000000, 0), VC_OK);
    while (vc_apply_commands(h.engine))
        ;
    vc_state_bwe(h.engine, &h.engine->peers[0])->bps = 5e6;
}

static void another_host_is_another_path(void)
{
    open_estimated();
    go_to(1, 5001); /* behind a NAT that forgot it */
    CHECK_EQUAL(estimate(), 5000000);
    go_to(2, 5002);
    CHECK_EQUAL(estimate(), 1000000);
    CHECK_EQUAL(harness_counter(&h, "estimates_restarted"), 1);
    pass_ms(1100);
    go_to(1, 5001);
    CHECK_EQUAL(estimate(), 1000000);
    CHECK_EQUAL(harness_counter(&h, "estimates_restarted"), 2);
    harness_close(&h);
}

static void a_path_left_for_a_moment_carries_what_it_did(void)
{
    open_estimated();
    pass_ms(2000);
    go_to(2, 5002);
    CHECK_EQUAL(estimate(), 1000000);
    pass_ms(900);
    go_to(1, 5001);
    CHECK_EQUAL(estimate(), 5000000);
    pass_ms(100);
    go_to(3, 5003); /* another again, though near in time */
    CHECK_EQUAL(estimate(), 1000000);
    harness_close(&h);
}

int main(void)
{
    two_paths_in_use_do_not_flutter();
    checks_choose_only_while_media_is_silent();
    an_abandoned_address_goes_to_its_new_peer();
    another_host_is_another_path();
    a_path_left_for_a_moment_carries_what_it_did();
    return check_report("paths");
}

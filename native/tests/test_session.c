/* The sessions of slots: one for each that sends voice, the peer's own where there can be none, freed with the slot,
 * the keys or the engine, whichever ends first. */
#include "vc_session.h"

#include <string.h>
#include <unistd.h>

#include "check.h"
#include "harness.h"
#include "vc_apply.h"

enum { PEER = 0 };

typedef struct {
    harness h;
    int fd;
    toy_session rest; /* the peer's */
    toy_policy policy;
} listener;

static void apply(listener *l)
{
    while (vc_apply_commands(l->h.engine))
        ;
}

/* A peer with a second slot; its sessions of its own are limited to 'room'. */
static void open_listener(listener *l, unsigned room)
{
    uint8_t addr[VC_ADDR_BYTES];
    *l = (listener){.h = harness_open(), .policy = {.room = room}};
    l->fd = harness_client(addr);
    harness_join(&l->h, PEER, addr, &l->rest); /* with slot 0, SSRC 200 */
    vc_engine *e = l->h.engine;
    CHECK_EQUAL(vc_engine_slot_add(e, 1, PEER, 500, 96, 48000, 0, "toy", 0), VC_OK);
    CHECK_EQUAL(vc_engine_peer_send_policy(e, PEER, (uintptr_t)&l->policy, (uintptr_t)&l->policy.ssrc, 0), VC_OK);
    apply(l);
}

static void close_listener(listener *l)
{
    close(l->fd);
    harness_close(&l->h);
}

static void *session(listener *l, int slot)
{
    return vc_session_of(l->h.engine, &l->h.engine->slots[slot]);
}

static void each_slot_has_one_from_its_first_packet_on(void)
{
    listener l;
    open_listener(&l, 4);
    CHECK_EQUAL(l.policy.made, 0);
    CHECK(session(&l, 1) == &l.policy.sessions[0]);
    CHECK(session(&l, 0) == &l.policy.sessions[1]);
    CHECK(session(&l, 1) == &l.policy.sessions[0]);
    CHECK_EQUAL(l.policy.made_for[0], 500);
    CHECK_EQUAL(l.policy.made_for[1], 200);
    close_listener(&l);
    CHECK_EQUAL(l.policy.freed, 2);
}

static void where_none_can_be_made_the_peers_serves_and_stays(void)
{
    listener l;
    open_listener(&l, 1);
    CHECK(session(&l, 0) == &l.policy.sessions[0]);
    CHECK(session(&l, 1) == &l.rest);
    l.policy.room = 4;
    CHECK(session(&l, 1) == &l.rest); /* its stream has begun there */
    close_listener(&l);
    CHECK_EQUAL(l.policy.freed, 1);
}

static void it_ends_with_its_slot_or_its_keys(void)
{
    listener l;
    toy_session fresh = {0};
    open_listener(&l, 4);
    session(&l, 0);
    session(&l, 1);
    CHECK_EQUAL(vc_engine_slot_del(l.h.engine, 1, 0), VC_OK);
    apply(&l);
    CHECK_EQUAL(l.policy.freed, 1);
    CHECK_EQUAL(vc_engine_peer_keys(l.h.engine, PEER, (uintptr_t)&fresh, (uintptr_t)&fresh, 0), VC_OK);
    apply(&l);
    CHECK_EQUAL(l.policy.freed, 2);
    CHECK(session(&l, 0) == &fresh); /* the policy was of the keys before */
    CHECK_EQUAL(vc_engine_peer_del(l.h.engine, PEER, 0), VC_OK);
    apply(&l);
    CHECK_EQUAL(l.policy.freed, 2);
    close_listener(&l);
}

static void a_policy_wants_the_functions(void)
{
    listener l;
    open_listener(&l, 4);
    CHECK_EQUAL(vc_engine_peer_send_policy(l.h.engine, PEER, 0, 1, 0), VC_ERR_RANGE);
    l.h.engine->config.dealloc = 0;
    CHECK_EQUAL(vc_engine_peer_send_policy(l.h.engine, PEER, 1, 1, 0), VC_ERR_RANGE);
    close_listener(&l);
}

int main(void)
{
    each_slot_has_one_from_its_first_packet_on();
    where_none_can_be_made_the_peers_serves_and_stays();
    it_ends_with_its_slot_or_its_keys();
    a_policy_wants_the_functions();
    return check_report("session");
}

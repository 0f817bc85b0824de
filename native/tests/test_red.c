/* Redundancy for voice (RFC 2198): what a packet carries of those before it, and that it is the same ever after. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "vc_bytes.h"
#include "vc_red.h"

enum { PT = 111, FRAME = 960 };

static vc_voice_store voice;

static vc_store *empty_store(void)
{
    vc_voice_store_init(&voice);
    return &voice.store;
}

static int put(vc_store *store, uint32_t ext_seq, uint32_t ts, const void *payload, size_t length)
{
    static uint32_t serial = 0xffffff00; /* goes around */
    serial = serial + 1 == 0 ? 1 : serial + 1;
    vc_stored packet = {.serial = serial, .ext_seq = ext_seq, .ts = ts, .length = (uint16_t)length};
    return vc_store_put(store, &packet, payload);
}

static int put_text(vc_store *store, uint32_t ext_seq, uint32_t ts, const char *text)
{
    return put(store, ext_seq, ts, text, strlen(text));
}

static void payloads_are_those_of_the_rfc(void)
{
    static const uint8_t one[] = {0x80 | PT, 0x0f, 0x00, 5, PT, 'd', 'e', 'f', 'g', 'h', 'n', 'e', 'w'};
    static const uint8_t two[] = {0x80 | PT, 0x1e, 0x00, 3, 0x80 | PT, 0x0f, 0x00, 5, PT,
                                  'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'n', 'e', 'w'};
    vc_store *store = empty_store();
    vc_red red = {0};
    put_text(store, 0xffffffff, 0u - FRAME, "abc"); /* both numbers go around */
    put_text(store, 0, 0, "defgh");
    uint32_t place = (uint32_t)put_text(store, 1, FRAME, "new");
    CHECK_EQUAL(vc_red_reach(store, place, 0), 0);
    CHECK_EQUAL(vc_red_reach(store, place, 1), 1);
    CHECK_EQUAL(vc_red_reach(store, place, 2), 2);
    CHECK(vc_red_make(&red, store, place, 1, PT));
    CHECK(red.length == sizeof one && memcmp(red.bytes, one, sizeof one) == 0);
    red = (vc_red){0};
    CHECK(vc_red_make(&red, store, place, 2, PT));
    CHECK(red.length == sizeof two && memcmp(red.bytes, two, sizeof two) == 0);
    CHECK(!vc_red_make(&red, store, place, 2, PT)); /* for the next listener it is there */
    CHECK(vc_red_make(&red, store, place, 2, PT + 1));
}

static void the_longest_offset_and_length_are_carried_and_no_longer_ones(void)
{
    static const uint8_t zeros[VC_RED_LENGTH_END];
    vc_red red = {0};
    for (uint32_t longer = 0; longer < 2; longer++) {
        vc_store *store = empty_store();
        put(store, 1, 0, zeros, VC_RED_LENGTH_END - 1);
        uint32_t place = (uint32_t)put_text(store, 2, VC_RED_OFFSET_END - 1 + longer, "new");
        CHECK_EQUAL(vc_red_reach(store, place, 2), 1 - (int)longer);
        store = empty_store();
        put(store, 1, 0, zeros, VC_RED_LENGTH_END - 1 + longer);
        place = (uint32_t)put_text(store, 2, VC_RED_OFFSET_END - 1, "new");
        CHECK_EQUAL(vc_red_reach(store, place, 2), 1 - (int)longer);
        if (longer == 0) {
            vc_red_make(&red, store, place, 1, PT);
            CHECK_EQUAL(vc_get32(red.bytes), (uint32_t)(0x80 | PT) << 24 | 0xffffff);
        }
    }
}

static void nothing_is_carried_over_a_hole_or_a_beginning(void)
{
    vc_store *store = empty_store();
    uint32_t first = (uint32_t)put_text(store, 10, 0, "a");
    CHECK_EQUAL(vc_red_reach(store, first, 2), 0);
    uint32_t after_hole = (uint32_t)put_text(store, 12, 2 * FRAME, "c");
    CHECK_EQUAL(vc_red_reach(store, after_hole, 2), 0);
    uint32_t late = (uint32_t)put_text(store, 11, FRAME, "b");
    CHECK_EQUAL(vc_red_reach(store, late, 2), 0);
    CHECK_EQUAL(vc_red_reach(store, (uint32_t)put_text(store, 13, 3 * FRAME, "d"), 2), 0);
    CHECK_EQUAL(vc_red_reach(store, (uint32_t)put_text(store, 14, 4 * FRAME, "e"), 2), 1);
    CHECK_EQUAL(vc_red_reach(store, (uint32_t)put_text(store, 15, 4 * FRAME, "same time"), 2), 0);
    CHECK_EQUAL(vc_red_reach(store, (uint32_t)put_text(store, 16, 3 * FRAME, "back in time"), 2), 0);
    put_text(store, 17, 4 * FRAME, "");
    CHECK_EQUAL(vc_red_reach(store, (uint32_t)put_text(store, 18, 5 * FRAME, "after nothing"), 2), 0);
}

static void what_was_forgotten_is_not_carried(void)
{
    vc_store *store = empty_store();
    put_text(store, 10, 0, "before a mute");
    vc_store_forget(store);
    CHECK_EQUAL(vc_red_reach(store, (uint32_t)put_text(store, 11, FRAME, "after"), 2), 0);
    CHECK_EQUAL(vc_red_reach(store, (uint32_t)put_text(store, 12, 2 * FRAME, "more"), 2), 1);
}

static void a_packet_stays_within_the_bound(void)
{
    static const uint8_t zeros[VC_RED_BYTES_MAX];
    vc_red red = {0};
    for (size_t over = 0; over < 2; over++) {
        vc_store *store = empty_store();
        put(store, 1, 0, zeros, 400);
        put(store, 2, FRAME, zeros, 300);
        uint32_t place = (uint32_t)put(store, 3, 2 * FRAME, zeros, VC_RED_BYTES_MAX - 300 - 400 - 9 + over);
        CHECK_EQUAL(vc_red_reach(store, place, 2), 2 - (int)over);
        vc_red_make(&red, store, place, 2 - (int)over, PT);
        CHECK_EQUAL(red.length, over == 0 ? VC_RED_BYTES_MAX : VC_RED_BYTES_MAX + 1 - 404);
        CHECK_EQUAL(vc_red_reach(store, (uint32_t)put(store, 4, 3 * FRAME, zeros, VC_RED_BYTES_MAX), 2), 0);
    }
}

/* The same bytes under the same number, whatever came after: of other sources, late, or enough to overwrite it. */
static void what_was_carried_once_is_carried_again_or_never(void)
{
    enum { COUNT = 5000, KEPT = VC_STORE_PACKETS + 20 };
    static struct {
        uint32_t place;
        uint32_t serial;
        int blocks;
        vc_red red;
    } made[KEPT];
    vc_store *store = empty_store();
    uint32_t ext_seq = 7, ts = 0;
    unsigned again = 0, forgotten = 0;
    srand(5);
    for (int i = 0; i < COUNT; i++) {
        static uint8_t payload[VC_RED_LENGTH_END];
        int what = rand() % 40;
        size_t length = (size_t)(rand() % (i < COUNT / 2 ? 120 : 700));
        memset(payload, rand(), length);
        if (what == 0)
            vc_store_forget(store);
        ext_seq += what == 1 ? 3 : what == 2 ? 0u - 2 : 1;
        ts += what == 3 ? 20000 : FRAME;
        uint32_t place = (uint32_t)put(store, ext_seq, ts, payload, length);
        int blocks = vc_red_reach(store, place, 1 + rand() % 2);
        made[i % KEPT].place = place;
        made[i % KEPT].serial = store->packets[place].serial;
        made[i % KEPT].blocks = blocks;
        made[i % KEPT].red = (vc_red){0};
        if (blocks > 0)
            vc_red_make(&made[i % KEPT].red, store, place, blocks, PT);
        for (int k = 0; k < KEPT; k++) {
            const uint8_t *found;
            if (made[k].blocks == 0 || vc_store_get(store, made[k].place, made[k].serial, &found) == NULL)
                continue;
            vc_red red = {0};
            if (vc_red_reach(store, made[k].place, made[k].blocks) < made[k].blocks) {
                forgotten++;
                continue;
            }
            again++;
            vc_red_make(&red, store, made[k].place, made[k].blocks, PT);
            if (red.length != made[k].red.length || memcmp(red.bytes, made[k].red.bytes, red.length) != 0)
                CHECK_EQUAL(i, -1);
        }
    }
    CHECK(again > COUNT && forgotten > 0);
}

int main(void)
{
    payloads_are_those_of_the_rfc();
    the_longest_offset_and_length_are_carried_and_no_longer_ones();
    nothing_is_carried_over_a_hole_or_a_beginning();
    what_was_forgotten_is_not_carried();
    a_packet_stays_within_the_bound();
    what_was_carried_once_is_carried_again_or_never();
    return check_report("red");
}

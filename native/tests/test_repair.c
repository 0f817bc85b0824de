/* Lost packets again: what is remembered of them, for how long, and how asking for them is read. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "vc_bytes.h"
#include "vc_engine.h"
#include "vc_history.h"
#include "vc_rtcp.h"
#include "vc_store.h"

static const uint8_t *payload_of(uint32_t serial, size_t length)
{
    static uint8_t bytes[VC_DATAGRAM_MAX + 1];
    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)(serial * 31 + i);
    return bytes;
}

static int put(vc_store *store, uint32_t serial, uint16_t length)
{
    vc_stored packet = {.serial = serial, .ext_seq = serial, .length = length};
    return vc_store_put(store, &packet, payload_of(serial, length));
}

/* Against a plain list: what is there is right, and what fits must be there. */
static void stored_packets_are_there_while_they_fit(void)
{
    enum { COUNT = 3000 };
    static uint16_t lengths[COUNT + 1];
    static int places[COUNT + 1];
    vc_store *store = malloc(sizeof *store);
    vc_store_clear(store);
    srand(1);
    for (uint32_t serial = 1; serial <= COUNT; serial++) {
        lengths[serial] = (uint16_t)(rand() % (serial < COUNT / 2 ? 200 : VC_DATAGRAM_MAX + 1));
        places[serial] = put(store, serial, lengths[serial]);
        size_t behind = 0;
        for (uint32_t back = 0; back < 80 && back < serial; back++) {
            uint32_t old = serial - back;
            const uint8_t *payload;
            const vc_stored *found = vc_store_get(store, (uint32_t)places[old], old, &payload);
            behind += lengths[old];
            if (back < VC_STORE_PACKETS && behind <= VC_STORE_BYTES - VC_DATAGRAM_MAX)
                CHECK(found != NULL);
            if (back >= VC_STORE_PACKETS || behind > VC_STORE_BYTES)
                CHECK(found == NULL);
            if (found != NULL)
                CHECK(found->length == lengths[old] && memcmp(payload, payload_of(old, lengths[old]), lengths[old]) == 0);
        }
    }
    CHECK_EQUAL(put(store, 1, VC_DATAGRAM_MAX + 1), VC_ERR_RANGE);
    free(store);
}

static void the_newest_come_first(void)
{
    vc_store *store = malloc(sizeof *store);
    vc_store_clear(store);
    CHECK_EQUAL(vc_store_newest(store, 0), VC_ERR_NOT_FOUND);
    for (uint32_t serial = 1; serial <= 70; serial++)
        CHECK_EQUAL(put(store, serial, 10), (serial - 1) % VC_STORE_PACKETS);
    CHECK_EQUAL(vc_store_newest(store, 0), 69 % VC_STORE_PACKETS);
    CHECK_EQUAL(vc_store_newest(store, 2), 67 % VC_STORE_PACKETS);
    CHECK_EQUAL(vc_store_newest(store, VC_STORE_PACKETS), VC_ERR_NOT_FOUND);
    free(store);
}

static void cleared_stores_give_nothing(void)
{
    vc_store *store = malloc(sizeof *store);
    const uint8_t *payload;
    vc_store_clear(store);
    CHECK(vc_store_get(store, 0, 0, &payload) == NULL);
    put(store, 5, 10);
    CHECK(vc_store_get(store, 0, 5, &payload) != NULL);
    CHECK(vc_store_get(store, 0, 4, &payload) == NULL);
    vc_store_clear(store);
    CHECK(vc_store_get(store, 0, 5, &payload) == NULL);
    free(store);
}

static void history_keeps_the_newest_numbers(void)
{
    vc_history history;
    vc_history_clear(&history);
    CHECK(vc_history_find(&history, 0) == NULL);
    for (uint32_t i = 0; i < 100; i++)
        vc_history_put(&history, &(vc_sent_packet){.serial = i + 1, .seq = (uint16_t)(65500 + i)});
    for (uint32_t i = 0; i < 100; i++) {
        const vc_sent_packet *found = vc_history_find(&history, (uint16_t)(65500 + i));
        CHECK((found != NULL) == (i >= 100 - VC_HISTORY_PACKETS));
        CHECK(found == NULL || found->serial == i + 1);
    }
}

static void resends_wait_for_a_round_trip_and_end(void)
{
    vc_sent_packet packet = {.serial = 1, .sent_ms = 0xffffffffu - 10}; /* the clock wraps */
    CHECK(!vc_history_may_resend(&packet, 20, 40));
    CHECK(vc_history_may_resend(&packet, 29, 40));
    CHECK(!vc_history_may_resend(&packet, 989, 40)); /* a second: nobody waits any more */
    packet.resends = VC_HISTORY_RESENDS;
    CHECK(!vc_history_may_resend(&packet, 29, 40));
}

static void nacks_read_item_by_item(void)
{
    uint8_t bytes[20] = {0x81, VC_RTCP_RTPFB, 0, 4};
    size_t offset = 0;
    vc_rtcp_packet packet;
    vc_nack nack;
    vc_put32(bytes + 8, 200);
    vc_put16(bytes + 12, 65535);
    vc_put16(bytes + 14, 0x8001);
    vc_put16(bytes + 16, 7);
    CHECK(vc_rtcp_next(bytes, sizeof bytes, &offset, &packet));
    CHECK_EQUAL(vc_rtcp_nack(&packet, 0, &nack), VC_OK);
    CHECK(nack.ssrc == 200 && nack.seq == 65535 && nack.following == 0x8001);
    CHECK_EQUAL(vc_rtcp_nack(&packet, 1, &nack), VC_OK);
    CHECK(nack.seq == 7 && nack.following == 0);
    CHECK_EQUAL(vc_rtcp_nack(&packet, 2, &nack), VC_ERR_RANGE);
    CHECK_EQUAL(vc_rtcp_nack(&packet, -1, &nack), VC_ERR_RANGE);
    packet.length -= 1;
    CHECK_EQUAL(vc_rtcp_nack(&packet, 1, &nack), VC_ERR_RANGE);
    packet.length = 3; /* no room for the SSRCs either */
    CHECK_EQUAL(vc_rtcp_nack(&packet, 0, &nack), VC_ERR_RANGE);
    packet.length = 16;
    packet.count = 15; /* transport-wide feedback */
    CHECK_EQUAL(vc_rtcp_nack(&packet, 0, &nack), VC_ERR_RANGE);
}

int main(void)
{
    stored_packets_are_there_while_they_fit();
    the_newest_come_first();
    cleared_stores_give_nothing();
    history_keeps_the_newest_numbers();
    resends_wait_for_a_round_trip_and_end();
    nacks_read_item_by_item();
    return check_report("repair");
}

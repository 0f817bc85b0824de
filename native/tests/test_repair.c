/* Lost packets again: what is remembered of them, for how long, and how asking for them is read. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "vc_bytes.h"
#include "vc_engine.h"
#include "vc_history.h"
#include "vc_missing.h"
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
    vc_voice_store *voice = malloc(sizeof *voice);
    vc_store *store = &voice->store;
    vc_voice_store_init(voice);
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
    free(voice);
}

static void the_newest_come_first(void)
{
    vc_voice_store *voice = malloc(sizeof *voice);
    vc_store *store = &voice->store;
    vc_voice_store_init(voice);
    CHECK_EQUAL(vc_store_newest(store, 0), VC_ERR_NOT_FOUND);
    for (uint32_t serial = 1; serial <= 70; serial++)
        CHECK_EQUAL(put(store, serial, 10), (serial - 1) % VC_STORE_PACKETS);
    CHECK_EQUAL(vc_store_newest(store, 0), 69 % VC_STORE_PACKETS);
    CHECK_EQUAL(vc_store_newest(store, 2), 67 % VC_STORE_PACKETS);
    CHECK_EQUAL(vc_store_newest(store, VC_STORE_PACKETS), VC_ERR_NOT_FOUND);
    free(voice);
}

static void cleared_stores_give_nothing(void)
{
    vc_voice_store *voice = malloc(sizeof *voice);
    vc_store *store = &voice->store;
    const uint8_t *payload;
    vc_voice_store_init(voice);
    CHECK(vc_store_get(store, 0, 0, &payload) == NULL);
    put(store, 5, 10);
    CHECK(vc_store_get(store, 0, 5, &payload) != NULL);
    CHECK(vc_store_get(store, 0, 4, &payload) == NULL);
    vc_store_forget(store);
    CHECK(vc_store_get(store, 0, 5, &payload) == NULL);
    CHECK_EQUAL(vc_store_newest(store, 0), VC_ERR_NOT_FOUND);
    put(store, 6, 0);
    CHECK(vc_store_get(store, 0, 6, &payload) != NULL);
    vc_store_forget(store);
    CHECK(vc_store_get(store, 0, 6, &payload) == NULL);
    free(voice);
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

static void a_late_number_is_sent_once_and_while_that_is_known(void)
{
    vc_history history;
    vc_history_clear(&history);
    vc_history_put(&history, &(vc_sent_packet){.serial = 1, .seq = 65535});
    CHECK(vc_history_may_send(&history, 4, 4));
    CHECK(vc_history_may_send(&history, 0, 4));
    CHECK(!vc_history_may_send(&history, 65535, 4));
    CHECK(vc_history_may_send(&history, (uint16_t)(5 - VC_HISTORY_PACKETS), 4));
    CHECK(!vc_history_may_send(&history, (uint16_t)(4 - VC_HISTORY_PACKETS), 4));
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

static void holes_are_asked_for_after_a_moment(void)
{
    vc_missing_packet room[VC_MISSING_MAX];
    vc_missing m;
    vc_missing_init(&m, room, VC_MISSING_MAX, 300, 3);
    uint16_t out[VC_MISSING_DUE_MAX];
    CHECK(!vc_missing_arrived(&m, 0x1fffd, 0x20001, 1000000)); /* over the end of the 16 bits */
    CHECK_EQUAL(vc_missing_due(&m, 1002999, 50000, out), 0);
    CHECK(!vc_missing_arrived(&m, 0x20001, 0x1ffff, 1002999)); /* merely overtaken */
    CHECK_EQUAL(vc_missing_due(&m, 1003000, 50000, out), 2);
    CHECK(out[0] == 0xfffe && out[1] == 0);
    CHECK_EQUAL(vc_missing_due(&m, 1052999, 50000, out), 0);
    CHECK(vc_missing_arrived(&m, 0x20001, 0x20000, 1052999)); /* it was asked for */
    CHECK_EQUAL(vc_missing_due(&m, 1053000, 50000, out), 1);
    CHECK_EQUAL(out[0], 0xfffe);
    CHECK_EQUAL(vc_missing_due(&m, 1103000, 50000, out), 1);
    CHECK_EQUAL(vc_missing_due(&m, 1153000, 50000, out), 0); /* three times, and then no more */
    CHECK_EQUAL(m.count, 0);
    CHECK(m.asked == 2 && m.recovered == 1);
}

static void long_holes_and_old_ones_are_left(void)
{
    vc_missing_packet room[VC_MISSING_MAX];
    vc_missing m;
    vc_missing_init(&m, room, VC_MISSING_MAX, 300, 3);
    uint16_t out[VC_MISSING_DUE_MAX];
    vc_missing_arrived(&m, 100, 100 + VC_MISSING_MAX + 1, 0);
    CHECK_EQUAL(m.count, VC_MISSING_MAX);
    vc_missing_arrived(&m, 200, 203, 0); /* the oldest make room */
    CHECK_EQUAL(m.count, VC_MISSING_MAX);
    CHECK(m.packets[VC_MISSING_MAX - 1].ext_seq == 202 && m.packets[0].ext_seq == 103);
    CHECK_EQUAL(vc_missing_due(&m, 300000, 0, out), 0);
    CHECK_EQUAL(m.count, 0);
    vc_missing_arrived(&m, 300, 302, 0);
    vc_missing_arrived(&m, 400, 400 + VC_MISSING_MAX + 2, 0);
    CHECK_EQUAL(m.count, 0);
}

static void who_never_answers_is_not_asked_for_ever(void)
{
    vc_missing_packet room[VC_MISSING_MAX];
    vc_missing m;
    vc_missing_init(&m, room, VC_MISSING_MAX, 300, 3);
    uint16_t out[VC_MISSING_DUE_MAX];
    uint64_t now_us = 0;
    for (uint32_t i = 0; i < 49; i++, now_us += 400000) {
        vc_missing_arrived(&m, 10 * i, 10 * i + 2, now_us);
        CHECK_EQUAL(vc_missing_due(&m, now_us + 3000, 20000, out), 1);
        CHECK(!m.is_deaf);
        vc_missing_due(&m, now_us + 399999, 20000, out);
    }
    vc_missing_arrived(&m, 1000, 1002, now_us);
    vc_missing_due(&m, now_us + 3000, 20000, out);
    CHECK(m.is_deaf);
}

/* What is written is read back, whatever the numbers. */
static void nacks_written_read_back(void)
{
    srand(3);
    for (int round = 0; round < 2000; round++) {
        uint16_t seqs[VC_RTCP_NACKS_MAX], seq = (uint16_t)rand();
        uint8_t bytes[12 + 4 * VC_RTCP_NACKS_MAX];
        int count = 1 + rand() % VC_RTCP_NACKS_MAX, at = 0;
        for (int i = 0; i < count; i++)
            seqs[i] = seq = (uint16_t)(seq + 1 + rand() % (round % 40 + 1));
        size_t size = vc_rtcp_write_nack(bytes, sizeof bytes, 1, 2, seqs, count), offset = 0;
        vc_rtcp_packet packet;
        vc_nack nack;
        CHECK(vc_rtcp_next(bytes, size, &offset, &packet) && offset == size);
        for (int item = 0; vc_rtcp_nack(&packet, item, &nack) == VC_OK; item++) {
            CHECK_EQUAL(nack.ssrc, 2);
            CHECK(at < count && seqs[at] == nack.seq);
            at++;
            for (int bit = 0; bit < 16; bit++)
                if (nack.following >> bit & 1)
                    CHECK(at < count && seqs[at++] == (uint16_t)(nack.seq + 1 + bit));
        }
        CHECK_EQUAL(at, count);
        CHECK_EQUAL(vc_rtcp_write_nack(bytes, 12 + 4 * (size_t)count - 1, 1, 2, seqs, count), 0);
    }
    CHECK_EQUAL(vc_rtcp_write_nack(NULL, 4000, 1, 2, NULL, 0), 0);
    CHECK_EQUAL(vc_rtcp_write_nack(NULL, 4000, 1, 2, NULL, VC_RTCP_NACKS_MAX + 1), 0);
}

int main(void)
{
    holes_are_asked_for_after_a_moment();
    long_holes_and_old_ones_are_left();
    who_never_answers_is_not_asked_for_ever();
    nacks_written_read_back();
    stored_packets_are_there_while_they_fit();
    the_newest_come_first();
    cleared_stores_give_nothing();
    history_keeps_the_newest_numbers();
    a_late_number_is_sent_once_and_while_that_is_known();
    resends_wait_for_a_round_trip_and_end();
    nacks_read_item_by_item();
    return check_report("repair");
}

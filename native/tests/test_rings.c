/* The two queues between the threads: order, fullness, wrap, and the wake-up that must never be missed. */
#include <pthread.h>
#include <string.h>

#include "check.h"
#include "vc_cmdq.h"
#include "vc_ring.h"

static void records_come_out_as_they_went_in(void)
{
    vc_ring ring;
    static uint8_t payload[1500], out[4096];
    CHECK(vc_ring_init(&ring, 8192) == VC_OK);
    for (int round = 0; round < 500; round++) { /* every offset of the wrap */
        size_t length = (size_t)(round * 7 % 1500);
        memset(payload, round, sizeof payload);
        CHECK_EQUAL(vc_ring_push(&ring, (vc_record){.kind = 3, .index = round}, payload, length, 0), 1);
        CHECK_EQUAL(vc_ring_push(&ring, (vc_record){.kind = 4}, NULL, 0, 0), 0);
        size_t got = vc_ring_pop(&ring, out, sizeof out);
        vc_record first, second;
        memcpy(&first, out, sizeof first);
        memcpy(&second, out + first.size, sizeof second);
        CHECK_EQUAL(got, first.size + second.size);
        CHECK_EQUAL(first.index, round);
        CHECK_EQUAL(first.length, length);
        CHECK(memcmp(out + sizeof first, payload, length) == 0);
        CHECK_EQUAL(second.kind, 4);
        CHECK(vc_ring_is_empty(&ring));
    }
    vc_ring_free(&ring);
}

static void a_full_ring_refuses_and_recovers(void)
{
    vc_ring ring;
    static uint8_t payload[1000], out[8192];
    int pushed = 0, popped = 0;
    CHECK(vc_ring_init(&ring, 1) == VC_OK);
    while (vc_ring_push(&ring, (vc_record){.kind = 3}, payload, sizeof payload, 2048) >= 0)
        pushed++;
    CHECK(vc_ring_has_room(&ring));
    while (vc_ring_push(&ring, (vc_record){.kind = 1}, NULL, 0, 0) >= 0)
        pushed++;
    CHECK(!vc_ring_has_room(&ring));
    CHECK_EQUAL(vc_ring_push(&ring, (vc_record){.kind = 3}, payload, UINT16_MAX + 1, 0), VC_ERR_FULL);
    CHECK_EQUAL(vc_ring_pop(&ring, out, 100), 0); /* no room for the first */
    size_t got = vc_ring_pop(&ring, out, sizeof out);
    for (size_t at = 0; at < got; popped++) {
        vc_record record;
        memcpy(&record, out + at, sizeof record);
        at += record.size;
    }
    CHECK_EQUAL(popped, pushed);
    CHECK_EQUAL(vc_ring_push(&ring, (vc_record){.kind = 3}, payload, sizeof payload, 0), 1);
    vc_ring_free(&ring);
}

enum { MANY = 200000 };

static void *produce(void *arg)
{
    vc_ring *ring = arg;
    for (int i = 0; i < MANY; i++)
        while (vc_ring_push(ring, (vc_record){.kind = 3, .index = i}, (const uint8_t *)&i, sizeof i, 0) < 0)
            ;
    return NULL;
}

static void a_ring_between_threads_loses_nothing(void)
{
    vc_ring ring;
    pthread_t thread;
    static uint8_t out[4096];
    int expected = 0;
    CHECK(vc_ring_init(&ring, 8192) == VC_OK);
    pthread_create(&thread, NULL, produce, &ring);
    while (expected < MANY) {
        size_t got = vc_ring_pop(&ring, out, sizeof out);
        for (size_t at = 0; at < got; expected++) {
            vc_record record;
            int payload;
            memcpy(&record, out + at, sizeof record);
            memcpy(&payload, out + at + sizeof record, sizeof payload);
            if (record.index != expected || payload != expected)
                CHECK_EQUAL(record.index, expected);
            at += record.size;
        }
    }
    pthread_join(thread, NULL);
    CHECK(vc_ring_is_empty(&ring));
    vc_ring_free(&ring);
}

static void *command(void *arg)
{
    vc_cmdq *queue = arg;
    for (int i = 0; i < MANY; i++)
        while (vc_cmdq_push(queue, &(vc_command){.index = i, .other = ~i}) < 0)
            ;
    return NULL;
}

static void commands_between_threads_keep_their_order(void)
{
    vc_cmdq queue;
    pthread_t thread;
    vc_command got;
    CHECK(vc_cmdq_init(&queue, 1) == VC_OK);
    pthread_create(&thread, NULL, command, &queue);
    for (int i = 0; i < MANY;) {
        if (!vc_cmdq_pop(&queue, &got))
            continue;
        if (got.index != i || got.other != ~i)
            CHECK_EQUAL(got.index, i);
        i++;
    }
    pthread_join(thread, NULL);
    CHECK(vc_cmdq_is_empty(&queue));
    vc_cmdq_free(&queue);
}

int main(void)
{
    records_come_out_as_they_went_in();
    a_full_ring_refuses_and_recovers();
    a_ring_between_threads_loses_nothing();
    commands_between_threads_keep_their_order();
    return check_report("rings");
}

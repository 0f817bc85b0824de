#include "vc_wheel.h"

#include <stdlib.h>
#include <string.h>

#include "vc_engine.h"

int vc_wheel_init(vc_wheel *wheel, uint32_t count, uint64_t now_us)
{
    memset(wheel->heads, 0xff, sizeof wheel->heads);
    wheel->next = malloc(count * sizeof *wheel->next);
    wheel->prev = malloc(count * sizeof *wheel->prev);
    wheel->bucket = malloc(count * sizeof *wheel->bucket);
    wheel->tick = now_us / VC_WHEEL_TICK_US;
    wheel->armed = 0;
    if (wheel->next == NULL || wheel->prev == NULL || wheel->bucket == NULL)
        return VC_ERR_NOMEM;
    memset(wheel->bucket, 0xff, count * sizeof *wheel->bucket);
    return VC_OK;
}

void vc_wheel_free(vc_wheel *wheel)
{
    free(wheel->next);
    free(wheel->prev);
    free(wheel->bucket);
}

void vc_wheel_arm(vc_wheel *wheel, int32_t thing, uint64_t now_us, uint64_t delay_us)
{
    vc_wheel_disarm(wheel, thing);
    uint64_t due = (now_us + delay_us) / VC_WHEEL_TICK_US + 1; /* never early */
    if (due < wheel->tick)
        due = wheel->tick;
    if (due - wheel->tick >= VC_WHEEL_BUCKETS)
        due = wheel->tick + VC_WHEEL_BUCKETS - 1;
    int32_t bucket = (int32_t)(due % VC_WHEEL_BUCKETS);
    int32_t first = wheel->heads[bucket];
    wheel->next[thing] = first;
    wheel->prev[thing] = -1;
    wheel->bucket[thing] = (int16_t)bucket;
    if (first >= 0)
        wheel->prev[first] = thing;
    wheel->heads[bucket] = thing;
    wheel->armed++;
}

void vc_wheel_disarm(vc_wheel *wheel, int32_t thing)
{
    if (wheel->bucket[thing] < 0)
        return;
    int32_t next = wheel->next[thing], prev = wheel->prev[thing];
    if (next >= 0)
        wheel->prev[next] = prev;
    if (prev >= 0)
        wheel->next[prev] = next;
    else
        wheel->heads[wheel->bucket[thing]] = next;
    wheel->bucket[thing] = -1;
    wheel->armed--;
}

int32_t vc_wheel_take(vc_wheel *wheel, uint64_t now_us)
{
    uint64_t now_tick = now_us / VC_WHEEL_TICK_US;
    if (wheel->armed == 0) {
        if (wheel->tick < now_tick)
            wheel->tick = now_tick;
        return -1;
    }
    /* After a long sleep every bucket is due: one turn of the wheel finds them all. */
    if (now_tick >= wheel->tick + VC_WHEEL_BUCKETS)
        wheel->tick = now_tick - VC_WHEEL_BUCKETS + 1;
    for (; wheel->tick <= now_tick; wheel->tick++) {
        int32_t thing = wheel->heads[wheel->tick % VC_WHEEL_BUCKETS];
        if (thing >= 0) {
            vc_wheel_disarm(wheel, thing);
            return thing;
        }
    }
    return -1;
}

uint64_t vc_wheel_wait_us(const vc_wheel *wheel, uint64_t now_us)
{
    if (wheel->armed == 0)
        return UINT64_MAX;
    for (uint64_t tick = wheel->tick; tick < wheel->tick + VC_WHEEL_BUCKETS; tick++) {
        if (wheel->heads[tick % VC_WHEEL_BUCKETS] >= 0) {
            uint64_t due_us = tick * VC_WHEEL_TICK_US;
            return due_us > now_us ? due_us - now_us : 0;
        }
    }
    return 0;
}

/* vc_wheel.h - one timer for each of n things, all due within two seconds, O(1). */
#ifndef VC_WHEEL_H
#define VC_WHEEL_H
#include <stdint.h>

enum { VC_WHEEL_BUCKETS = 256, VC_WHEEL_TICK_US = 8000 };

typedef struct {
    int32_t heads[VC_WHEEL_BUCKETS]; /* each a doubly linked list, -1 ends it */
    int32_t *next, *prev;
    int16_t *bucket; /* where the thing waits, -1 = nowhere */
    uint64_t tick;   /* the next to be looked at */
    uint32_t armed;
} vc_wheel;

/* Timers for 'count' things, none armed.  VC_OK or VC_ERR_NOMEM; release with vc_wheel_free(). */
int vc_wheel_init(vc_wheel *wheel, uint32_t count, uint64_t now_us);
void vc_wheel_free(vc_wheel *wheel);

/* Let 'thing' be due in 'delay_us' (kept within the wheel's two seconds), instead of whenever it was due. */
void vc_wheel_arm(vc_wheel *wheel, int32_t thing, uint64_t now_us, uint64_t delay_us);
void vc_wheel_disarm(vc_wheel *wheel, int32_t thing);

/* One thing that is due, disarmed; -1 when there is none. */
int32_t vc_wheel_take(vc_wheel *wheel, uint64_t now_us);

/* Microseconds until something can be due; UINT64_MAX when nothing is armed. */
uint64_t vc_wheel_wait_us(const vc_wheel *wheel, uint64_t now_us);
#endif

/* slow_protect.c - srtp_protect, and a tenth of a millisecond more: what a bad change of the engine might cost. */
#include <stdint.h>
#include <time.h>

enum { ADDED_NS = 100000 };

typedef int (*protector)(void *session, void *packet, int *length);

static protector real;

void slow_protect_by(uintptr_t address)
{
    real = (protector)address;
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int slow_protect(void *session, void *packet, int *length)
{
    int64_t until = now_ns() + ADDED_NS;
    while (now_ns() < until)
        continue;
    return real(session, packet, length);
}

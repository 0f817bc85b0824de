/* vc_sched.h - the scheduling of the media thread: the largest latency lever there is on a busy machine. */
#ifndef VC_SCHED_H
#define VC_SCHED_H
#include <stdint.h>

#include "vc_engine.h"

/* struct sched_attr of sched_setattr(2); glibc 2.36 has neither it nor a wrapper. */
typedef struct {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
} vc_sched_saved;

/* Ask for SCHED_FIFO, else for a 100 us slice (Linux 6.12, no privilege), for the calling thread; remember in
 * 'saved' what it had.  What it got. */
vc_sched vc_sched_raise(vc_sched_saved *saved);

/* Give back: the thread may be used for something else afterwards. */
void vc_sched_restore(const vc_sched_saved *saved);
#endif

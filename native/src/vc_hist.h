/* vc_hist.h - log-linear histogram of nanoseconds: 32 buckets per octave (3 % apart), one writer. */
#ifndef VC_HIST_H
#define VC_HIST_H
#include <stdint.h>

#include "vc_atomic.h"
#include "vc_engine.h"

typedef struct {
    vc_figure buckets[VC_HIST_BUCKETS];
} vc_hist;

/* Where 'ns' falls; the last bucket takes all that is too long (over 70 s). */
int vc_hist_bucket(uint64_t ns);
void vc_hist_add(vc_hist *hist, uint64_t ns);
#endif

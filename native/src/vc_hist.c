#include "vc_hist.h"

enum { UNIT_SHIFT = 8, SUB_SHIFT = 5, SUB = 1 << SUB_SHIFT }; /* steps of 256 ns until 16 µs, then growing */

int vc_hist_bucket(uint64_t ns)
{
    uint64_t v = ns >> UNIT_SHIFT;
    if (v < 2 * SUB)
        return (int)v;
    int octave = 63 - __builtin_clzll(v) - SUB_SHIFT;
    int bucket = octave * SUB + (int)(v >> octave);
    return bucket < VC_HIST_BUCKETS ? bucket : VC_HIST_BUCKETS - 1;
}

uint64_t vc_hist_floor_ns(int bucket)
{
    if (bucket < 2 * SUB)
        return bucket < 0 ? 0 : (uint64_t)bucket << UNIT_SHIFT;
    int octave = bucket / SUB - 1;
    return (uint64_t)(bucket - octave * SUB) << (octave + UNIT_SHIFT);
}

void vc_hist_add(vc_hist *hist, uint64_t ns)
{
    vc_figure_add(&hist->buckets[vc_hist_bucket(ns)], 1);
}

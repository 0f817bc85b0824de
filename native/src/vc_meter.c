#include "vc_meter.h"

#include "vc_table.h"

/* Kept as time, not tokens: a token costs 1/per_s seconds, and time itself pays it back.  No fractions are lost. */
bool vc_bucket_take(vc_bucket *bucket, uint32_t per_s, uint32_t burst, uint64_t now_us)
{
    if (per_s == 0 || burst == 0)
        return false;
    uint32_t cost_us = 1000000 / per_s;
    return vc_bucket_spend(bucket, cost_us, burst * cost_us, now_us);
}

bool vc_bucket_spend(vc_bucket *bucket, uint64_t cost_us, uint32_t burst_us, uint64_t now_us)
{
    uint64_t passed = now_us > bucket->last_us ? now_us - bucket->last_us : 0;
    uint64_t missing = bucket->missing_us > passed ? bucket->missing_us - passed : 0;
    bucket->last_us = now_us;
    bucket->missing_us = (uint32_t)missing;
    if (missing + cost_us > burst_us)
        return false;
    bucket->missing_us = (uint32_t)(missing + cost_us);
    return true;
}

bool vc_sources_take(vc_sources *sources, const uint8_t ip[16], uint32_t per_s, uint32_t burst, uint64_t now_us)
{
    /* One subscriber line often owns a whole /64: for IPv6 the network is the source. */
    bool is_v4 = true;
    for (int i = 0; i < 10; i++)
        is_v4 = is_v4 && ip[i] == 0;
    uint64_t hash = vc_siphash13(sources->seed, ip, is_v4 ? 16 : 8);
    return vc_bucket_take(&sources->buckets[hash % VC_SOURCES], per_s, burst, now_us);
}

/* vc_meter.h - token buckets: how much of what strangers send may reach Python. */
#ifndef VC_METER_H
#define VC_METER_H
#include <stdbool.h>
#include <stdint.h>

/* A bucket that was never used is full. */
typedef struct {
    uint64_t last_us;
    uint32_t missing_us; /* after this much time it is full again */
} vc_bucket;

/* Take one token of a bucket that gains 'per_s' and holds 'burst'.  False when it is empty. */
bool vc_bucket_take(vc_bucket *bucket, uint32_t per_s, uint32_t burst, uint64_t now_us);

/* Take 'cost_us' of a bucket that regains a microsecond in each and holds 'burst_us'.  False when it has not as much. */
bool vc_bucket_spend(vc_bucket *bucket, uint64_t cost_us, uint32_t burst_us, uint64_t now_us);

enum { VC_SOURCES = 1024 };

/* One bucket per source address, hashed: sources that collide share, which only makes a flood slower. */
typedef struct {
    vc_bucket buckets[VC_SOURCES];
    uint8_t seed[16];
} vc_sources;

/* The address of the host, without its port. */
bool vc_sources_take(vc_sources *sources, const uint8_t ip[16], uint32_t per_s, uint32_t burst, uint64_t now_us);
#endif

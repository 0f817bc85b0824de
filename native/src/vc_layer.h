/* vc_layer.h - what the engine knows of a published layer of video beyond its track (vc_track): the packets that may
 * be asked for again, who waits for its next keyframe, and how much it may send. */
#ifndef VC_LAYER_H
#define VC_LAYER_H
#include <stdbool.h>
#include <stdint.h>

#include "vc_meter.h"
#include "vc_missing.h"
#include "vc_store.h"

enum {
    VC_LAYER_PACKETS = 1024,        /* powers of two: more than a second of 8 Mbit/s */
    VC_LAYER_BYTES = 512 * 1024,    /* half a second of it */
    VC_LAYER_MISSING_MAX = 128,     /* more is mended by a keyframe */
};

/* What came of a layer so far. */
typedef struct {
    uint32_t newest_ext, received, recovered;
} vc_layer_count;

typedef struct {
    int32_t waiting;         /* the first of the slots that get it with its next keyframe, or VC_NONE */
    int32_t wanted_at;       /* its place in the engine's wanted, or VC_NONE */
    bool is_wanted;          /* a keyframe, and nobody asked for it since */
    bool is_awaited;         /* it was asked for and has not come */
    uint32_t max_bits_per_s; /* 0 = no limit */
    vc_bucket bits;
    uint64_t asked_us;
    uint32_t recovered; /* packets that came when they were asked for */
    vc_layer_count counted; /* when its publisher's path was looked at last */
    vc_store store;
    vc_missing_packet missing[VC_LAYER_MISSING_MAX];
    vc_stored packets[VC_LAYER_PACKETS];
    uint8_t bytes[VC_LAYER_BYTES];
} vc_layer;

/* A layer nobody waits for; touches only the beginning of its memory. */
void vc_layer_init(vc_layer *layer, uint32_t max_bits_per_s);

/* May a packet of that payload still be passed on? */
bool vc_layer_takes(vc_layer *layer, size_t payload_length, uint64_t now_us);
#endif

#include "vc_layer.h"

enum {
    BURST_US = 2000000, /* a keyframe of a screen is as much as seconds of what follows it */
    CHARGED_MIN = 100,  /* bytes: no limit of bits lets a flood of small packets through */
    NOBODY = -1,
};

void vc_layer_init(vc_layer *layer, uint32_t max_bits_per_s)
{
    layer->waiting = layer->wanted_at = NOBODY;
    layer->is_wanted = layer->is_awaited = false;
    layer->max_bits_per_s = max_bits_per_s;
    layer->bits = (vc_bucket){0, 0};
    layer->asked_us = 0;
    layer->recovered = 0;
    layer->counted = (vc_layer_count){0};
    vc_store_init(&layer->store, layer->packets, VC_LAYER_PACKETS, layer->bytes, VC_LAYER_BYTES);
}

bool vc_layer_takes(vc_layer *layer, size_t payload_length, uint64_t now_us)
{
    if (layer->max_bits_per_s == 0)
        return true;
    uint64_t bits = 8 * (uint64_t)(payload_length > CHARGED_MIN ? payload_length : CHARGED_MIN);
    return vc_bucket_spend(&layer->bits, bits * 1000000 / layer->max_bits_per_s, BURST_US, now_us);
}

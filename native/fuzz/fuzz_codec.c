/* Descriptors of video packets: nothing past their end is read, and numbers that are set are found again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vc_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_same(const vc_picture *a, const vc_picture *b)
{
    return a->is_keyframe == b->is_keyframe && a->id_bytes == b->id_bytes && a->has_tl0 == b->has_tl0 &&
           (a->id_bytes == 0 || a->id_at == b->id_at) && (!a->has_tl0 || a->tl0_at == b->tl0_at);
}

static void check(vc_codec codec, uint8_t *payload, size_t size)
{
    vc_picture picture, again;
    if (vc_codec_read(codec, payload, size, &picture) != VC_OK)
        return;
    if (picture.id_bytes > 2 || (size_t)picture.id_at + picture.id_bytes > size ||
        (picture.has_tl0 && picture.tl0_at >= size))
        abort();
    uint16_t id = picture.id_bytes == 2 ? 0x5a5a : picture.id_bytes == 1 ? 0x2a : 0;
    uint8_t tl0 = picture.has_tl0 ? 0xc3 : 0;
    vc_codec_set(&picture, payload, id, tl0);
    if (vc_codec_read(codec, payload, size, &again) != VC_OK || !is_same(&picture, &again) ||
        vc_codec_id(&again, payload) != id || vc_codec_tl0(&again, payload) != tl0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int codec = VC_CODEC_NONE; codec <= VC_CODEC_AV1; codec++) {
        uint8_t *copy = malloc(size ? size : 1); /* exactly as long, so that the sanitizer sees one byte too many */
        memcpy(copy, data, size);
        check((vc_codec)codec, copy, size);
        free(copy);
    }
    return 0;
}

/* A datagram's kind and the user fragment of a Binding request: an answer for any bytes, none read past the end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vc_demux.h"
#include "vc_engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1); /* exactly as long, so that the sanitizer sees one byte too many */
    const uint8_t *ufrag;
    size_t length;
    memcpy(copy, data, size);
    vc_kind kind = vc_demux_kind(copy, size);
    int status = vc_demux_ufrag(copy, size, &ufrag, &length);
    if (status == VC_OK && (length == 0 || length > VC_UFRAG_MAX || ufrag < copy || ufrag + length >= copy + size ||
                            ufrag[length] != ':' || memchr(ufrag, ':', length) != NULL))
        abort();
    if (status == VC_OK && size <= VC_DATAGRAM_MAX && kind != VC_KIND_STUN)
        abort(); /* the engine would never have asked */
    free(copy);
    return 0;
}

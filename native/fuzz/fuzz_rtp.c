/* RTP headers, their extensions and padding: whatever is accepted lies inside the packet and can be written again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vc_engine.h"
#include "vc_rtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_extensions(const vc_rtp *rtp, const uint8_t *packet)
{
    for (int id = 0; id < 256; id++) {
        const uint8_t *value;
        size_t length;
        int status = vc_rtp_extension(rtp, (uint8_t)id, &value, &length);
        if (status == VC_OK && (value < packet || value + length > packet + rtp->header_length))
            abort();
        uint8_t level = vc_rtp_level(rtp, (uint8_t)id);
        if (level != VC_LEVEL_NONE && (level > VC_LEVEL_SILENCE || status != VC_OK))
            abort();
    }
}

static void check_written(const vc_rtp *rtp)
{
    uint8_t header[VC_RTP_HEADER_ROOM];
    vc_rtp again;
    size_t length = vc_rtp_write(header, rtp, 1, 30);
    if (length > sizeof header || vc_rtp_parse(header, length, &again) != VC_OK || again.header_length != length)
        abort();
    if (again.seq != rtp->seq || again.ts != rtp->ts || again.ssrc != rtp->ssrc || again.pt != rtp->pt || again.padding)
        abort(); /* padding is taken off before a packet is forwarded, so its bit must be as well */
    if (vc_rtp_level(&again, 1) != 30)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1); /* exactly as long, so that the sanitizer sees one byte too many */
    vc_rtp rtp;
    memcpy(copy, data, size);
    if (vc_rtp_parse(copy, size, &rtp) == VC_OK) {
        int payload = vc_rtp_payload(&rtp, copy, size);
        if (rtp.header_length > size || (payload >= 0 && (size_t)payload > size - rtp.header_length))
            abort();
        check_extensions(&rtp, copy);
        check_written(&rtp);
    }
    free(copy);
    return 0;
}

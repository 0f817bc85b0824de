/* Whatever bytes arrive, every parser answers with a value or VC_ERR_*, and never reads past the end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vc_demux.h"
#include "vc_rtcp.h"
#include "vc_rtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_rtp(const uint8_t *data, size_t size)
{
    vc_rtp rtp;
    if (vc_rtp_parse(data, size, &rtp) != VC_OK)
        return;
    int payload = vc_rtp_payload(&rtp, data, size);
    if (rtp.header_length > size || (payload >= 0 && (size_t)payload > size - rtp.header_length))
        abort();
    for (int id = 0; id < 256; id++) {
        const uint8_t *value;
        size_t length;
        if (vc_rtp_extension(&rtp, (uint8_t)id, &value, &length) == VC_OK && value + length > data + rtp.header_length)
            abort();
        vc_rtp_level(&rtp, (uint8_t)id);
    }
}

static void fuzz_rtcp(const uint8_t *data, size_t size)
{
    size_t offset = 0;
    vc_rtcp_packet packet;
    while (vc_rtcp_next(data, size, &offset, &packet)) {
        vc_sender_info info;
        vc_report_block block;
        uint32_t ssrc;
        vc_nack nack;
        vc_rtcp_sender_info(&packet, &info);
        for (int i = -1; i < 33; i++) {
            vc_rtcp_report_block(&packet, i, &block);
            vc_rtcp_bye_ssrc(&packet, i, &ssrc);
            vc_rtcp_nack(&packet, i, &nack);
        }
    }
    if (vc_rtcp_is_valid(data, size) && offset != size)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1); /* exactly as long, so that the sanitizer sees one byte too many */
    const uint8_t *ufrag;
    size_t length;
    memcpy(copy, data, size);
    vc_demux_kind(copy, size);
    if (vc_demux_ufrag(copy, size, &ufrag, &length) == VC_OK && (length == 0 || length > VC_UFRAG_MAX))
        abort();
    fuzz_rtp(copy, size);
    fuzz_rtcp(copy, size);
    free(copy);
    return 0;
}

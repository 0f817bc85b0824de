/* vc_input.h - a datagram arrives: to Python, to the packet path, or to a counter. */
#ifndef VC_INPUT_H
#define VC_INPUT_H
#include "vc_codec.h"
#include "vc_state.h"

/* Whatever the bytes are, exactly one thing happens to the datagram; its buffer may be written to. */
void vc_input_datagram(vc_engine *e, const vc_datagram *datagram);

/* Does it say that it is video?  Nothing of it is believed yet. */
static inline bool vc_input_is_video(const vc_engine *e, const vc_datagram *datagram)
{
    bool is_media = datagram->length >= 2 && (datagram->data[0] & 0xc0) == 0x80;
    return is_media && vc_codec_is_video(e->config.payload_codecs[datagram->data[1] & 0x7f]);
}
#endif

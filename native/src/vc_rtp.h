/* vc_rtp.h - RTP headers (RFC 3550 §5.1) with their extensions (RFC 8285), read and written. */
#ifndef VC_RTP_H
#define VC_RTP_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vc_engine.h"

typedef struct {
    uint8_t pt;
    bool marker;
    bool padding;
    uint16_t seq;
    uint32_t ts;
    uint32_t ssrc;
    size_t header_length; /* fixed part, CSRCs and extensions */
    uint16_t ext_profile; /* 0 = none */
    const uint8_t *ext;   /* the extension's words */
    size_t ext_length;
} vc_rtp;

enum { VC_RTP_FIXED = 12, VC_RTP_HEADER_ROOM = 20, VC_LEVEL_SILENCE = 127, VC_LEVEL_NONE = 255 };

/* Read the header of 'data'.  VC_OK, or VC_ERR_RANGE when it is not RTP or does not fit in 'length'. */
int vc_rtp_parse(const uint8_t *data, size_t length, vc_rtp *out);

/* Length of the payload without padding: needs the decrypted packet.  VC_ERR_RANGE when the padding lies. */
int vc_rtp_payload(const vc_rtp *rtp, const uint8_t *data, size_t length);

/* The data of the extension element 'id'.  VC_OK, or VC_ERR_NOT_FOUND (also when the elements are malformed). */
int vc_rtp_extension(const vc_rtp *rtp, uint8_t id, const uint8_t **value, size_t *length);

/* The RFC 6464 level in -dBov (0..127) under extension 'id', or VC_LEVEL_NONE. */
uint8_t vc_rtp_level(const vc_rtp *rtp, uint8_t id);

/* Write a header (room VC_RTP_HEADER_ROOM) with the given fields and, when 'level_ext' is not 0 and 'level' not
 * VC_LEVEL_NONE, the level extension.  Its length. */
size_t vc_rtp_write(uint8_t *out, const vc_rtp *fields, uint8_t level_ext, uint8_t level);
/* The same with the transport-wide number 'number' under extension 'ext' (1..14). */
size_t vc_rtp_write_numbered(uint8_t *out, const vc_rtp *fields, uint8_t ext, uint16_t number);
#endif

/* vc_rtcp.h - compound RTCP (RFC 3550 §6, reduced size allowed by RFC 5506), read and written. */
#ifndef VC_RTCP_H
#define VC_RTCP_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vc_engine.h"

enum {
    VC_RTCP_SR = 200,
    VC_RTCP_RR = 201,
    VC_RTCP_SDES = 202,
    VC_RTCP_BYE = 203,
    VC_RTCP_RTPFB = 205,
    VC_RTCP_PSFB = 206,
    VC_RTCP_FB_NACK = 1,     /* formats of RTPFB */
    VC_RTCP_FB_TRANSPORT = 15,
    VC_RTCP_FB_PLI = 1,      /* formats of PSFB */
    VC_RTCP_FB_FIR = 4,
    VC_RTCP_FB_APPLICATION = 15,
    VC_RTCP_BLOCK = 24,      /* bytes of a report block */
    VC_RTCP_SR_BYTES = 28,   /* of an SR without blocks */
    VC_RTCP_BLOCKS_MAX = 31,
    VC_RTCP_NACKS_MAX = 64,
};

/* One packet of a compound; 'body' starts behind the 4-byte header, padding is cut off. */
typedef struct {
    uint8_t type;
    uint8_t count; /* report blocks, sources, or the feedback format */
    const uint8_t *body;
    size_t length;
} vc_rtcp_packet;

typedef struct {
    uint32_t ssrc;
    uint8_t fraction_lost;
    int32_t lost;
    uint32_t ext_seq;
    uint32_t jitter;
    uint32_t last_sr;
    uint32_t since_sr; /* 1/65536 s */
} vc_report_block;

typedef struct {
    uint32_t ssrc;
    uint64_t ntp; /* seconds since 1900 and their fraction */
    uint32_t rtp_ts;
    uint32_t packets;
    uint32_t bytes;
} vc_sender_info;

/* Is all of 'data' a chain of well-formed packet headers?  Check once, then iterate. */
bool vc_rtcp_is_valid(const uint8_t *data, size_t length);

/* Read the packet at *offset and step over it.  False at the end or when what follows is malformed. */
bool vc_rtcp_next(const uint8_t *data, size_t length, size_t *offset, vc_rtcp_packet *out);

/* One item of a generic NACK (RFC 4585 §6.2.1): bit i of 'following' means that seq + 1 + i is missing too. */
typedef struct {
    uint32_t ssrc; /* of the stream it is about */
    uint16_t seq;
    uint16_t following;
} vc_nack;

/* VC_OK, or VC_ERR_RANGE when the packet is none or too short. */
int vc_rtcp_sender_info(const vc_rtcp_packet *packet, vc_sender_info *out);
/* Report block 'i' of an SR or RR; VC_ERR_RANGE past the end. */
int vc_rtcp_report_block(const vc_rtcp_packet *packet, int i, vc_report_block *out);
/* SSRC 'i' of a BYE; VC_ERR_RANGE past the end. */
int vc_rtcp_bye_ssrc(const vc_rtcp_packet *packet, int i, uint32_t *ssrc);
/* Item 'i' of a generic NACK; VC_ERR_RANGE past the end, and when it is none. */
int vc_rtcp_nack(const vc_rtcp_packet *packet, int i, vc_nack *out);
/* The stream a PLI (RFC 4585 §6.3.1) is about; VC_ERR_RANGE when it is none. */
int vc_rtcp_pli(const vc_rtcp_packet *packet, uint32_t *ssrc);
/* Item 'i' of a FIR (RFC 5104 §4.3.1): a stream, and the number of the request; VC_ERR_RANGE past the end. */
int vc_rtcp_fir(const vc_rtcp_packet *packet, int i, uint32_t *ssrc, uint8_t *seq);

/* Each writer appends at 'out' (room 'cap'); bytes written, 0 when they do not fit. */
size_t vc_rtcp_write_rr(uint8_t *out, size_t cap, uint32_t ssrc, const vc_report_block *blocks, int count);
size_t vc_rtcp_write_sr(uint8_t *out, size_t cap, const vc_sender_info *info);
/* A generic NACK: 'seqs' in their order, at most VC_RTCP_NACKS_MAX. */
size_t vc_rtcp_write_nack(uint8_t *out, size_t cap, uint32_t sender, uint32_t ssrc, const uint16_t *seqs, int count);
size_t vc_rtcp_write_pli(uint8_t *out, size_t cap, uint32_t sender, uint32_t ssrc);
/* SDES with one CNAME (at most VC_CNAME_MAX bytes). */
size_t vc_rtcp_write_cname(uint8_t *out, size_t cap, uint32_t ssrc, const char *cname, size_t length);
#endif

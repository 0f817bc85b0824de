/* vc_view.h - what the engine knows of a slot for video beyond what every slot has (vc_slot): the layer that is to
 * take over, the picture numbers that go on over such a switch, and what was sent under which number.
 *
 * As in vc_history.h, what is sent again under one SSRC and number is the same to the bit. */
#ifndef VC_VIEW_H
#define VC_VIEW_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vc_codec.h"

enum {
    VC_VIEW_PACKETS = 1024, /* a power of two */
    VC_VIEW_RESENDS = 8,    /* of one packet */
    VC_VIEW_CREDIT_MAX = 800,
};

typedef struct {
    uint32_t serial; /* in the store of its track; 0 = nothing here */
    uint32_t ts;
    uint32_t sent_ms; /* the last time */
    int32_t track;
    uint16_t seq;
    uint16_t place; /* in the track's store */
    uint16_t id;    /* of its picture, as it was sent */
    uint8_t tl0;
    uint8_t pt;
    uint8_t resends : 7;
    uint8_t marker : 1;
} vc_view_packet;

/* Adds to the numbers of a source what makes them go on from those of the source before. */
typedef struct {
    bool has_sent;
    uint16_t id, id_shift; /* the newest sent */
    uint8_t tl0, tl0_shift;
} vc_pictures;

typedef struct {
    int32_t next;              /* the track that takes over with its next keyframe, or VC_NONE */
    int32_t behind, before;    /* in the list of slots that wait for the same, or VC_NONE */
    uint32_t rtx_ssrc;         /* 0 = sent again under its own SSRC */
    uint16_t rtx_seq;          /* the next */
    uint16_t resend_credit;
    bool has_fir;
    uint8_t fir_seq;
    vc_pictures pictures;
    uint64_t keyframe_us; /* when one was sent to it last */
    uint32_t since;       /* serials up to this one are forgotten */
    vc_view_packet packets[VC_VIEW_PACKETS];
} vc_view;

/* A view that was sent nothing; touches only the beginning of its memory.  stored: the newest serial. */
void vc_view_init(vc_view *view, uint32_t rtx_ssrc, uint16_t first_rtx_seq, uint32_t stored);

/* What was stored up to now can no more be asked for. */
void vc_view_forget(vc_view *view, uint32_t stored);

void vc_view_put(vc_view *view, const vc_view_packet *packet);
/* The packet sent under 'seq', or NULL when it is forgotten or never was. */
vc_view_packet *vc_view_find(vc_view *view, uint16_t seq);
/* As vc_history_may_send(). */
static inline bool vc_view_may_send(vc_view *view, uint16_t seq, uint16_t newest)
{
    uint16_t behind = (uint16_t)(newest - seq);
    return behind == 0 || (behind < VC_VIEW_PACKETS && vc_view_find(view, seq) == NULL);
}
/* May it be sent again?  Not while the copy before may be on its way, nor for ever. */
bool vc_view_may_resend(const vc_view_packet *packet, uint32_t now_ms, uint32_t rtt_ms);

/* The numbers for a packet with 'id' and 'tl0' of its source; 'begins': another source, or a pause, begins with it.
 * is_newest: no later packet was sent. */
void vc_pictures_next(vc_pictures *p, const vc_picture *picture, uint16_t *id, uint8_t *tl0, bool begins, bool is_newest);
#endif

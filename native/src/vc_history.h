/* vc_history.h - which of a publisher's packets a slot sent under which number, so that it can be sent again.
 *
 * A packet sent again carries the same bytes under the same number: with GCM, anything else under one number would
 * give the key away (RFC 7714 §8.1).  So only numbers are kept here, and the payload at its publisher (vc_store.h);
 * a packet whose serial is not found there any more cannot be sent again. */
#ifndef VC_HISTORY_H
#define VC_HISTORY_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    VC_HISTORY_PACKETS = 32, /* a power of two: 640 ms of speech, longer than any listener waits */
    VC_HISTORY_RESENDS = 3,  /* of one packet */
};

typedef struct {
    uint32_t serial; /* 0 = nothing here */
    uint32_t ts;
    uint32_t sent_ms; /* the last time */
    int32_t track;
    uint16_t seq;
    uint8_t place; /* in the track's store */
    uint8_t resends : 5;
    uint8_t red : 2; /* how many earlier packets it carried */
    uint8_t marker : 1;
} vc_sent_packet;

typedef struct {
    vc_sent_packet packets[VC_HISTORY_PACKETS];
} vc_history;

void vc_history_clear(vc_history *history);

/* Remember a packet, instead of the one VC_HISTORY_PACKETS before it. */
void vc_history_put(vc_history *history, const vc_sent_packet *packet);

/* The packet sent under 'seq', or NULL when it is forgotten or never was. */
vc_sent_packet *vc_history_find(vc_history *history, uint16_t seq);

/* May 'seq' be sent for the first time, 'newest' being the highest?  Not what was sent, nor what is too old to know it:
 * a publisher can have two packets taken for one. */
static inline bool vc_history_may_send(vc_history *history, uint16_t seq, uint16_t newest)
{
    uint16_t behind = (uint16_t)(newest - seq);
    return behind == 0 || (behind < VC_HISTORY_PACKETS && vc_history_find(history, seq) == NULL);
}

/* May it be sent again?  Not while the one before may still be on its way, nor for ever. */
bool vc_history_may_resend(const vc_sent_packet *packet, uint32_t now_ms, uint32_t rtt_ms);
#endif

/* vc_cmdq.h - commands from the control thread to the media thread: one producer, one consumer, no lock. */
#ifndef VC_CMDQ_H
#define VC_CMDQ_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "vc_engine.h"

typedef enum {
    VC_OP_SYNC = 1,
    VC_OP_PEER_ADD,
    VC_OP_PEER_DEL,
    VC_OP_UFRAG_ADD,
    VC_OP_UFRAG_DEL,
    VC_OP_TUPLE_ADD,
    VC_OP_TUPLE_DEL,
    VC_OP_TUPLE_PREFER,
    VC_OP_PEER_KEYS,
    VC_OP_PEER_DEAFEN,
    VC_OP_PEER_TWCC,
    VC_OP_TRACK_ADD,
    VC_OP_TRACK_DEL,
    VC_OP_TRACK_MUTE,
    VC_OP_SLOT_ADD,
    VC_OP_SLOT_DEL,
    VC_OP_ROUTE_SET,
    VC_OP_ROUTE_CLEAR,
    VC_OP_FLOW_ADD,
    VC_OP_FLOW_DEL,
    VC_OP_FLOW_SEND,
    VC_OP_PEER_ESTIMATE,
    VC_OP_TRACK_MID,
    VC_OP_VIDEO_ADD,
    VC_OP_VIDEO_LIMIT,
    VC_OP_VIDEO_SLOT_ADD,
    VC_OP_PEER_STREAM_POLICY,
    VC_OP_SLOT_REDUNDANCY,
    VC_OP_TUPLE_PIN,
    VC_OP_PEER_LIMIT,
    VC_OP_PEER_WANT,
    VC_OP_PEER_SEND_POLICY,
    VC_OP_COUNT
} vc_op;

/* One command; which fields count depends on the op. */
typedef struct {
    uint8_t op;
    uint8_t pt;
    uint8_t level_ext;
    uint8_t media;
    uint8_t on; /* or a distance */
    uint8_t text_length;
    uint8_t addr[VC_ADDR_BYTES];
    char text[VC_CNAME_MAX]; /* a ufrag, a CNAME, or a MID and behind VC_MID_MAX a RID, filled up with zeros */
    uint32_t token;
    int32_t peer;
    int32_t index;
    int32_t other;
    uint32_t ssrc;
    uint32_t clock_rate;
    uint32_t rtx_ssrc;
    uint32_t bits_per_s[3]; /* a limit; or lowest, first and highest estimate */
    uintptr_t rx, tx; /* sessions; or a policy, and where in it the SSRC stands */
} vc_command;

typedef struct {
    vc_command *slots;
    uint32_t mask;
    _Alignas(64) _Atomic uint32_t tail;
    _Alignas(64) _Atomic uint32_t head;
} vc_cmdq;

/* A queue of at least 'depth' commands (power of two).  VC_OK or VC_ERR_NOMEM; release with vc_cmdq_free(). */
int vc_cmdq_init(vc_cmdq *queue, uint32_t depth);
void vc_cmdq_free(vc_cmdq *queue);

/* 1 when the queue was empty before (wake the consumer), 0 when not, VC_ERR_FULL and nothing queued. */
int vc_cmdq_push(vc_cmdq *queue, const vc_command *command);

/* Take the oldest into 'out'; false when there is none. */
bool vc_cmdq_pop(vc_cmdq *queue, vc_command *out);

bool vc_cmdq_is_empty(const vc_cmdq *queue);
#endif

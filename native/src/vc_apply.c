#include "vc_apply.h"

#include "vc_apply_ops.h"

enum { COMMANDS_PER_TURN = 8 /* measured: 64 cost the 99.9th percentile dearly */ };

/* ---- flows ---- */

static int flow_add(vc_engine *e, const vc_command *c)
{
    return vc_flow_open(e, c->index, c->addr);
}

static int flow_del(vc_engine *e, const vc_command *c)
{
    int flow = vc_flow_find(e, c->addr);
    if (flow >= 0)
        vc_flow_close(e, flow);
    return VC_OK; /* it may have ended by itself a moment ago */
}

static int flow_send(vc_engine *e, const vc_command *c)
{
    uint32_t tail = atomic_load_explicit(&e->flows.outgoing_tail, memory_order_relaxed);
    const vc_outgoing *packet = &e->flows.outgoing[tail % VC_OUTGOING];
    int flow = vc_flow_find(e, c->addr);
    if (flow >= 0)
        vc_flow_queue(e, flow, packet->data, packet->length, false);
    else
        vc_count(e, VC_C_drop_flow_gone);
    atomic_store_explicit(&e->flows.outgoing_tail, tail + 1, memory_order_release);
    return VC_OK;
}

/* ---- dispatch ---- */

static int sync(vc_engine *e, const vc_command *c)
{
    (void)e;
    (void)c;
    return VC_OK;
}

static int (*const APPLY[VC_OP_COUNT])(vc_engine *, const vc_command *) = {
    [VC_OP_SYNC] = sync,
    [VC_OP_PEER_ADD] = vc_apply_peer_add,
    [VC_OP_PEER_DEL] = vc_apply_peer_del,
    [VC_OP_UFRAG_ADD] = vc_apply_ufrag_add,
    [VC_OP_UFRAG_DEL] = vc_apply_ufrag_del,
    [VC_OP_TUPLE_ADD] = vc_apply_tuple_add,
    [VC_OP_TUPLE_DEL] = vc_apply_tuple_del,
    [VC_OP_TUPLE_PIN] = vc_apply_tuple_pin,
    [VC_OP_TUPLE_PREFER] = vc_apply_tuple_prefer,
    [VC_OP_PEER_KEYS] = vc_apply_peer_keys,
    [VC_OP_PEER_STREAM_POLICY] = vc_apply_peer_stream_policy,
    [VC_OP_PEER_SEND_POLICY] = vc_apply_peer_send_policy,
    [VC_OP_PEER_DEAFEN] = vc_apply_peer_deafen,
    [VC_OP_PEER_TWCC] = vc_apply_peer_twcc,
    [VC_OP_PEER_WANT] = vc_apply_peer_want,
    [VC_OP_PEER_LIMIT] = vc_apply_peer_limit,
    [VC_OP_TRACK_ADD] = vc_apply_track_add,
    [VC_OP_TRACK_DEL] = vc_apply_track_del,
    [VC_OP_TRACK_MUTE] = vc_apply_track_mute,
    [VC_OP_SLOT_ADD] = vc_apply_slot_add,
    [VC_OP_SLOT_DEL] = vc_apply_slot_del,
    [VC_OP_SLOT_REDUNDANCY] = vc_apply_slot_redundancy,
    [VC_OP_ROUTE_SET] = vc_apply_route_set,
    [VC_OP_ROUTE_CLEAR] = vc_apply_route_clear,
    [VC_OP_FLOW_ADD] = flow_add,
    [VC_OP_FLOW_DEL] = flow_del,
    [VC_OP_FLOW_SEND] = flow_send,
    [VC_OP_PEER_ESTIMATE] = vc_apply_peer_estimate,
    [VC_OP_TRACK_MID] = vc_apply_track_mid,
    [VC_OP_VIDEO_ADD] = vc_apply_video_add,
    [VC_OP_VIDEO_LIMIT] = vc_apply_video_limit,
    [VC_OP_VIDEO_SLOT_ADD] = vc_apply_video_slot_add,
};

static void apply(vc_engine *e, const vc_command *c)
{
    int status = APPLY[c->op](e, c);
    vc_count(e, VC_C_commands);
    if (status != VC_OK)
        vc_count(e, VC_C_commands_refused);
    else if (c->token == 0)
        return;
    vc_record record = {
        .kind = c->token != 0 ? VC_RECORD_ACK : VC_RECORD_REFUSED,
        .peer = c->peer,
        .index = c->op,
        .status = status,
        .value = c->token,
        .time_us = e->clock.now_us,
    };
    vc_state_tell(e, record, NULL, 0);
}

bool vc_apply_commands(vc_engine *e)
{
    vc_command command;
    for (int i = 0; i < COMMANDS_PER_TURN; i++) {
        /* An acknowledgement is never dropped: a command waits until it could be answered. */
        if (!vc_ring_has_room(&e->ring) || !vc_cmdq_pop(&e->commands, &command))
            break;
        apply(e, &command);
    }
    return !vc_cmdq_is_empty(&e->commands);
}

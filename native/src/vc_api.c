/* vc_api.c - the commands of vc_engine.h: check the arguments, queue, wake the media thread. */
#include <string.h>
#include <unistd.h>

#include "vc_state.h"

enum { CLOCK_RATE_MIN = 8000, CLOCK_RATE_MAX = 192000, PT_MAX = 127, EXT_ID_MAX = 14 };

static int queue(vc_engine *e, const vc_command *command)
{
    int woke = vc_cmdq_push(&e->commands, command);
    if (woke < 0)
        return woke;
    if (woke == 1) {
        uint64_t one = 1;
        ssize_t written = write(e->command_fd, &one, sizeof one);
        (void)written; /* a full eventfd is readable already */
    }
    return VC_OK;
}

static bool is_peer(const vc_engine *e, int peer)
{
    return peer >= 0 && (uint32_t)peer < e->config.max_peers;
}

static bool is_track(const vc_engine *e, int track)
{
    return track >= 0 && (uint32_t)track < e->config.max_tracks;
}

static bool is_slot(const vc_engine *e, int slot)
{
    return slot >= 0 && (uint32_t)slot < e->config.max_slots;
}

static bool is_stream(uint8_t pt, uint32_t clock_rate, uint8_t level_ext)
{
    return pt <= PT_MAX && clock_rate >= CLOCK_RATE_MIN && clock_rate <= CLOCK_RATE_MAX && level_ext <= EXT_ID_MAX;
}

static int peer_command(vc_engine *e, vc_op op, int peer, vc_command c, uint32_t token)
{
    if (!is_peer(e, peer))
        return VC_ERR_RANGE;
    c.op = (uint8_t)op;
    c.peer = peer;
    c.token = token;
    return queue(e, &c);
}

int vc_engine_sync(vc_engine *e, uint32_t token)
{
    return queue(e, &(vc_command){.op = VC_OP_SYNC, .peer = VC_NONE, .token = token});
}

int vc_engine_peer_add(vc_engine *e, int peer, uint32_t own_ssrc, uint32_t token)
{
    return peer_command(e, VC_OP_PEER_ADD, peer, (vc_command){.ssrc = own_ssrc}, token);
}

int vc_engine_peer_del(vc_engine *e, int peer, uint32_t token)
{
    return peer_command(e, VC_OP_PEER_DEL, peer, (vc_command){0}, token);
}

static int ufrag_command(vc_engine *e, vc_op op, int peer, const uint8_t *ufrag, size_t length, uint32_t token)
{
    if (length == 0 || length > VC_UFRAG_MAX || memchr(ufrag, ':', length) != NULL)
        return VC_ERR_RANGE;
    vc_command c = {.text_length = (uint8_t)length};
    memcpy(c.text, ufrag, length);
    return peer_command(e, op, peer, c, token);
}

int vc_engine_ufrag_add(vc_engine *e, int peer, const uint8_t *ufrag, size_t length, uint32_t token)
{
    return ufrag_command(e, VC_OP_UFRAG_ADD, peer, ufrag, length, token);
}

int vc_engine_ufrag_del(vc_engine *e, int peer, const uint8_t *ufrag, size_t length, uint32_t token)
{
    return ufrag_command(e, VC_OP_UFRAG_DEL, peer, ufrag, length, token);
}

static int tuple_command(vc_engine *e, vc_op op, int peer, const uint8_t *addr, uint32_t token)
{
    vc_command c = {0};
    memcpy(c.addr, addr, VC_ADDR_BYTES);
    return peer_command(e, op, peer, c, token);
}

int vc_engine_tuple_add(vc_engine *e, int peer, const uint8_t *addr, uint32_t token)
{
    return tuple_command(e, VC_OP_TUPLE_ADD, peer, addr, token);
}

int vc_engine_tuple_del(vc_engine *e, int peer, const uint8_t *addr, uint32_t token)
{
    return tuple_command(e, VC_OP_TUPLE_DEL, peer, addr, token);
}

int vc_engine_tuple_pin(vc_engine *e, int peer, const uint8_t *addr, uint32_t token)
{
    return tuple_command(e, VC_OP_TUPLE_PIN, peer, addr, token);
}

int vc_engine_local(vc_engine *e, const uint8_t *addr, uint8_t ip[16])
{
    vc_addr of;
    memcpy(of.bytes, addr, VC_ADDR_BYTES);
    const vc_local *local = vc_state_local(e, &of);
    if (local == NULL)
        return VC_ERR_NOT_FOUND;
    memcpy(ip, local->ip, 16);
    return VC_OK;
}

int vc_engine_tuple_prefer(vc_engine *e, int peer, const uint8_t *addr, uint32_t token)
{
    return tuple_command(e, VC_OP_TUPLE_PREFER, peer, addr, token);
}

int vc_engine_peer_keys(vc_engine *e, int peer, uintptr_t rx, uintptr_t tx, uint32_t token)
{
    if (rx == 0 || tx == 0)
        return VC_ERR_RANGE;
    return peer_command(e, VC_OP_PEER_KEYS, peer, (vc_command){.rx = rx, .tx = tx}, token);
}

int vc_engine_peer_stream_policy(vc_engine *e, int peer, uintptr_t policy, uintptr_t policy_ssrc, uint32_t token)
{
    const vc_config *c = &e->config;
    bool can_add = c->add_stream != 0 && c->remove_stream != 0 && c->get_stream_roc != 0 && c->set_stream_roc != 0;
    if (policy == 0 || policy_ssrc == 0 || !can_add)
        return VC_ERR_RANGE;
    return peer_command(e, VC_OP_PEER_STREAM_POLICY, peer, (vc_command){.rx = policy, .tx = policy_ssrc}, token);
}

int vc_engine_peer_send_policy(vc_engine *e, int peer, uintptr_t policy, uintptr_t policy_ssrc, uint32_t token)
{
    if (policy == 0 || policy_ssrc == 0 || e->config.create == 0 || e->config.dealloc == 0)
        return VC_ERR_RANGE;
    return peer_command(e, VC_OP_PEER_SEND_POLICY, peer, (vc_command){.rx = policy, .tx = policy_ssrc}, token);
}

int vc_engine_peer_deafen(vc_engine *e, int peer, int on, uint32_t token)
{
    return peer_command(e, VC_OP_PEER_DEAFEN, peer, (vc_command){.on = on != 0}, token);
}

int vc_engine_peer_estimate(vc_engine *e, int peer, uint32_t min_bps, uint32_t start_bps, uint32_t max_bps,
                            uint32_t token)
{
    if (min_bps == 0 || start_bps < min_bps || max_bps < start_bps || e->config.transport_ext == 0)
        return VC_ERR_RANGE;
    vc_command c = {.bits_per_s = {min_bps, start_bps, max_bps}};
    return peer_command(e, VC_OP_PEER_ESTIMATE, peer, c, token);
}

int vc_engine_peer_twcc(vc_engine *e, int peer, int extension, uint32_t token)
{
    if (extension < 0 || extension > EXT_ID_MAX)
        return VC_ERR_RANGE;
    return peer_command(e, VC_OP_PEER_TWCC, peer, (vc_command){.level_ext = (uint8_t)extension}, token);
}

int vc_engine_peer_want(vc_engine *e, int peer, uint32_t bps, uint32_t token)
{
    return peer_command(e, VC_OP_PEER_WANT, peer, (vc_command){.bits_per_s = {bps}}, token);
}

int vc_engine_peer_limit(vc_engine *e, int peer, uint32_t max_bps, uint32_t token)
{
    return peer_command(e, VC_OP_PEER_LIMIT, peer, (vc_command){.bits_per_s = {max_bps}}, token);
}

int vc_engine_track_add(vc_engine *e, int track, int peer, int media, uint32_t ssrc, uint8_t pt, uint32_t clock_rate,
                        uint8_t level_ext, uint32_t token)
{
    if (!is_track(e, track) || media != VC_MEDIA_AUDIO || !is_stream(pt, clock_rate, level_ext))
        return VC_ERR_RANGE;
    vc_command c = {.index = track, .media = (uint8_t)media, .ssrc = ssrc, .pt = pt, .clock_rate = clock_rate,
                    .level_ext = level_ext};
    return peer_command(e, VC_OP_TRACK_ADD, peer, c, token);
}

static int index_command(vc_engine *e, vc_op op, int index, vc_command c, uint32_t token)
{
    c.op = (uint8_t)op;
    c.peer = VC_NONE;
    c.index = index;
    c.token = token;
    return queue(e, &c);
}

int vc_engine_track_del(vc_engine *e, int track, uint32_t token)
{
    return is_track(e, track) ? index_command(e, VC_OP_TRACK_DEL, track, (vc_command){0}, token) : VC_ERR_RANGE;
}

int vc_engine_track_mute(vc_engine *e, int track, int on, uint32_t token)
{
    vc_command c = {.on = on != 0};
    return is_track(e, track) ? index_command(e, VC_OP_TRACK_MUTE, track, c, token) : VC_ERR_RANGE;
}

int vc_engine_slot_add(vc_engine *e, int slot, int peer, uint32_t ssrc, uint8_t pt, uint32_t clock_rate,
                       uint8_t level_ext, const char *cname, uint32_t token)
{
    size_t length = strnlen(cname, VC_CNAME_MAX + 1);
    if (!is_slot(e, slot) || !is_stream(pt, clock_rate, level_ext) || length > VC_CNAME_MAX)
        return VC_ERR_RANGE;
    vc_command c = {.index = slot, .ssrc = ssrc, .pt = pt, .clock_rate = clock_rate, .level_ext = level_ext,
                    .text_length = (uint8_t)length};
    memcpy(c.text, cname, length);
    return peer_command(e, VC_OP_SLOT_ADD, peer, c, token);
}

int vc_engine_slot_del(vc_engine *e, int slot, uint32_t token)
{
    return is_slot(e, slot) ? index_command(e, VC_OP_SLOT_DEL, slot, (vc_command){0}, token) : VC_ERR_RANGE;
}

int vc_engine_slot_redundancy(vc_engine *e, int slot, uint8_t pt, int distance, uint32_t token)
{
    if (!is_slot(e, slot) || pt > PT_MAX || distance < 0 || distance > VC_RED_MAX)
        return VC_ERR_RANGE;
    vc_command c = {.pt = pt, .on = (uint8_t)distance};
    return index_command(e, VC_OP_SLOT_REDUNDANCY, slot, c, token);
}

/* Into 'c'; false when one is too long. */
static bool put_names(vc_command *c, const char *mid, const char *rid)
{
    size_t mid_length = strnlen(mid, VC_MID_MAX + 1), rid_length = strnlen(rid, VC_RID_MAX + 1);
    if (mid_length > VC_MID_MAX || rid_length > VC_RID_MAX)
        return false;
    memcpy(c->text, mid, mid_length);
    memcpy(c->text + VC_MID_MAX, rid, rid_length);
    return true;
}

int vc_engine_track_mid(vc_engine *e, int track, const char *mid, uint32_t token)
{
    vc_command c = {0};
    if (!is_track(e, track) || mid[0] == 0 || !put_names(&c, mid, ""))
        return VC_ERR_RANGE;
    return index_command(e, VC_OP_TRACK_MID, track, c, token);
}

int vc_engine_video_add(vc_engine *e, int track, int peer, uint32_t ssrc, const char *mid, const char *rid,
                        uint32_t max_bits_per_s, uint32_t token)
{
    vc_command c = {.index = track, .ssrc = ssrc, .bits_per_s = {max_bits_per_s}};
    bool can_be_known = ssrc != VC_SSRC_UNNAMED || mid[0] != 0;
    if (!is_track(e, track) || !can_be_known || !put_names(&c, mid, rid))
        return VC_ERR_RANGE;
    return peer_command(e, VC_OP_VIDEO_ADD, peer, c, token);
}

int vc_engine_video_limit(vc_engine *e, int track, uint32_t max_bits_per_s, uint32_t token)
{
    vc_command c = {.bits_per_s = {max_bits_per_s}};
    return is_track(e, track) ? index_command(e, VC_OP_VIDEO_LIMIT, track, c, token) : VC_ERR_RANGE;
}

int vc_engine_video_slot_add(vc_engine *e, int slot, int peer, uint32_t ssrc, uint32_t rtx_ssrc, const char *cname,
                             uint32_t token)
{
    size_t length = strnlen(cname, VC_CNAME_MAX + 1);
    if (!is_slot(e, slot) || length > VC_CNAME_MAX || ssrc == rtx_ssrc)
        return VC_ERR_RANGE;
    vc_command c = {.index = slot, .ssrc = ssrc, .rtx_ssrc = rtx_ssrc, .text_length = (uint8_t)length};
    memcpy(c.text, cname, length);
    return peer_command(e, VC_OP_VIDEO_SLOT_ADD, peer, c, token);
}

int vc_engine_route_set(vc_engine *e, int slot, int track, int look_back, uint32_t token)
{
    if (!is_slot(e, slot) || !is_track(e, track))
        return VC_ERR_RANGE;
    return index_command(e, VC_OP_ROUTE_SET, slot, (vc_command){.other = track, .on = look_back != 0}, token);
}

int vc_engine_route_clear(vc_engine *e, int slot, uint32_t token)
{
    return is_slot(e, slot) ? index_command(e, VC_OP_ROUTE_CLEAR, slot, (vc_command){0}, token) : VC_ERR_RANGE;
}

static int flow_command(vc_engine *e, vc_op op, const uint8_t *addr, int fd, uint32_t token)
{
    if (addr[VC_ADDR_BYTES - 1] != VC_TRANSPORT_TCP)
        return VC_ERR_RANGE;
    vc_command c = {0};
    memcpy(c.addr, addr, VC_ADDR_BYTES);
    return index_command(e, op, fd, c, token);
}

int vc_engine_flow_add(vc_engine *e, int fd, const uint8_t *addr, uint32_t token)
{
    return fd < 0 ? VC_ERR_RANGE : flow_command(e, VC_OP_FLOW_ADD, addr, fd, token);
}

int vc_engine_flow_del(vc_engine *e, const uint8_t *addr, uint32_t token)
{
    return flow_command(e, VC_OP_FLOW_DEL, addr, VC_NONE, token);
}

int vc_engine_flow_send(vc_engine *e, const uint8_t *addr, const uint8_t *data, size_t length)
{
    if (length == 0 || length > VC_DATAGRAM_MAX)
        return VC_ERR_RANGE;
    uint32_t head = e->flows.outgoing_head;
    if (head - atomic_load_explicit(&e->flows.outgoing_tail, memory_order_acquire) == VC_OUTGOING)
        return VC_ERR_FULL;
    vc_outgoing *packet = &e->flows.outgoing[head % VC_OUTGOING];
    packet->length = (uint16_t)length;
    memcpy(packet->data, data, length);
    int status = flow_command(e, VC_OP_FLOW_SEND, addr, VC_NONE, 0);
    if (status == VC_OK)
        e->flows.outgoing_head = head + 1;
    return status;
}

#include "vc_flow.h"

#include <errno.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "vc_apply.h"
#include "vc_input.h"
#include "vc_state.h"

enum {
    FLOWS_PER_TURN = 8,      /* a quarter of a millisecond of the smallest frames; then UDP gets its turn */
    STRANGER_FRAMES = 64,    /* a client needs a few checks to prove itself */
    KERNEL_BYTES = 32768,    /* what the kernel may hold of a flow: voice that waited longer is of no use */
    UNSENT_BYTES = 8192,     /* of that, what it may hold back before the socket counts as full */
    UNHEARD_MS = 15000,      /* sent and not acknowledged: the connection is dead */
    DSCP_EF = 0xb8,
};

/* Asked for and not insisted on, as for UDP. */
static void set_options(int fd)
{
    const struct {
        int level, name, value;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},           {SOL_SOCKET, SO_SNDBUF, KERNEL_BYTES},
        {IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_BYTES}, {IPPROTO_TCP, TCP_USER_TIMEOUT, UNHEARD_MS},
        {SOL_SOCKET, SO_KEEPALIVE, 1},           {IPPROTO_IP, IP_TOS, DSCP_EF},
        {IPPROTO_IPV6, IPV6_TCLASS, DSCP_EF},
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof options[i].value);
}

static int register_flow(vc_engine *e, int fd, const uint8_t *addr)
{
    vc_flows *flows = &e->flows;
    if (flows->unused_count == 0)
        return VC_ERR_LIMIT;
    int32_t i = flows->unused[flows->unused_count - 1];
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
    int status = vc_table_put(&flows->by_addr, addr, VC_ADDR_BYTES, i);
    if (status != VC_OK)
        return status;
    if (epoll_ctl(flows->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        vc_table_remove(&flows->by_addr, addr, VC_ADDR_BYTES);
        return VC_ERR_NOMEM;
    }
    flows->unused_count--;
    vc_flow *flow = &flows->all[i];
    flow->fd = fd;
    flow->is_stalled = false;
    flow->frames = 0;
    flow->in.start = flow->in.end = 0;
    vc_framer_init(&flow->out, flow->out_bytes, sizeof flow->out_bytes);
    vc_framer_init(&flow->video, flow->video_bytes, sizeof flow->video_bytes);
    memcpy(flow->addr.bytes, addr, VC_ADDR_BYTES);
    return VC_OK;
}

int vc_flow_open(vc_engine *e, int fd, const uint8_t *addr)
{
    int status = register_flow(e, fd, addr);
    if (status != VC_OK) {
        close(fd);
        return status;
    }
    set_options(fd);
    vc_count(e, VC_C_flows_opened);
    return VC_OK;
}

int vc_flow_find(const vc_engine *e, const uint8_t *addr)
{
    return vc_table_get(&e->flows.by_addr, addr, VC_ADDR_BYTES);
}

/* ---- out ---- */

/* What goes next, or NULL: video waits for all else, but a frame once begun is finished. */
static vc_framer *next_queue(vc_flow *flow, const uint8_t **data, size_t *pending)
{
    *pending = vc_framer_pending(&flow->out, data);
    if (*pending > 0 && flow->video.begun == 0)
        return &flow->out;
    bool others_wait = *pending > 0;
    *pending = vc_framer_pending(&flow->video, data);
    if (others_wait)
        *pending = flow->video.begun;
    return *pending > 0 ? &flow->video : NULL;
}

/* False when the connection is broken. */
static bool write_out(vc_flow *flow)
{
    const uint8_t *data;
    size_t pending;
    vc_framer *queue;
    while ((queue = next_queue(flow, &data, &pending)) != NULL) {
        ssize_t n = send(flow->fd, data, pending, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0)
            vc_framer_sent(queue, (size_t)n);
        else if (errno != EINTR)
            return errno == EAGAIN;
    }
    return true;
}

static void wait_for_room(vc_engine *e, vc_flow *flow, bool on)
{
    uint32_t number = (uint32_t)(flow - e->flows.all);
    struct epoll_event event = {.events = on ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.u32 = number};
    if (flow->is_stalled != on && epoll_ctl(e->flows.epoll_fd, EPOLL_CTL_MOD, flow->fd, &event) == 0)
        flow->is_stalled = on;
}

static void flush_flow(vc_engine *e, vc_flow *flow)
{
    const uint8_t *data;
    size_t pending;
    if (!write_out(flow))
        vc_flow_close(e, (int)(flow - e->flows.all));
    else
        wait_for_room(e, flow, next_queue(flow, &data, &pending) != NULL);
}

bool vc_flow_queue(vc_engine *e, int number, const uint8_t *data, size_t length, bool is_video)
{
    vc_flow *flow = &e->flows.all[number];
    if (vc_framer_put(is_video ? &flow->video : &flow->out, data, length) != VC_OK) {
        vc_count(e, is_video ? VC_C_drop_flow_video_full : VC_C_drop_flow_full);
        return false;
    }
    if (!flow->is_dirty) {
        flow->is_dirty = true;
        e->flows.dirty[e->flows.dirty_count++] = number;
    }
    vc_count(e, VC_C_flow_frames_sent);
    return true;
}

void vc_flow_flush(vc_engine *e)
{
    while (e->flows.dirty_count > 0) {
        vc_flow *flow = &e->flows.all[e->flows.dirty[--e->flows.dirty_count]];
        flow->is_dirty = false;
        if (flow->fd != VC_NONE && !flow->is_stalled) /* a stalled one goes on when its socket says so */
            flush_flow(e, flow);
    }
}

/* ---- the end ---- */

static bool tell_closed(vc_engine *e, const vc_flow *flow)
{
    vc_record record = {.kind = VC_RECORD_FLOW_CLOSED, .peer = flow->peer, .time_us = e->clock.now_us};
    memcpy(record.addr, flow->addr.bytes, VC_ADDR_BYTES);
    return vc_state_tell(e, record, NULL, 0);
}

void vc_flow_tell(vc_engine *e)
{
    vc_flows *flows = &e->flows;
    while (flows->untold_count > 0) {
        int32_t i = flows->untold[flows->untold_count - 1];
        if (!vc_ring_has_room(&e->ring) || !tell_closed(e, &flows->all[i]))
            return;
        flows->untold_count--;
        flows->unused[flows->unused_count++] = i;
    }
}

void vc_flow_close(vc_engine *e, int number)
{
    vc_flow *flow = &e->flows.all[number];
    if (flow->fd == VC_NONE)
        return;
    write_out(flow); /* a goodbye may be among it */
    close(flow->fd); /* leaves the epoll set by itself */
    flow->fd = VC_NONE;
    vc_count(e, VC_C_flows_closed);
    vc_table_remove(&e->flows.by_addr, flow->addr.bytes, VC_ADDR_BYTES);
    flow->peer = vc_apply_forget_tuple(e, flow->addr.bytes);
    e->flows.untold[e->flows.untold_count++] = number;
    vc_flow_tell(e);
}

/* ---- in ---- */

static void take_frame(vc_engine *e, const vc_flow *flow, const uint8_t *data, size_t length)
{
    memcpy(e->flows.frame, data, length);
    vc_datagram datagram = {
        .data = e->flows.frame,
        .length = length,
        .arrived_ns = e->clock.real_ns,
        .flow = &flow->addr,
    };
    vc_count(e, VC_C_flow_frames);
    vc_input_datagram(e, &datagram);
}

static void refuse(vc_engine *e, const vc_flow *flow, vc_counter reason)
{
    vc_count(e, reason);
    vc_flow_close(e, (int)(flow - e->flows.all));
}

static void read_flow(vc_engine *e, vc_flow *flow)
{
    size_t room, length;
    const uint8_t *data;
    uint8_t *at = vc_unframer_room(&flow->in, &room);
    ssize_t n = recv(flow->fd, at, room, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        return vc_flow_close(e, (int)(flow - e->flows.all));
    vc_unframer_received(&flow->in, (size_t)n);
    bool is_stranger = vc_table_get(&e->by_addr, flow->addr.bytes, VC_ADDR_BYTES) < 0;
    int status;
    while ((status = vc_unframer_next(&flow->in, &data, &length)) > 0) {
        if (is_stranger && ++flow->frames > STRANGER_FRAMES)
            return refuse(e, flow, VC_C_drop_flow_stranger);
        take_frame(e, flow, data, length);
    }
    if (status < 0)
        refuse(e, flow, VC_C_drop_flow_bad_length);
}

void vc_flow_take(vc_engine *e)
{
    struct epoll_event events[FLOWS_PER_TURN];
    int n = epoll_wait(e->flows.epoll_fd, events, FLOWS_PER_TURN, 0);
    for (int i = 0; i < n; i++) {
        vc_flow *flow = &e->flows.all[events[i].data.u32];
        if (flow->fd != VC_NONE && (events[i].events & EPOLLOUT) != 0)
            flush_flow(e, flow);
        if (flow->fd != VC_NONE && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
            read_flow(e, flow);
    }
}

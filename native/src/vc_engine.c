/* vc_engine.c - the life of an engine, and the loop: a few commands, then packets, then timers. */
#include "vc_engine.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "vc_apply.h"
#include "vc_bytes.h"
#include "vc_estimate.h"
#include "vc_forward.h"
#include "vc_input.h"
#include "vc_keyframe.h"
#include "vc_repair.h"
#include "vc_report.h"
#include "vc_sched.h"
#include "vc_session.h"
#include "vc_state.h"

enum {
    BATCHES_PER_TURN = 4, /* of VC_RX_BATCH each: then commands and timers get their turn */
    SWEEP_US = 50000,     /* how late a stop of speech may be noticed */
    RETRY_US = 5000,      /* commands wait for room in the ring */
    EXT_ID_MAX = 14, /* of the one-byte form */
    LIMIT_MAX = 1 << 20,  /* of peers, tracks, slots: keeps all products inside size_t and int */
};

/* ---- life ---- */

static bool is_sane(const vc_config *c)
{
    const uint32_t limits[] = {c->max_peers, c->max_tracks, c->max_slots, c->max_receivers, c->command_depth};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (limits[i] == 0 || limits[i] > LIMIT_MAX)
            return false;
    if (c->max_video_tracks > LIMIT_MAX || c->max_video_slots > LIMIT_MAX)
        return false;
    if (c->mid_ext > EXT_ID_MAX || c->rid_ext > EXT_ID_MAX || c->transport_ext > EXT_ID_MAX)
        return false;
    bool has_srtp = c->protect != 0 && c->unprotect != 0 && c->protect_rtcp != 0 && c->unprotect_rtcp != 0;
    return has_srtp && c->ring_bytes <= 1u << 30 && c->max_flows <= LIMIT_MAX && c->audio_per_s <= LIMIT_MAX && (c->udp4_fd >= 0 || c->udp6_fd >= 0);
}

/* 'count' zeroed things on cache lines of their own; NULL when memory is short.  release() frees them.  Zeroed by
 * calloc() and aligned by hand, because pages of calloc() cost nothing until they are touched. */
static void *allocate(vc_engine *e, size_t count, size_t size)
{
    void *memory = calloc(1, count * size + VC_CACHE_LINE);
    e->allocated[e->allocated_count++] = memory;
    e->total_bytes += count * size;
    uintptr_t line = ((uintptr_t)memory + VC_CACHE_LINE - 1) & ~(uintptr_t)(VC_CACHE_LINE - 1);
    return memory == NULL ? NULL : (void *)line;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* All handles below 'count', low ones to be taken first: those above stay untouched memory. */
static uint32_t fill_unused(int32_t *unused, uint32_t count)
{
    for (uint32_t i = 0; unused != NULL && i < count; i++)
        unused[i] = (int32_t)(count - 1 - i);
    return count;
}

static bool init_tables(vc_engine *e)
{
    const vc_config *c = &e->config;
    uint32_t video_tracks = least(c->max_video_tracks, c->max_tracks);
    uint32_t video_slots = least(c->max_video_slots, c->max_slots);
    e->peers = allocate(e, c->max_peers, sizeof *e->peers);
    e->tracks = allocate(e, c->max_tracks, sizeof *e->tracks);
    e->slots = allocate(e, c->max_slots, sizeof *e->slots);
    e->receivers = allocate(e, (size_t)c->max_tracks * c->max_receivers, sizeof *e->receivers);
    e->twccs = allocate(e, c->max_peers, sizeof *e->twccs);
    e->stores = allocate(e, c->max_tracks, sizeof *e->stores);
    e->lossy = allocate(e, c->max_tracks, sizeof *e->lossy);
    e->layers = allocate(e, video_tracks, sizeof *e->layers);
    e->views = allocate(e, video_slots, sizeof *e->views);
    e->unused_layers = allocate(e, video_tracks, sizeof *e->unused_layers);
    e->unused_views = allocate(e, video_slots, sizeof *e->unused_views);
    e->bwes = allocate(e, least(c->max_peers, video_slots), sizeof *e->bwes);
    e->unused_bwes = allocate(e, least(c->max_peers, video_slots), sizeof *e->unused_bwes);
    e->wanted = allocate(e, video_tracks, sizeof *e->wanted);
    e->speakers = allocate(e, c->max_tracks, sizeof *e->speakers);
    e->total_bytes += (size_t)c->max_peers * (vc_engine_peer_bytes() - sizeof *e->peers);
    e->unused_layer_count = fill_unused(e->unused_layers, video_tracks);
    e->unused_view_count = fill_unused(e->unused_views, video_slots);
    e->unused_bwe_count = fill_unused(e->unused_bwes, least(c->max_peers, video_slots));
    bool has_video = e->layers && e->views && e->bwes && e->unused_layers && e->unused_views && e->unused_bwes &&
                     e->wanted;
    return has_video && e->peers && e->tracks && e->slots && e->receivers && e->twccs && e->stores && e->lossy && e->speakers &&
           vc_table_init(&e->by_addr, c->max_peers * VC_TUPLES_MAX, c->hash_key) == VC_OK &&
           vc_table_init(&e->by_ufrag, c->max_peers * VC_UFRAGS_PER_PEER, c->hash_key) == VC_OK &&
           vc_wheel_init(&e->wheel, c->max_peers, e->clock.now_us) == VC_OK &&
           vc_wheel_init(&e->probes, c->max_peers, e->clock.now_us) == VC_OK;
}

static bool init_flows(vc_engine *e)
{
    vc_flows *flows = &e->flows;
    uint32_t n = e->config.max_flows;
    flows->all = allocate(e, n, sizeof *flows->all);
    flows->unused = allocate(e, 3 * (size_t)n, sizeof *flows->unused);
    flows->outgoing = allocate(e, n > 0 ? VC_OUTGOING : 0, sizeof *flows->outgoing);
    flows->frame = allocate(e, 1, VC_PACKET_ROOM);
    flows->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!flows->all || !flows->unused || !flows->outgoing || !flows->frame || flows->epoll_fd < 0)
        return false;
    flows->dirty = flows->unused + n;
    flows->untold = flows->dirty + n;
    flows->unused_count = fill_unused(flows->unused, n);
    return vc_table_init(&flows->by_addr, n > 0 ? n : 1, e->config.hash_key) == VC_OK;
}

static void release_flows(vc_engine *e)
{
    vc_command command;
    while (e->commands.slots != NULL && vc_cmdq_pop(&e->commands, &command)) /* given away, never taken */
        if (command.op == VC_OP_FLOW_ADD)
            close(command.index);
    for (uint32_t i = 0; e->flows.by_addr.entries != NULL && i <= e->flows.by_addr.mask; i++)
        if (e->flows.by_addr.entries[i].value_plus_1 != 0)
            close(e->flows.all[e->flows.by_addr.entries[i].value_plus_1 - 1].fd);
    vc_table_free(&e->flows.by_addr);
    if (e->flows.epoll_fd >= 0)
        close(e->flows.epoll_fd);
}

static bool init_channels(vc_engine *e)
{
    e->command_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    e->wakeup_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    bool ok = e->command_fd >= 0 && e->wakeup_fd >= 0 && vc_ring_init(&e->ring, e->config.ring_bytes) == VC_OK &&
              vc_cmdq_init(&e->commands, e->config.command_depth) == VC_OK &&
              vc_link_init(&e->links[0], e->config.udp4_fd, AF_INET) == VC_OK &&
              vc_link_init(&e->links[1], e->config.udp6_fd, AF_INET6) == VC_OK;
    e->total_bytes += (size_t)e->ring.mask + 1 + ((size_t)e->commands.mask + 1) * sizeof(vc_command);
    for (int i = 0; i < 2; i++)
        e->total_bytes += e->links[i].fd >= 0 ? vc_link_bytes() : 0;
    return ok;
}

static void release_sessions(vc_engine *e)
{
    for (uint32_t p = 0; e->peers != NULL && p < e->config.max_peers; p++)
        for (int i = 0; e->peers[p].alive && i < e->peers[p].slot_count; i++)
            vc_session_end(e, &e->slots[e->peers[p].slots[i]]);
}

static void release(vc_engine *e)
{
    release_sessions(e);
    release_flows(e);
    vc_link_free(&e->links[0]);
    vc_link_free(&e->links[1]);
    vc_cmdq_free(&e->commands);
    vc_ring_free(&e->ring);
    vc_wheel_free(&e->wheel);
    vc_wheel_free(&e->probes);
    vc_table_free(&e->by_addr);
    vc_table_free(&e->by_ufrag);
    for (int i = 0; i < e->allocated_count; i++)
        free(e->allocated[i]);
    if (e->command_fd >= 0)
        close(e->command_fd);
    if (e->wakeup_fd >= 0)
        close(e->wakeup_fd);
    free(e);
}

vc_engine *vc_engine_new(const vc_config *config)
{
    if (!is_sane(config))
        return NULL;
    size_t size = (sizeof(vc_engine) + VC_CACHE_LINE - 1) & ~(size_t)(VC_CACHE_LINE - 1);
    vc_engine *e = aligned_alloc(VC_CACHE_LINE, size); /* the rings keep their two ends on cache lines of their own */
    if (e == NULL)
        return NULL;
    memset(e, 0, size);
    e->total_bytes = size;
    e->config = *config;
    e->command_fd = e->wakeup_fd = e->flows.epoll_fd = -1;
    e->protect = (vc_srtp_fn)config->protect;
    e->unprotect = (vc_srtp_fn)config->unprotect;
    e->protect_rtcp = (vc_srtp_fn)config->protect_rtcp;
    e->unprotect_rtcp = (vc_srtp_fn)config->unprotect_rtcp;
    e->create = (vc_srtp_create_fn)config->create;
    e->dealloc = (vc_srtp_dealloc_fn)config->dealloc;
    e->add_stream = (vc_srtp_add_fn)config->add_stream;
    e->remove_stream = (vc_srtp_remove_fn)config->remove_stream;
    e->get_stream_roc = (vc_srtp_get_roc_fn)config->get_stream_roc;
    e->set_stream_roc = (vc_srtp_set_roc_fn)config->set_stream_roc;
    e->random = vc_get64(config->hash_key) ^ vc_get64(config->hash_key + 8);
    if (e->random == 0)
        e->random = 1; /* xorshift stays at zero */
    memcpy(e->stun_sources.seed, config->hash_key, sizeof config->hash_key);
    vc_clock_read(&e->clock);
    e->start_us = e->clock.now_us;
    if (init_tables(e) && init_flows(e) && init_channels(e))
        return e;
    release(e);
    return NULL;
}

int vc_engine_free(vc_engine *e)
{
    if (atomic_load(&e->running))
        return VC_ERR_STATE;
    release(e);
    return VC_OK;
}

/* ---- the ring's other end ---- */

static void clear_eventfd(int fd)
{
    uint64_t value;
    ssize_t got = read(fd, &value, sizeof value);
    (void)got; /* nothing to read is fine */
}

int vc_engine_wakeup_fd(const vc_engine *e)
{
    return e->wakeup_fd;
}

void vc_engine_clear_wakeup(vc_engine *e)
{
    clear_eventfd(e->wakeup_fd);
}

int vc_engine_has_records(const vc_engine *e)
{
    return !vc_ring_is_empty(&e->ring);
}

size_t vc_engine_pop(vc_engine *e, uint8_t *out, size_t cap)
{
    return vc_ring_pop(&e->ring, out, cap);
}

int vc_engine_sched(const vc_engine *e)
{
    return atomic_load(&e->sched);
}

/* ---- the loop ---- */

static void flush(vc_engine *e)
{
    vc_forward_flush(e, &e->links[0]);
    vc_forward_flush(e, &e->links[1]);
    vc_flow_flush(e);
}

/* So that it does not wait until a picture is encrypted for everybody. */
static void flush_voice(vc_engine *e)
{
    vc_forward_flush_voice(e, &e->links[0]);
    vc_forward_flush_voice(e, &e->links[1]);
}

static bool take_batch(vc_engine *e, vc_link *link)
{
    int n = vc_link_receive(link);
    vc_clock_read(&e->clock);
    if (n < 0)
        vc_count(e, VC_C_receive_errors);
    for (int i = 0; i < n; i++) {
        vc_datagram datagram = vc_link_datagram(link, i, &e->clock);
        if (e->clock.real_ns >= datagram.arrived_ns)
            vc_hist_add(&e->wait, e->clock.real_ns - datagram.arrived_ns);
        if (vc_input_is_video(e, &datagram))
            flush_voice(e);
        vc_input_datagram(e, &datagram);
    }
    flush(e);
    return n == VC_RX_BATCH;
}

static void take_packets(vc_engine *e, const struct pollfd *polled)
{
    bool more[2] = {polled[0].revents != 0, polled[1].revents != 0};
    for (int batch = 0; batch < BATCHES_PER_TURN && (more[0] || more[1]); batch++)
        for (int i = 0; i < 2; i++)
            more[i] = more[i] && take_batch(e, &e->links[i]);
}

static void take_flows(vc_engine *e)
{
    vc_clock_read(&e->clock);
    vc_flow_take(e);
    flush(e);
}

static void take_timers(vc_engine *e)
{
    vc_report_due(e);
    vc_repair_due(e);
    vc_estimate_probe(e);
    if (e->speaker_count > 0 && e->clock.now_us >= e->swept_us + SWEEP_US) {
        e->swept_us = e->clock.now_us;
        vc_forward_sweep(e);
    }
    if (e->wanted_count > 0 && e->clock.now_us >= e->wanted_us + VC_KEYFRAME_US)
        vc_keyframe_due(e);
    vc_flow_tell(e);
    flush(e);
}

static uint64_t wait_us(const vc_engine *e, bool commands_wait)
{
    uint64_t wait = vc_wheel_wait_us(&e->wheel, e->clock.now_us);
    uint64_t probe = vc_wheel_wait_us(&e->probes, e->clock.now_us);
    if (wait > probe)
        wait = probe;
    if (e->speaker_count > 0 && wait > SWEEP_US)
        wait = SWEEP_US;
    if (e->wanted_count > 0 && wait > VC_KEYFRAME_US)
        wait = VC_KEYFRAME_US;
    if (e->lossy_count > 0 && wait > VC_REPAIR_US)
        wait = VC_REPAIR_US;
    if ((commands_wait || e->flows.untold_count > 0) && wait > RETRY_US)
        wait = vc_ring_has_room(&e->ring) ? 0 : RETRY_US;
    return wait;
}

static struct timespec timespec_of(uint64_t us)
{
    return (struct timespec){(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
}

static void loop(vc_engine *e)
{
    struct pollfd polled[4] = {
        {.fd = e->links[0].fd, .events = POLLIN},
        {.fd = e->links[1].fd, .events = POLLIN},
        {.fd = e->command_fd, .events = POLLIN},
        {.fd = e->flows.epoll_fd, .events = POLLIN},
    };
    bool commands_wait = true; /* those queued before the loop began */
    while (!atomic_load_explicit(&e->stopping, memory_order_acquire)) {
        uint64_t wait = wait_us(e, commands_wait);
        struct timespec timeout = timespec_of(wait);
        int ready = ppoll(polled, 4, wait == UINT64_MAX ? NULL : &timeout, NULL);
        vc_clock_read(&e->clock);
        if (ready > 0 && polled[2].revents != 0)
            clear_eventfd(e->command_fd);
        commands_wait = vc_apply_commands(e); /* first: a packet may answer to what was said after one of them */
        if (ready > 0) {
            take_packets(e, polled);
            if (polled[3].revents != 0)
                take_flows(e);
        }
        take_timers(e);
    }
}

/* What was queued before the stop still holds: goodbyes to flows are commands. */
static void finish(vc_engine *e)
{
    for (uint32_t i = 0; i <= e->commands.mask && vc_apply_commands(e); i++)
        ;
    flush(e);
}

int vc_engine_run(vc_engine *e)
{
    int idle = 0;
    if (!atomic_compare_exchange_strong(&e->running, &idle, 1))
        return VC_ERR_STATE;
    char name[16] = "";
    prctl(PR_GET_NAME, name);
    prctl(PR_SET_NAME, "vc-media");
    vc_sched_saved saved;
    atomic_store(&e->sched, (int)vc_sched_raise(&saved));
    loop(e);
    finish(e);
    vc_sched_restore(&saved);
    prctl(PR_SET_NAME, name);
    atomic_store(&e->running, 0);
    return VC_OK;
}

void vc_engine_stop(vc_engine *e)
{
    uint64_t one = 1;
    atomic_store_explicit(&e->stopping, true, memory_order_release);
    ssize_t written = write(e->command_fd, &one, sizeof one);
    (void)written; /* a full eventfd is readable already */
}

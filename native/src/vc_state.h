/* vc_state.h - what the engine knows: peers, what they publish (tracks) and what they are sent (slots).
 *
 *     peer A ── track ──┬──> slot ── peer B         a track lists the slots it feeds;
 *                       └──> slot ── peer C         a slot has at most one track
 *
 * Everything here belongs to the media thread, except the figures and 'alive' flags, which anyone may read. */
#ifndef VC_STATE_H
#define VC_STATE_H
#include <stdatomic.h>

#include "vc_addr.h"
#include "vc_bwe.h"
#include "vc_cmdq.h"
#include "vc_counters.h"
#include "vc_flow.h"
#include "vc_hist.h"
#include "vc_history.h"
#include "vc_layer.h"
#include "vc_meter.h"
#include "vc_missing.h"
#include "vc_net.h"
#include "vc_prober.h"
#include "vc_reception.h"
#include "vc_red.h"
#include "vc_rewrite.h"
#include "vc_ring.h"
#include "vc_speech.h"
#include "vc_store.h"
#include "vc_table.h"
#include "vc_twcc.h"
#include "vc_uplink.h"
#include "vc_view.h"
#include "vc_wheel.h"

enum {
    VC_NONE = -1,
    VC_CACHE_LINE = 64,
    VC_UFRAGS_PER_PEER = 2,    /* old and new while ICE restarts */
    VC_RTCP_SSRCS_MAX = 192,   /* senders of RTCP we let libsrtp keep state for; Firefox uses one per slot */
    VC_RTCP_SSRCS_TABLE = 512, /* a power of two, never full */
    VC_RESEND_COST = 4,        /* a packet sent gives 1: resending takes a quarter of the rate at most */
    VC_RESEND_CREDIT_MAX = 100,
    VC_ALLOCATIONS = 22, /* no fewer than init_tables() and init_flows() make */
};

typedef int (*vc_srtp_fn)(void *session, void *packet, int *length);
typedef int (*vc_srtp_create_fn)(void **session, const void *policy);
typedef int (*vc_srtp_dealloc_fn)(void *session);
typedef int (*vc_srtp_add_fn)(void *session, const void *policy);
typedef int (*vc_srtp_remove_fn)(void *session, unsigned ssrc);
typedef int (*vc_srtp_get_roc_fn)(void *session, uint32_t ssrc, uint32_t *roc);
typedef int (*vc_srtp_set_roc_fn)(void *session, uint32_t ssrc, uint32_t roc);

/* Between two packets of a quiet room other work empties the caches, so a forward costs what it touches: the
 * fields of the packet path come first, on as few cache lines as can be. */
typedef struct {
    _Alignas(VC_CACHE_LINE) vc_sockaddr name;
    int name_length;
    int32_t flow;  /* the TCP connection it is, or VC_NONE */
    vc_link *link; /* the socket it is reached by; packets for a flow are made in its room */
    const vc_local *from; /* the address of ours that packets must leave from; NULL = they do anyway */
    bool in_use;
    vc_addr addr;
    uint64_t added_us;
} vc_tuple;

/* Where media to a peer went, and what that was thought to carry (0 = unknown) when it was left. */
typedef struct {
    vc_addr addr;
    uint32_t bps;
    uint64_t until_us;
} vc_path;

typedef struct {
    _Alignas(VC_CACHE_LINE) atomic_bool alive;
    bool deaf;
    uint8_t twcc_ext; /* 0 = it gets no transport-wide feedback */
    uint16_t resend_credit;
    int32_t bwe; /* the estimate of its path, or VC_NONE */
    int32_t id;
    int send_tuple; /* index, or VC_NONE */
    uint32_t own_ssrc;
    void *rx, *tx; /* SRTP sessions, NULL before DTLS is done */
    vc_figure tx_packets, tx_bytes;
    vc_tuple tuples[VC_TUPLES_MAX];
    uint64_t moved_us; /* when media last chose the send tuple */
    uint64_t media_us; /* newest authenticated packet */
    uint32_t rtt_us;   /* as its newest report tells; 0 = unknown */
    vc_prober prober;       /* of its path */
    vc_path path, left;     /* where media goes, and where it went before */
    vc_uplink uplink;       /* how much it is told that it may send */
    uint64_t limit_told_us; /* when Python was told last how much it takes */
    uint32_t told_resent, told_lost; /* what Python knows */
    int track_count;
    int32_t tracks[VC_TRACKS_PER_PEER];
    int32_t slots[VC_SLOTS_PER_PEER];
    int slot_count;
    int ended_slots;
    uint32_t ended_ssrcs[2 * VC_SLOTS_PER_PEER]; /* of these, under the keys of now; video has two */
    int ended_count;
    uint32_t named_ssrcs[VC_SSRCS_PER_PEER]; /* that named themselves, under the keys of now */
    int named_count;
    uint8_t ufrags[VC_UFRAGS_PER_PEER][VC_UFRAG_MAX + 1]; /* length first, 0 = free */
    vc_bucket stun_known, stun_new, dtls, rollovers;
    void *stream_policy;          /* under which a stream of 'rx' can be added, or NULL */
    uint32_t *stream_policy_ssrc; /* where in it the SSRC stands */
    void *send_policy;          /* under which a session for one stream of 'tx' can be made, or NULL */
    uint32_t *send_policy_ssrc; /* where in it the SSRC stands */
    uint32_t rtcp_ssrcs[VC_RTCP_SSRCS_TABLE];
    bool rtcp_ssrc_used[VC_RTCP_SSRCS_TABLE];
    int rtcp_ssrc_count;
    vc_figure last_received_us, rx_packets, rx_bytes, auth_failures, replays, moves;
    vc_figure send_addr[3]; /* 18 bytes in three words: a reader may see a mix for an instant */
} vc_peer;

typedef struct {
    atomic_bool alive;
    bool muted;
    uint8_t media; /* vc_media */
    uint8_t pt;
    uint8_t level_ext;
    int32_t peer;
    uint32_t ssrc;
    uint32_t clock_rate;
    uint32_t last_ts;
    uint64_t heard_us; /* newest packet */
    vc_bucket rate;
    vc_reception reception;
    int32_t lossy_at; /* its place in the engine's lossy, or VC_NONE */
    int32_t layer;    /* of video; VC_NONE = audio */
    vc_speech speech;
    int32_t *receivers; /* slots */
    uint32_t receiver_count;
    uint32_t turn; /* where the next fan-out begins */
    bool told_speaking; /* what Python knows */
    int32_t speaker_at; /* its place in the engine's speakers, or VC_NONE */
    vc_figure packets, bytes;
    vc_figure32 ext_seq, lost, fraction_lost, jitter, level, speaking, newest_pt;
    vc_missing missing; /* this and what follows last, being long and mostly empty */
    vc_missing_packet missing_voice[VC_MISSING_MAX];
    char mid[VC_MID_MAX], rid[VC_RID_MAX]; /* filled up with zeros; nothing but zeros = none */
} vc_track;

typedef struct {
    _Alignas(VC_CACHE_LINE) atomic_bool alive;
    uint8_t pt;
    uint8_t level_ext;
    uint8_t red_distance; /* how many earlier packets each carries at most */
    int32_t peer;
    uint32_t ssrc;
    void *session; /* of vc_session_of(); NULL before its first packet */
    vc_rewriter rewriter;
    vc_figure packets, bytes;
    vc_figure32 seq, ts;
    vc_figure32 fed_by; /* what 'track' is, for others to read */
    int32_t track;    /* VC_NONE = empty */
    uint32_t at;      /* its place in the track's receivers */
    uint32_t of_peer; /* its place in the peer's slots */
    int32_t view;     /* of video; VC_NONE = audio */
    uint8_t red_pt; /* the type of those that do */
    uint8_t cname_length;
    char cname[VC_CNAME_MAX];
    vc_figure resent, redundant;
    vc_figure reported_us;
    vc_figure32 lost, fraction_lost, jitter, rtt_us;
    vc_history history;
} vc_slot;

/* As of a peer: what every packet needs comes first. */
struct vc_engine {
    vc_srtp_fn protect, unprotect, protect_rtcp, unprotect_rtcp;
    vc_peer *peers;
    vc_track *tracks;
    vc_slot *slots;
    vc_voice_store *stores; /* one for each track; audio alone uses them */
    uint32_t stored;        /* the serial of the newest stored packet */
    vc_table by_addr;       /* -> peer * VC_TUPLES_MAX + tuple */
    vc_config config;
    int32_t *receivers; /* config.max_receivers for each track */
    vc_twcc *twccs;     /* one for each peer */
    vc_layer *layers;   /* config.max_video_tracks */
    vc_view *views;     /* config.max_video_slots */
    vc_bwe *bwes;       /* one for each peer with video, config.max_video_slots at most */
    int32_t *unused_layers, *unused_views, *unused_bwes;
    uint32_t unused_layer_count, unused_view_count, unused_bwe_count;
    vc_table by_ufrag;  /* length and bytes -> peer */
    vc_wheel wheel;     /* reports, one timer per peer */
    vc_wheel probes;    /* the same, of peers who want more than their path is estimated to carry */
    vc_sources stun_sources;
    vc_bucket stun_total, strays;
    vc_srtp_create_fn create;
    vc_srtp_dealloc_fn dealloc;
    vc_srtp_add_fn add_stream;
    vc_srtp_remove_fn remove_stream;
    vc_srtp_get_roc_fn get_stream_roc;
    vc_srtp_set_roc_fn set_stream_roc;
    uint64_t random;
    uint64_t swept_us; /* last look for those who stopped speaking */
    int32_t *speakers; /* tracks now speaking, or whose change is not told yet */
    uint32_t speaker_count;
    int32_t *lossy; /* tracks with missing packets */
    uint32_t lossy_count;
    int32_t *wanted; /* tracks of video of which a keyframe is wanted */
    uint32_t wanted_count;
    uint64_t wanted_us; /* the last look at them */
    uint64_t start_us;
    vc_clock clock;
    vc_link links[2];
    vc_flows flows;
    vc_cmdq commands;
    vc_ring ring;
    int command_fd, wakeup_fd;
    atomic_int running;
    atomic_bool stopping;
    atomic_int sched;
    void *allocated[VC_ALLOCATIONS];
    int allocated_count;
    size_t total_bytes;
    vc_red reds[VC_RED_MAX]; /* by the number of packets carried, less one */
    vc_hist residence, wait;
    vc_figure counters[VC_COUNTER_COUNT];
};

static inline void vc_count(vc_engine *e, vc_counter counter)
{
    vc_figure_add(&e->counters[counter], 1);
}

/* The peer, track or slot of that number, or NULL when there is none now. */
vc_peer *vc_state_peer(vc_engine *e, int peer);
vc_track *vc_state_track(vc_engine *e, int track);
vc_slot *vc_state_slot(vc_engine *e, int slot);

/* The socket that leads to 'addr'; without a descriptor when there is none for its family. */
vc_link *vc_state_link(vc_engine *e, const vc_addr *addr);

/* The address of ours that 'addr' names, or NULL. */
const vc_local *vc_state_local(vc_engine *e, const vc_addr *addr);

/* The packets of a track that are kept; its layer or the view of a slot, for video only. */
static inline vc_layer *vc_state_layer(vc_engine *e, const vc_track *track)
{
    return &e->layers[track->layer];
}

static inline vc_view *vc_state_view(vc_engine *e, const vc_slot *slot)
{
    return &e->views[slot->view];
}

/* The estimate of the path to 'peer', or NULL. */
static inline vc_bwe *vc_state_bwe(vc_engine *e, const vc_peer *peer)
{
    return peer->bwe == VC_NONE ? NULL : &e->bwes[peer->bwe];
}

static inline vc_store *vc_state_store(vc_engine *e, const vc_track *track)
{
    return track->layer == VC_NONE ? &e->stores[track - e->tracks].store : &e->layers[track->layer].store;
}

/* Append a record for Python and wake it; false (and counted) when the ring is full.  What strangers can cause
 * may take three quarters of the ring, so that our own news always have room. */
bool vc_state_tell(vc_engine *e, vc_record record, const uint8_t *payload, size_t length);
bool vc_state_pass(vc_engine *e, vc_record record, const uint8_t *payload, size_t length);

/* The next pseudo-random number: for jitter and first sequence numbers, not for secrets. */
uint32_t vc_state_random(vc_engine *e);
#endif

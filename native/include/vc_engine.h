/* vc_engine.h - the media engine: packets in over UDP and TCP, authenticated and rewritten packets out, in one thread.
 *
 * The fenced part is what cffi reads; it is the whole contract with Python.
 *
 * Threads.  vc_engine_run() belongs to one thread (the media thread), which takes no lock, no GIL and allocates
 * nothing.  All commands, vc_engine_pop() and vc_engine_clear_wakeup() belong to one other thread (the control
 * thread).  vc_engine_stop() and the functions that read statistics may be called from any thread.
 *
 * Handles.  Peers, tracks and slots are numbers the caller chooses below the limits of the config.  A number may be
 * used again once the acknowledgement of its deletion was popped: records travel in order, so none about the
 * old owner can follow it.
 *
 * Times are microseconds of CLOCK_MONOTONIC (Python's time.monotonic() * 1e6).
 * Addresses are 19 bytes: IPv6 address (IPv4 as ::ffff:a.b.c.d), then the port, both in network order, then the
 * vc_transport: one key per tuple, in which UDP and TCP cannot meet, nor UDP to two addresses of ours. */
#ifndef VC_ENGINE_H
#define VC_ENGINE_H
#include <stddef.h>
#include <stdint.h>
/* cffi: begin */
typedef struct vc_engine vc_engine; /* opaque */

typedef enum {
    VC_OK = 0,
    VC_ERR_NOMEM = -1,     /* memory or a file descriptor could not be had */
    VC_ERR_RANGE = -2,     /* an argument is out of bounds */
    VC_ERR_FULL = -3,      /* the command queue is full: wait for an acknowledgement, try again */
    VC_ERR_EXISTS = -4,    /* the handle, SSRC, tuple or ufrag is taken */
    VC_ERR_NOT_FOUND = -5, /* no such peer, track, slot or tuple */
    VC_ERR_LIMIT = -6,     /* a table of that peer or track is full */
    VC_ERR_STATE = -7,     /* not now: already running, or still running */
} vc_status;

enum {
    VC_ADDR_BYTES = 19,
    VC_UFRAG_MAX = 16,        /* our own ICE user fragments are short */
    VC_CNAME_MAX = 24,        /* without the final NUL */
    VC_TUPLES_MAX = 8,        /* validated addresses of one peer */
    VC_MID_MAX = 16,          /* ours: we name the media sections */
    VC_RID_MAX = 8,
    VC_TRACKS_PER_PEER = 24,  /* a microphone, a camera and three screens in three layers each, their sound, room to grow */
    VC_SLOTS_PER_PEER = 128,  /* what one peer can be sent at once */
    VC_SSRCS_PER_PEER = 256,  /* that name themselves by MID and RID, under one pair of keys */
    VC_PAYLOAD_TYPES = 128,
    VC_SSRC_UNNAMED = 0,      /* no stream has it: bandwidth probes do */
    VC_RED_MAX = 2,           /* earlier packets that one of voice can carry */
    VC_DATAGRAM_MAX = 1500,   /* longer datagrams are dropped and counted */
    VC_HIST_BUCKETS = 768,
};

/* The last byte of an address.  From VC_TRANSPORT_LOCAL on: UDP to one of our own addresses, on a socket bound to them
 * all; vc_engine_local() says to which. */
typedef enum { VC_TRANSPORT_UDP = 0, VC_TRANSPORT_TCP = 1, VC_TRANSPORT_LOCAL = 2 } vc_transport;

/* Kinds of record in the ring to Python. */
typedef enum {
    VC_RECORD_ACK = 1,        /* a command with a token was applied; 'status' says how */
    VC_RECORD_REFUSED = 2,    /* a command without a token failed; 'index' is its vc_op, 'status' why */
    VC_RECORD_STUN = 3,       /* a Binding request naming a known ufrag; 'index' 1 = from a validated tuple; or a response
                               * whose transaction id begins with the number of the peer, 32 bits, network order */
    VC_RECORD_DTLS = 4,       /* a datagram of DTLS records from a validated tuple */
    VC_RECORD_SPEAKING = 5,   /* 'index' is the track, 'status' 1 started or 0 stopped, 'value' the level in -dBov */
    VC_RECORD_BYE = 6,        /* an authenticated RTCP BYE for the track 'index' */
    VC_RECORD_MOVED = 7,      /* media of this peer now goes to 'addr' */
    VC_RECORD_FLOW_CLOSED = 8, /* the TCP connection from 'addr' is gone, 'peer' lost it as a tuple (-1: nobody) */
    VC_RECORD_LAYER = 9,      /* the video slot 'index' of 'peer' is sent the track 'status' from this keyframe on */
    VC_RECORD_STRAY = 11,     /* authentic RTP of 'peer' came from 'addr', which is none of its tuples */
    VC_RECORD_ESTIMATE = 10,  /* to 'peer' go about 'value' bit/s; when it changed by 5 % or more, 4 times a second at most */
    VC_RECORD_LIMIT = 12,     /* 'peer' says that it takes 'value' bit/s (REMB); 4 times a second at most */
    VC_RECORD_LOSS = 13,      /* of 'value' packets of audio to 'peer' so far 'status' were lost, by its reports, and 'index' sent
                               * again; each second in which either grew, or in which some were sent with redundancy */
} vc_record_kind;

/* One record of the ring; 'length' bytes of payload follow, then padding up to 'size'. */
typedef struct {
    uint32_t size; /* of header, payload and padding; a multiple of 8 */
    uint16_t kind; /* vc_record_kind */
    uint16_t length;
    int32_t peer; /* -1 when it concerns none */
    int32_t index;
    int32_t status;
    uint32_t value;   /* the token of an acknowledgement, or as the kind says */
    uint64_t time_us; /* arrival of the datagram, or when it was noticed */
    uint8_t addr[19];
    uint8_t reserved[5];
} vc_record;

typedef enum { VC_MEDIA_AUDIO = 1, VC_MEDIA_VIDEO = 2 } vc_media;

/* What a payload type carries. */
typedef enum {
    VC_CODEC_NONE = 0,
    VC_CODEC_OPUS = 1,
    VC_CODEC_VP8 = 2,
    VC_CODEC_VP9 = 3,
    VC_CODEC_H264 = 4,
    VC_CODEC_AV1 = 5,
} vc_codec;

/* Which scheduling the media thread got. */
typedef enum { VC_SCHED_PENDING = 0, VC_SCHED_FIFO = 1, VC_SCHED_SLICE = 2, VC_SCHED_DEFAULT = 3 } vc_sched;

typedef enum {
    VC_HIST_RESIDENCE = 0, /* kernel receive stamp to the return of the send call, per forwarded packet */
    VC_HIST_WAIT = 1,      /* kernel receive stamp to the read by the media thread, per datagram */
} vc_hist_id;

typedef struct {
    int udp4_fd; /* bound sockets, -1 for none; the caller keeps and closes them after vc_engine_free() */
    int udp6_fd; /* IPV6_V6ONLY when udp4_fd is given, else it may be dual-stack */
    uint32_t max_peers;
    uint32_t max_tracks;
    uint32_t max_slots;
    uint32_t max_receivers; /* slots that one track may feed */
    uint32_t max_flows;     /* TCP connections, 0 = none */
    uint32_t ring_bytes;    /* rounded up to a power of two */
    uint32_t command_depth; /* rounded up to a power of two */
    uint32_t stun_per_s;    /* Binding requests from unvalidated tuples let through, all together */
    uint32_t audio_per_s;   /* packets of one audio track passed on; twice as many in a burst; 0 = no limit */
    uint32_t max_video_tracks; /* of the tracks; 0 = no video.  Their packets are kept in half a megabyte each */
    uint32_t max_video_slots;  /* of the slots */
    uint8_t payload_codecs[128]; /* vc_codec by payload type: ours for all, since we are always the offerer */
    uint8_t payload_rtx[128];    /* under which type a packet of that type is sent again (RFC 4588); 0 = none */
    uint8_t mid_ext, rid_ext, transport_ext; /* header extensions by which packets name themselves; 0 = none */
    uint8_t hash_key[16];   /* random; keys the address table and seeds first sequence numbers */
    /* srtp_protect and its siblings: int f(void *session, void *packet, int *length), 0 = ok */
    uintptr_t protect, unprotect, protect_rtcp, unprotect_rtcp;
    /* srtp_add_stream, ..., each 0 when it cannot be had: only vc_engine_peer_stream_policy() needs them */
    uintptr_t add_stream, remove_stream, get_stream_roc, set_stream_roc;
    /* srtp_create and srtp_dealloc, or 0: only vc_engine_peer_send_policy() needs them */
    uintptr_t create, dealloc;
} vc_config;

typedef struct {
    uint64_t last_received_us; /* newest authenticated packet; 0 = none yet */
    uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
    uint64_t auth_failures, replays;
    uint64_t moves; /* how often the send tuple changed */
    uint8_t send_addr[19]; /* zero when there is none yet */
} vc_peer_stats;

typedef struct {
    uint64_t packets, bytes;
    uint32_t ext_seq;      /* extended highest sequence number */
    int32_t lost;          /* cumulative, may be negative (duplicates) */
    uint32_t fraction_lost; /* of the last report, of 256 */
    uint32_t jitter;       /* timestamp units */
    uint32_t level;        /* smoothed, in -dBov, 0..127, 127 = silence */
    uint32_t speaking;     /* 0 or 1 */
    uint32_t pt;           /* payload type of the newest packet of a video, 0 = none came */
} vc_track_stats;

typedef struct {
    uint64_t packets, bytes;
    uint64_t resent;        /* of audio: as they were sent before */
    uint64_t redundant;     /* packets that carried earlier ones */
    uint32_t seq, ts;       /* last sent */
    int32_t lost;           /* the rest as the receiver reports it */
    uint32_t fraction_lost; /* of 256 */
    uint32_t jitter;        /* timestamp units */
    uint32_t rtt_us;        /* 0 = unknown */
    uint64_t reported_us;   /* when, 0 = never */
    int32_t track;          /* what feeds it: of a video, since that track's keyframe; -1 = nothing */
} vc_slot_stats;

/* A new engine, or NULL when a limit is out of bounds or memory is short.  Sets the options of the sockets
 * (non-blocking, time stamps, buffers, DSCP EF).  Caller owns: vc_engine_free(). */
vc_engine *vc_engine_new(const vc_config *config);

/* Release everything but the UDP sockets.  VC_ERR_STATE (and nothing done) while vc_engine_run() is inside. */
int vc_engine_free(vc_engine *engine);

/* The media loop.  Returns VC_OK after vc_engine_stop(), VC_ERR_STATE when it already runs. */
int vc_engine_run(vc_engine *engine);

/* Ask the loop to return; wakes it.  Harmless before, after and twice. */
void vc_engine_stop(vc_engine *engine);

/* Readable when the ring went from empty to not empty: clear it first, then pop until nothing is left. */
int vc_engine_wakeup_fd(const vc_engine *engine);
void vc_engine_clear_wakeup(vc_engine *engine);

/* Is there a record to pop? */
int vc_engine_has_records(const vc_engine *engine);

/* Copy whole records into 'out' (room 'cap', at least 2048).  Bytes written; 0 = empty. */
size_t vc_engine_pop(vc_engine *engine, uint8_t *out, size_t cap);

/* Which scheduling the loop got; VC_SCHED_PENDING before it runs. */
int vc_engine_sched(const vc_engine *engine);

/* ---- Commands: queued, applied in order by the media thread.  VC_OK means queued; VC_ERR_RANGE or VC_ERR_FULL
 * means not.  token 0: silence on success, VC_RECORD_REFUSED on failure; else a VC_RECORD_ACK always. ---- */

/* Nothing, acknowledged: all commands queued before it have been applied. */
int vc_engine_sync(vc_engine *engine, uint32_t token);

/* own_ssrc: the SSRC our receiver reports to this peer carry. */
int vc_engine_peer_add(vc_engine *engine, int peer, uint32_t own_ssrc, uint32_t token);
/* Also ends its tracks, slots, tuples and ufrags.  After the acknowledgement its SRTP sessions may be freed. */
int vc_engine_peer_del(vc_engine *engine, int peer, uint32_t token);
/* Let STUN naming our user fragment 'ufrag' through as this peer's; up to two at once (ICE restart). */
int vc_engine_ufrag_add(vc_engine *engine, int peer, const uint8_t *ufrag, size_t length, uint32_t token);
int vc_engine_ufrag_del(vc_engine *engine, int peer, const uint8_t *ufrag, size_t length, uint32_t token);
/* The address passed an authenticated check: accept its DTLS and SRTP.  The first one becomes the send tuple. */
int vc_engine_tuple_add(vc_engine *engine, int peer, const uint8_t *addr, uint32_t token);
int vc_engine_tuple_del(vc_engine *engine, int peer, const uint8_t *addr, uint32_t token);
/* Have what goes to this tuple leave from vc_engine_local() of it, when the route would choose another: the client
 * takes packets from nowhere else.  Until then, and for tuples that name none of our addresses, the route chooses. */
int vc_engine_tuple_pin(vc_engine *engine, int peer, const uint8_t *addr, uint32_t token);
/* The address of ours that 'addr' names, IPv4 mapped; VC_ERR_NOT_FOUND when it names none.  From any thread. */
int vc_engine_local(vc_engine *engine, const uint8_t *addr, uint8_t ip[16]);
/* An authenticated check wants this validated address; obeyed when no media says otherwise. */
int vc_engine_tuple_prefer(vc_engine *engine, int peer, const uint8_t *addr, uint32_t token);
/* Install SRTP sessions, 'tx' with allow_repeat_tx (what is lost is sent again unchanged); from now only the media thread may touch them, until the acknowledgement of
 * vc_engine_peer_del() or of the next vc_engine_peer_keys(). */
int vc_engine_peer_keys(vc_engine *engine, int peer, uintptr_t rx, uintptr_t tx, uint32_t token);
/* After vc_engine_peer_keys() and as long valid: an srtp_policy_t of 'rx' for one specific SSRC, and where in it the
 * SSRC stands.  With it a stream opens whose packets up to where its numbers went around were lost. */
int vc_engine_peer_stream_policy(vc_engine *engine, int peer, uintptr_t policy, uintptr_t policy_ssrc, uint32_t token);
/* After vc_engine_peer_keys() and as long valid: an srtp_policy_t like that of 'tx' but for one specific SSRC, and where
 * in it the SSRC stands.  With it each slot of voice is protected by a session of its own, which costs less. */
int vc_engine_peer_send_policy(vc_engine *engine, int peer, uintptr_t policy, uintptr_t policy_ssrc, uint32_t token);
/* Tell this peer when each of its packets arrived (transport-wide congestion control): 'extension' is the id its
 * packets number themselves by, 0 = tell nothing. */
int vc_engine_peer_twcc(vc_engine *engine, int peer, int extension, uint32_t token);
/* Tell this peer how much it may send (REMB), by what arrives of its video and what is lost: at most max_bps, 0 = tell
 * nothing.  For those who take no transport-wide feedback. */
int vc_engine_peer_limit(vc_engine *engine, int peer, uint32_t max_bps, uint32_t token);
/* Estimate what the path to this peer carries, by transport-wide numbers (config.transport_ext) in its video packets
 * and its feedback on them; VC_RECORD_ESTIMATE tells.  The estimate begins with start_bps and stays within the bounds;
 * once begun it goes on, within those of the newest command.  Packets of slots without RTX carry no number. */
int vc_engine_peer_estimate(vc_engine *engine, int peer, uint32_t min_bps, uint32_t start_bps, uint32_t max_bps,
                            uint32_t token);
/* So much would be of use to a peer whose path is estimated: while it is more than the estimate, padding is sent now and
 * then (in the RTX stream of a slot that was sent something, over UDP) to see whether the path carries it.  0: nothing
 * more. */
int vc_engine_peer_want(vc_engine *engine, int peer, uint32_t bps, uint32_t token);
/* Forward no audio to this peer while on. */
int vc_engine_peer_deafen(vc_engine *engine, int peer, int on, uint32_t token);

/* The audio 'peer' publishes under 'ssrc', or with VC_SSRC_UNNAMED under the SSRC of its first authentic packet of
 * type 'pt', for clients that do not say it: the oldest such track takes it, and none that vc_engine_track_mid() gave
 * a MID.  level_ext: id of the RFC 6464 extension, 0 = none.  media is VC_MEDIA_AUDIO. */
int vc_engine_track_add(vc_engine *engine, int track, int peer, int media, uint32_t ssrc, uint8_t pt,
                        uint32_t clock_rate, uint8_t level_ext, uint32_t token);
int vc_engine_track_del(vc_engine *engine, int track, uint32_t token);
/* Know an audio track by its media section: under VC_SSRC_UNNAMED only packets with this MID (config.mid_ext) name it,
 * and another SSRC with this MID takes over once the one before has been silent for half a second. */
int vc_engine_track_mid(vc_engine *engine, int track, const char *mid, uint32_t token);

/* One layer of a video 'peer' publishes, of whatever type the config knows for video: under 'ssrc', and under that of
 * authentic packets with this MID and RID ("" = without one) as for vc_engine_track_mid().  More than max_bits_per_s
 * of payload (two seconds of it in a burst, 0 = no limit) is dropped. */
int vc_engine_video_add(vc_engine *engine, int track, int peer, uint32_t ssrc, const char *mid, const char *rid,
                        uint32_t max_bits_per_s, uint32_t token);
int vc_engine_video_limit(vc_engine *engine, int track, uint32_t max_bits_per_s, uint32_t token);

/* Authenticate and count, but forward nothing while on. */
int vc_engine_track_mute(vc_engine *engine, int track, int on, uint32_t token);

/* What 'peer' can be sent under 'ssrc', an SSRC it had under no slot since its keys.  cname: at most VC_CNAME_MAX
 * bytes, as in the SDP. */
int vc_engine_slot_add(vc_engine *engine, int slot, int peer, uint32_t ssrc, uint8_t pt, uint32_t clock_rate,
                       uint8_t level_ext, const char *cname, uint32_t token);
int vc_engine_slot_del(vc_engine *engine, int slot, uint32_t token);
/* Let the packets of an audio slot carry up to 'distance' (VC_RED_MAX at most, 0 = none) of those before them, and then
 * go under the type 'pt' (RFC 2198).  Over TCP none do, as nothing is lost there.  With another 'pt' than before, what
 * was sent until now cannot be sent again. */
int vc_engine_slot_redundancy(vc_engine *engine, int slot, uint8_t pt, int distance, uint32_t token);
/* The same for video.  Packets keep their type; what is lost is sent again under 'rtx_ssrc' (0: under 'ssrc',
 * unchanged). */
int vc_engine_video_slot_add(vc_engine *engine, int slot, int peer, uint32_t ssrc, uint32_t rtx_ssrc, const char *cname,
                             uint32_t token);

/* Feed 'slot' from 'track' from now on (replacing what fed it); sequence and timestamp go on.  With look_back, where
 * speech on an audio track has just begun, its last 60 ms go first, so that no syllable is cut.  Of video the track
 * takes over with its next keyframe, which is asked for; until then the one before goes on. */
int vc_engine_route_set(vc_engine *engine, int slot, int track, int look_back, uint32_t token);
int vc_engine_route_clear(vc_engine *engine, int slot, uint32_t token);

/* Take over 'fd', a connected non-blocking TCP socket from 'addr': VC_OK gives it away for ever.  Its frames (RFC
 * 4571) are taken like datagrams.  It ends by its far end, an error, a frame that is empty or longer than
 * VC_DATAGRAM_MAX, many frames before it is a tuple, the deletion of the tuple it became, or vc_engine_flow_del();
 * then VC_RECORD_FLOW_CLOSED follows, and only then may another flow have that address. */
int vc_engine_flow_add(vc_engine *engine, int fd, const uint8_t *addr, uint32_t token);
int vc_engine_flow_del(vc_engine *engine, const uint8_t *addr, uint32_t token);
/* Send 1 to VC_DATAGRAM_MAX bytes as one frame; VC_ERR_FULL: lost, as over UDP.  So is what a slow client does not
 * take in time. */
int vc_engine_flow_send(vc_engine *engine, const uint8_t *addr, const uint8_t *data, size_t length);

/* ---- Statistics ---- */
int vc_counter_count(void);
const char *vc_counter_name(int counter); /* NULL when out of bounds */
/* Fill out[0..n) with the counters by index; how many were written. */
int vc_engine_counters(const vc_engine *engine, uint64_t *out, int n);
/* Fill out[0..n) with bucket counts of a vc_hist_id; how many were written. */
int vc_engine_histogram(const vc_engine *engine, int which, uint64_t *out, int n);
/* The smallest duration, in nanoseconds, that falls into the bucket. */
uint64_t vc_hist_floor_ns(int bucket);
/* VC_ERR_NOT_FOUND when there is no such one (or its add has not been applied yet); 'out' untouched. */
int vc_engine_peer_stats(const vc_engine *engine, int peer, vc_peer_stats *out);
int vc_engine_track_stats(const vc_engine *engine, int track, vc_track_stats *out);
int vc_engine_slot_stats(const vc_engine *engine, int slot, vc_slot_stats *out);
/* Bytes the engine allocated for one more peer with its tuples, and in all. */
size_t vc_engine_peer_bytes(void);
size_t vc_engine_total_bytes(const vc_engine *engine);
/* cffi: end */
#endif

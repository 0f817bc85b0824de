/* vc_flow.h - TCP connections of clients that cannot send UDP (RFC 6544 passive, RFC 4571 framing).
 *
 * Python accepts and gives the descriptor away: from then on the engine alone reads, writes and closes it.  A frame
 * is taken like a datagram from the flow's address, whose transport byte keeps it apart from UDP.  All flows wait
 * behind one epoll descriptor, so that without TCP traffic they cost the loop nothing.  Nothing here blocks: a
 * packet that finds no room in a flow's buffer is dropped and counted.  Video waits in a buffer of its own, behind
 * all else.  The end of a flow ends its tuple. */
#ifndef VC_FLOW_H
#define VC_FLOW_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "vc_addr.h"
#include "vc_frame.h"
#include "vc_table.h"

enum {
    VC_OUTGOING = 128,          /* packets of Python's on their way to flows; a power of two */
    VC_FLOW_VOICE_BYTES = 16384, /* about a second of a few voices: later than that, nobody wants them */
    VC_FLOW_VIDEO_BYTES = 256 * 1024, /* a keyframe of a screen comes all at once */
};

typedef struct {
    int fd; /* VC_NONE = closed */
    bool is_dirty;    /* has something to send and is listed for it */
    bool is_stalled;  /* waits for the socket to take more */
    int32_t peer;     /* whose it was when it closed */
    uint32_t frames;  /* received while it was nobody's */
    vc_addr addr;
    vc_unframer in;
    vc_framer out, video;
    uint8_t out_bytes[VC_FLOW_VOICE_BYTES], video_bytes[VC_FLOW_VIDEO_BYTES];
} vc_flow;

typedef struct {
    uint16_t length;
    uint8_t data[VC_DATAGRAM_MAX];
} vc_outgoing;

typedef struct {
    vc_flow *all;
    int32_t *unused, *dirty, *untold; /* flow numbers: free ones; those to flush; closed ones Python does not know of */
    uint32_t unused_count, dirty_count, untold_count;
    vc_table by_addr;
    int epoll_fd;
    vc_outgoing *outgoing; /* a ring of VC_OUTGOING: written by the control thread, in the order of its commands */
    uint32_t outgoing_head;
    _Atomic uint32_t outgoing_tail;
    uint8_t *frame; /* the frame being taken, aligned for SRTP */
} vc_flows;

/* Take over 'fd', in any case.  VC_OK; VC_ERR_LIMIT, VC_ERR_EXISTS or VC_ERR_NOMEM and it was closed. */
int vc_flow_open(vc_engine *e, int fd, const uint8_t *addr);

/* The flow of that address, or VC_ERR_NOT_FOUND. */
int vc_flow_find(const vc_engine *e, const uint8_t *addr);

/* Send what it still can, close, end its tuple, tell Python.  Nothing when closed already. */
void vc_flow_close(vc_engine *e, int flow);

/* Queue one packet.  False, and counted, when there is no room. */
bool vc_flow_queue(vc_engine *e, int flow, const uint8_t *data, size_t length, bool is_video);

/* Read a bounded piece of each flow that has something, and write to those that take more. */
void vc_flow_take(vc_engine *e);

/* Write out what was queued. */
void vc_flow_flush(vc_engine *e);

/* Tell Python of closed flows it could not be told of before. */
void vc_flow_tell(vc_engine *e);
#endif

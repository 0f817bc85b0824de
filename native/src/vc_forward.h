/* vc_forward.h - the way of voice to its listeners: rewritten and protected for each, and who is speaking. */
#ifndef VC_FORWARD_H
#define VC_FORWARD_H
#include "vc_rtp.h"
#include "vc_state.h"

/* An authenticated packet on its way: what every receiver's copy has in common. */
typedef struct {
    vc_rtp rtp;
    const uint8_t *payload;
    size_t payload_length;
    uint32_t ext_seq;
    uint8_t level;
    uint64_t arrived_us;
    uint64_t arrived_ns;
    int32_t track;
    uint32_t serial; /* in the track's store, at 'place'; 0 = not stored */
    uint16_t place;
} vc_arrival;

/* Send a packet to those who listen to its track. */
void vc_forward_voice(vc_engine *e, vc_track *track, const vc_arrival *a);

/* Take the level of a newest packet. */
void vc_forward_hear(vc_engine *e, vc_track *track, const vc_arrival *a);

/* End what a slot is sent with a frame of silence.  A decoder left in the middle of a sound makes up how it goes on,
 * for a quarter of a second (Chromium, measured); left in silence it makes up silence. */
void vc_forward_hush(vc_engine *e, vc_slot *slot);

/* An authenticated packet came from that tuple: note life, and let the send tuple follow. */
void vc_forward_alive(vc_engine *e, vc_peer *peer, int tuple, bool is_newest);

/* Make 'tuple' the one that media goes to, and tell Python. */
void vc_forward_move(vc_engine *e, vc_peer *peer, int tuple);

/* The slot was just given to someone: if they have just begun to speak, send the syllable that was missed. */
void vc_forward_look_back(vc_engine *e, vc_slot *slot);

/* Queue a protected packet, written at vc_link_room(), for the peer's send tuple. */
void vc_forward_queue(vc_engine *e, vc_peer *peer, size_t length, uint64_t arrived_ns);
/* The same for video, written at vc_burst_room(): it never goes before anything else. */
void vc_forward_queue_video(vc_engine *e, vc_peer *peer, size_t length, uint64_t arrived_ns);

/* Queue a packet of voice that the slot sent before, byte for byte; 'payload' is that of 'stored'.  VC_OK, VC_ERR_STATE
 * when it could not be protected, or VC_ERR_NOT_FOUND when what it carried is forgotten. */
int vc_forward_again(vc_engine *e, vc_peer *receiver, vc_slot *slot, const vc_sent_packet *sent,
                     const vc_stored *stored, const uint8_t *payload);

/* Can anything be sent to this peer? */
bool vc_forward_is_ready(const vc_peer *peer);

/* Send what is queued but video; or all, video last. */
void vc_forward_flush_voice(vc_engine *e, vc_link *link);
void vc_forward_flush(vc_engine *e, vc_link *link);

/* Tell that a track's speech changed, and retry what the ring had no room for; stops those gone quiet. */
void vc_forward_spoke(vc_engine *e, vc_track *track, vc_speech_change change);
void vc_forward_sweep(vc_engine *e);
#endif

/* vc_forward.h - the path of a voice packet: authenticate, account, rewrite and protect for each receiver. */
#ifndef VC_FORWARD_H
#define VC_FORWARD_H
#include "vc_state.h"

/* Take an SRTP packet that came from a validated tuple of 'peer'. */
void vc_forward_rtp(vc_engine *e, vc_peer *peer, int tuple, const vc_datagram *datagram);

/* End what a slot is sent with a frame of silence.  A decoder left in the middle of a sound makes up how it goes on,
 * for a quarter of a second (Chromium, measured); left in silence it makes up silence. */
void vc_forward_hush(vc_engine *e, vc_slot *slot);

/* An authenticated packet came from that tuple: note life, and let the send tuple follow. */
void vc_forward_alive(vc_engine *e, vc_peer *peer, int tuple, bool is_newest);

/* Make 'tuple' the one that media goes to, and tell Python. */
void vc_forward_move(vc_engine *e, vc_peer *peer, int tuple);

/* Count an SRTP or SRTCP packet that libsrtp refused with 'error'. */
void vc_forward_refused(vc_engine *e, vc_peer *peer, int error);

/* The slot was just given to someone: if they have just begun to speak, send the syllable that was missed. */
void vc_forward_look_back(vc_engine *e, vc_slot *slot);

/* Queue a protected packet, written at vc_link_room(), for the peer's send tuple. */
void vc_forward_queue(vc_engine *e, vc_peer *peer, size_t length, uint64_t arrived_ns);

/* Queue a packet that the slot sent before, byte for byte; false when it could not be protected. */
bool vc_forward_again(vc_engine *e, vc_peer *receiver, const vc_slot *slot, const vc_sent_packet *sent,
                      const vc_stored *stored, const uint8_t *payload);

/* Can anything be sent to this peer? */
bool vc_forward_is_ready(const vc_peer *peer);

/* Send all that is queued. */
void vc_forward_flush(vc_engine *e, vc_link *link);

/* Tell that a track's speech changed, and retry what the ring had no room for; stops those gone quiet. */
void vc_forward_spoke(vc_engine *e, vc_track *track, vc_speech_change change);
void vc_forward_sweep(vc_engine *e);
#endif

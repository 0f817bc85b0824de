/* vc_apply_ops.h - each command taking effect: VC_OK, or why it is refused and nothing changed. */
#ifndef VC_APPLY_OPS_H
#define VC_APPLY_OPS_H
#include "vc_state.h"

/* Peers, and the names they go by: user fragments and tuples. */
int vc_apply_peer_add(vc_engine *e, const vc_command *c);
int vc_apply_peer_del(vc_engine *e, const vc_command *c);
int vc_apply_peer_keys(vc_engine *e, const vc_command *c);
int vc_apply_peer_stream_policy(vc_engine *e, const vc_command *c);
int vc_apply_peer_send_policy(vc_engine *e, const vc_command *c);
int vc_apply_peer_deafen(vc_engine *e, const vc_command *c);
int vc_apply_peer_twcc(vc_engine *e, const vc_command *c);
int vc_apply_peer_limit(vc_engine *e, const vc_command *c);
int vc_apply_peer_want(vc_engine *e, const vc_command *c);
int vc_apply_peer_estimate(vc_engine *e, const vc_command *c);
int vc_apply_ufrag_add(vc_engine *e, const vc_command *c);
int vc_apply_ufrag_del(vc_engine *e, const vc_command *c);
int vc_apply_tuple_add(vc_engine *e, const vc_command *c);
int vc_apply_tuple_del(vc_engine *e, const vc_command *c);
int vc_apply_tuple_pin(vc_engine *e, const vc_command *c);
int vc_apply_tuple_prefer(vc_engine *e, const vc_command *c);

/* What they publish and what they are sent, voice and video. */
int vc_apply_route_set(vc_engine *e, const vc_command *c);
int vc_apply_route_clear(vc_engine *e, const vc_command *c);
int vc_apply_slot_add(vc_engine *e, const vc_command *c);
int vc_apply_slot_del(vc_engine *e, const vc_command *c);
int vc_apply_slot_redundancy(vc_engine *e, const vc_command *c);
int vc_apply_track_add(vc_engine *e, const vc_command *c);
int vc_apply_track_del(vc_engine *e, const vc_command *c);
int vc_apply_track_mute(vc_engine *e, const vc_command *c);
int vc_apply_track_mid(vc_engine *e, const vc_command *c);
int vc_apply_video_add(vc_engine *e, const vc_command *c);
int vc_apply_video_limit(vc_engine *e, const vc_command *c);
int vc_apply_video_slot_add(vc_engine *e, const vc_command *c);

/* With all that leads to it. */
void vc_apply_remove_track(vc_engine *e, vc_track *track);
void vc_apply_remove_slot(vc_engine *e, vc_slot *slot);
#endif

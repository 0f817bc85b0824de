/* vc_route.h - who is fed by whom: both ends of every route, changed in one place. */
#ifndef VC_ROUTE_H
#define VC_ROUTE_H
#include "vc_state.h"

/* Feed a slot that nothing feeds.  False when the track feeds as many as it may. */
bool vc_route_attach(vc_engine *e, vc_slot *slot, vc_track *track);

/* Feed it no longer; what comes next begins a stretch. */
void vc_route_detach(vc_engine *e, vc_slot *slot);

/* Let a slot of video wait for the next keyframe of 'track', and for no other. */
void vc_route_wait(vc_engine *e, vc_slot *slot, vc_track *track);
void vc_route_wait_no_more(vc_engine *e, vc_slot *slot);
#endif

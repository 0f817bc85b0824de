/* vc_keyframe.h - asking publishers for keyframes (PLI, RFC 4585 §6.3.1), no more than they can bear.
 *
 *     wanted ── at once, or 500 ms after the last time ──> awaited ── the keyframe ──> nothing
 *        ^──────────── wanted again ────────────────────────┘ └─ none for a second: asked again */
#ifndef VC_KEYFRAME_H
#define VC_KEYFRAME_H
#include "vc_rtcp.h"
#include "vc_state.h"

enum { VC_KEYFRAME_US = 50000 /* how often those waited for are looked at */ };

/* Somebody cannot go on without a keyframe of 'track'. */
void vc_keyframe_want(vc_engine *e, vc_track *track);

/* One came, and those who could were given it. */
void vc_keyframe_came(vc_engine *e, vc_track *track);

/* The track ends. */
void vc_keyframe_forget(vc_engine *e, vc_track *track);

/* Take a PLI or FIR of a viewer. */
void vc_keyframe_take(vc_engine *e, const vc_peer *peer, const vc_rtcp_packet *packet);

/* Ask those who are due. */
void vc_keyframe_due(vc_engine *e);
#endif

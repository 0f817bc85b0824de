/* vc_session.h - the SRTP session that a slot of voice is protected by.
 *
 * libsrtp walks through the streams of a session, one by one, for each packet: with fifty in one session that is a third
 * of what protecting costs.  So each slot has a session of its own, made for its first packet. */
#ifndef VC_SESSION_H
#define VC_SESSION_H
#include "vc_state.h"

/* Make the slot's session; without a policy, or memory, it is its peer's 'tx', which it then shares. */
void *vc_session_make(vc_engine *e, vc_slot *slot);

/* The session of the slot, whose peer has keys. */
static inline void *vc_session_of(vc_engine *e, vc_slot *slot)
{
    return slot->session != NULL ? slot->session : vc_session_make(e, slot);
}

/* Free it: the slot ends, or its peer's keys do. */
void vc_session_end(vc_engine *e, vc_slot *slot);
#endif

/* vc_apply.h - commands of the control thread take effect, between packets, in the media thread. */
#ifndef VC_APPLY_H
#define VC_APPLY_H
#include "vc_state.h"

/* Apply at most a few waiting commands: packets wait meanwhile.  True when more may wait. */
bool vc_apply_commands(vc_engine *e);
/* End the tuple of that address, if there is one.  Whose it was, or VC_NONE. */
int vc_apply_forget_tuple(vc_engine *e, const uint8_t *addr);
#endif

/* vc_input.h - a datagram arrives: to Python, to the packet path, or to a counter. */
#ifndef VC_INPUT_H
#define VC_INPUT_H
#include "vc_state.h"

/* Whatever the bytes are, exactly one thing happens to the datagram; its buffer may be written to. */
void vc_input_datagram(vc_engine *e, const vc_datagram *datagram);
#endif

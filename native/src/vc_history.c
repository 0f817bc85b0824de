#include "vc_history.h"

#include <string.h>

enum { KEPT_MS = 1000 }; /* later nobody plays it, and serials could come round */

void vc_history_clear(vc_history *history)
{
    memset(history, 0, sizeof *history);
}

void vc_history_put(vc_history *history, const vc_sent_packet *packet)
{
    history->packets[packet->seq & (VC_HISTORY_PACKETS - 1)] = *packet;
}

vc_sent_packet *vc_history_find(vc_history *history, uint16_t seq)
{
    vc_sent_packet *packet = &history->packets[seq & (VC_HISTORY_PACKETS - 1)];
    return packet->serial != 0 && packet->seq == seq ? packet : NULL;
}

bool vc_history_may_resend(const vc_sent_packet *packet, uint32_t now_ms, uint32_t rtt_ms)
{
    uint32_t passed_ms = now_ms - packet->sent_ms;
    return passed_ms >= rtt_ms && passed_ms < KEPT_MS && packet->resends < VC_HISTORY_RESENDS;
}

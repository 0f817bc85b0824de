#include "vc_view.h"

enum { KEPT_MS = 1000, ID_MASK = 0x7fff, SINCE_MAX = 1 << 30 };

void vc_view_init(vc_view *view, uint32_t rtx_ssrc, uint16_t first_rtx_seq, uint32_t stored)
{
    view->next = view->behind = view->before = -1;
    view->rtx_ssrc = rtx_ssrc;
    view->rtx_seq = first_rtx_seq & 0x7fff; /* for the reason given in vc_rewrite.h */
    view->resend_credit = VC_VIEW_CREDIT_MAX;
    view->has_fir = false;
    view->pictures = (vc_pictures){0};
    view->keyframe_us = 0;
    vc_view_forget(view, stored);
}

void vc_view_forget(vc_view *view, uint32_t stored)
{
    view->since = stored;
}

void vc_view_put(vc_view *view, const vc_view_packet *packet)
{
    if ((int32_t)(packet->serial - view->since) > SINCE_MAX) /* serials go round: it must not come to lie ahead */
        view->since = packet->serial - SINCE_MAX / 2;
    view->packets[packet->seq & (VC_VIEW_PACKETS - 1)] = *packet;
}

vc_view_packet *vc_view_find(vc_view *view, uint16_t seq)
{
    vc_view_packet *packet = &view->packets[seq & (VC_VIEW_PACKETS - 1)];
    bool is_known = packet->serial != 0 && (int32_t)(packet->serial - view->since) > 0;
    return is_known && packet->seq == seq ? packet : NULL;
}

bool vc_view_may_resend(const vc_view_packet *packet, uint32_t now_ms, uint32_t rtt_ms)
{
    uint32_t passed_ms = now_ms - packet->sent_ms;
    return passed_ms >= rtt_ms && passed_ms < KEPT_MS && packet->resends < VC_VIEW_RESENDS;
}

void vc_pictures_next(vc_pictures *p, const vc_picture *picture, uint16_t *id, uint8_t *tl0, bool begins, bool is_newest)
{
    if (picture->id_bytes == 0 && !picture->has_tl0)
        return;
    if (begins && p->has_sent) {
        p->id_shift = (uint16_t)((p->id + 1 - *id) & ID_MASK);
        p->tl0_shift = (uint8_t)(p->tl0 + 1 - *tl0);
    }
    *id = (uint16_t)((*id + p->id_shift) & ID_MASK);
    *tl0 = (uint8_t)(*tl0 + p->tl0_shift);
    if (is_newest) {
        p->id = *id;
        p->tl0 = *tl0;
        p->has_sent = true;
    }
}

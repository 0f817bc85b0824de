#include "vc_route.h"

bool vc_route_attach(vc_engine *e, vc_slot *slot, vc_track *track)
{
    if (track->receiver_count == e->config.max_receivers)
        return false;
    slot->track = (int32_t)(track - e->tracks);
    vc_figure32_set(&slot->fed_by, (uint32_t)slot->track);
    slot->at = track->receiver_count;
    track->receivers[track->receiver_count++] = (int32_t)(slot - e->slots);
    return true;
}

void vc_route_detach(vc_engine *e, vc_slot *slot)
{
    if (slot->track == VC_NONE)
        return;
    vc_track *track = &e->tracks[slot->track];
    int32_t last = track->receivers[--track->receiver_count];
    track->receivers[slot->at] = last;
    e->slots[last].at = slot->at;
    slot->track = VC_NONE;
    vc_figure32_set(&slot->fed_by, (uint32_t)VC_NONE);
    vc_rewriter_cut(&slot->rewriter);
}

void vc_route_wait_no_more(vc_engine *e, vc_slot *slot)
{
    vc_view *view = vc_state_view(e, slot);
    if (view->next == VC_NONE)
        return;
    if (view->before == VC_NONE)
        vc_state_layer(e, &e->tracks[view->next])->waiting = view->behind;
    else
        vc_state_view(e, &e->slots[view->before])->behind = view->behind;
    if (view->behind != VC_NONE)
        vc_state_view(e, &e->slots[view->behind])->before = view->before;
    view->next = view->behind = view->before = VC_NONE;
}

void vc_route_wait(vc_engine *e, vc_slot *slot, vc_track *track)
{
    vc_view *view = vc_state_view(e, slot);
    vc_layer *layer = vc_state_layer(e, track);
    int32_t id = (int32_t)(slot - e->slots);
    vc_route_wait_no_more(e, slot);
    view->next = (int32_t)(track - e->tracks);
    view->behind = layer->waiting;
    if (view->behind != VC_NONE)
        vc_state_view(e, &e->slots[view->behind])->before = id;
    layer->waiting = id;
}

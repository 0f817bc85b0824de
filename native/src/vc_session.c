#include "vc_session.h"

void *vc_session_make(vc_engine *e, vc_slot *slot)
{
    vc_peer *peer = &e->peers[slot->peer];
    slot->session = peer->tx;
    if (peer->send_policy == NULL)
        return slot->session;
    void *own = NULL;
    *peer->send_policy_ssrc = slot->ssrc;
    if (e->create(&own, peer->send_policy) == 0)
        slot->session = own;
    return slot->session;
}

void vc_session_end(vc_engine *e, vc_slot *slot)
{
    if (slot->session != NULL && slot->session != e->peers[slot->peer].tx)
        e->dealloc(slot->session);
    slot->session = NULL;
}

#include "vc_rollover.h"

#include <arpa/inet.h>
#include <string.h>

enum {
    TRIES_PER_S = 20, /* forged first packets cost twice no oftener than this */
    TRIES_BURST = 20,
    SRTP_AUTH_FAIL = 7, /* srtp_err_status_t of libsrtp 2 */
};

/* Make libsrtp expect 'ssrc' in its second round.  False when it is there already; '*is_ours': a stream was added. */
static bool begin_second_round(vc_engine *e, vc_peer *peer, uint32_t ssrc, bool *is_ours)
{
    uint32_t round;
    *is_ours = e->get_stream_roc(peer->rx, ssrc, &round) != 0;
    if (*is_ours) {
        *peer->stream_policy_ssrc = ssrc;
        if (e->add_stream(peer->rx, peer->stream_policy) != 0)
            return false;
    } else if (round != 0) { /* else it is known by its reports alone */
        return false;
    }
    return e->set_stream_roc(peer->rx, ssrc, 1) == 0;
}

static void undo(vc_engine *e, const vc_peer *peer, uint32_t ssrc, bool is_ours)
{
    if (is_ours)
        e->remove_stream(peer->rx, htonl(ssrc)); /* alone among its siblings it wants network order */
    else
        e->set_stream_roc(peer->rx, ssrc, 0);
}

int vc_rollover_open(vc_engine *e, vc_peer *peer, uint32_t ssrc, const vc_datagram *datagram, int *length)
{
    uint8_t copy[VC_DATAGRAM_MAX]; /* GCM leaves nothing of what it could not open */
    bool is_ours;
    memcpy(copy, datagram->data, datagram->length);
    int error = e->unprotect(peer->rx, datagram->data, length);
    if (error != SRTP_AUTH_FAIL || !vc_bucket_take(&peer->rollovers, TRIES_PER_S, TRIES_BURST, e->clock.now_us))
        return error;
    if (!begin_second_round(e, peer, ssrc, &is_ours))
        return error;
    memcpy(datagram->data, copy, datagram->length);
    *length = (int)datagram->length;
    error = e->unprotect(peer->rx, datagram->data, length);
    if (error != 0)
        undo(e, peer, ssrc, is_ours);
    else
        vc_count(e, VC_C_rollovers);
    return error;
}

#include "vc_missing.h"

#include <string.h>

enum {
    OVERTAKEN_US = 3000, /* datagrams that overtake each other do so within a burst */
    RTT_MIN_US = 20000,  /* a frame: the next packet may bring the missing one along */
    DEAF_AFTER = 50,     /* packets asked for of which none came */
};

void vc_missing_init(vc_missing *m, vc_missing_packet *packets, uint16_t max, uint32_t kept_ms, uint8_t tries)
{
    *m = (vc_missing){.max = max, .tries = tries, .kept_us = kept_ms * 1000, .packets = packets};
}

static void forget(vc_missing *m, int i)
{
    m->count--;
    memmove(&m->packets[i], &m->packets[i + 1], (size_t)(m->count - i) * sizeof m->packets[0]);
}

static bool found(vc_missing *m, uint32_t ext_seq)
{
    for (int i = 0; i < m->count; i++) {
        if (m->packets[i].ext_seq != ext_seq)
            continue;
        bool was_asked = m->packets[i].asked > 0;
        forget(m, i);
        if (was_asked && m->recovered < UINT16_MAX)
            m->recovered++;
        return was_asked;
    }
    return false;
}

bool vc_missing_arrived(vc_missing *m, uint32_t newest, uint32_t ext_seq, uint64_t now_us)
{
    int64_t ahead = (int32_t)(ext_seq - newest);
    if (ahead <= 0)
        return found(m, ext_seq);
    int64_t hole = ahead - 1;
    if (hole > m->max) { /* a pause or a restart, or too much to mend */
        m->count = 0;
        return false;
    }
    while (m->count + hole > m->max)
        forget(m, 0);
    for (uint32_t i = 1; i <= hole; i++)
        m->packets[m->count++] = (vc_missing_packet){.ext_seq = newest + i, .noticed_us = now_us};
    return false;
}

static bool is_due(const vc_missing_packet *packet, uint64_t now_us, uint64_t rtt_us)
{
    if (packet->asked == 0)
        return now_us >= packet->noticed_us + OVERTAKEN_US;
    return now_us >= packet->asked_us + (rtt_us < RTT_MIN_US ? RTT_MIN_US : rtt_us);
}

int vc_missing_due(vc_missing *m, uint64_t now_us, uint64_t rtt_us, uint16_t out[VC_MISSING_DUE_MAX])
{
    int n = 0;
    for (int i = 0; i < m->count && n < VC_MISSING_DUE_MAX;) {
        vc_missing_packet *packet = &m->packets[i];
        bool is_over = now_us >= packet->noticed_us + m->kept_us;
        if (is_over || (is_due(packet, now_us, rtt_us) && packet->asked == m->tries)) {
            forget(m, i);
            continue;
        }
        if (is_due(packet, now_us, rtt_us)) {
            if (packet->asked++ == 0 && m->asked < UINT16_MAX)
                m->asked++;
            packet->asked_us = now_us;
            out[n++] = (uint16_t)packet->ext_seq;
        }
        i++;
    }
    m->is_deaf = m->recovered == 0 && m->asked >= DEAF_AFTER;
    return n;
}

/* harness.h - an engine on loopback sockets with SRTP replaced by a toy: 4 bytes "OKAY" at the end, and a session
 * that counts.  So the tests need no library, and a fuzzer can get past authentication. */
#ifndef HARNESS_H
#define HARNESS_H
#include <stdbool.h>

#include "vc_engine.h"

typedef struct {
    unsigned long protected_count, unprotected_count;
} toy_session;

/* What vc_engine_peer_send_policy() is given: sessions of its own come from here, in their order. */
typedef struct {
    uint32_t ssrc;
    unsigned room, made, freed;
    toy_session sessions[4];
    uint32_t made_for[4];
} toy_policy;

typedef struct {
    vc_engine *engine;
    int server_fd; /* IPv4 on 127.0.0.1 */
    uint16_t server_port;
} harness;

enum { HARNESS_TAG = 4, HARNESS_PT = 111, HARNESS_VP8 = 96, HARNESS_LEVEL_EXT = 1 }; /* VP9, H264, AV1: 98, 100, 102 */

harness harness_open(void);
void harness_close(harness *h);

/* A UDP socket on 127.0.0.1 and its canonical address. */
int harness_client(uint8_t addr[VC_ADDR_BYTES]);

/* Add a peer with tuple, keys, a track 'peer' (SSRC 100 + peer) and a slot 'peer' (SSRC 200 + peer). */
void harness_join(harness *h, int peer, const uint8_t addr[VC_ADDR_BYTES], toy_session *session);

/* Write an RTP packet of track 'peer' with the toy tag; its length. */
size_t harness_rtp(uint8_t *out, int peer, uint16_t seq, uint8_t level);

/* Write a VP8 packet of the layer with MID "v" and RID "h" under SSRC 300 + peer, with the toy tag; its length. */
size_t harness_video(uint8_t *out, int peer, uint16_t seq, bool is_keyframe);

/* Send 'data' to the server. */
void harness_send(const harness *h, int client_fd, const void *data, size_t length);

/* The figure of that name. */
uint64_t harness_counter(const harness *h, const char *name);

/* Pop until the acknowledgement with that token came. */
void harness_settle(harness *h, uint32_t token);
#endif

/* vc_addr.h - canonical addresses: 16 bytes of IPv6 (IPv4 mapped), two of port, one of transport: a key per tuple. */
#ifndef VC_ADDR_H
#define VC_ADDR_H
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "vc_engine.h"

typedef struct {
    uint8_t bytes[VC_ADDR_BYTES];
} vc_addr;

typedef union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} vc_sockaddr;

/* The canonical form of 'name', of UDP.  VC_OK, or VC_ERR_RANGE for another family, port 0, the unspecified, multicast
 * and broadcast addresses, and link-local IPv6 (its zone is not part of the key). */
int vc_addr_from_sockaddr(const vc_sockaddr *name, vc_addr *out);

/* VC_OK when 'addr' is one that vc_addr_from_sockaddr() could give, else VC_ERR_RANGE. */
int vc_addr_check(const vc_addr *addr);

bool vc_addr_is_tcp(const vc_addr *addr);
bool vc_addr_is_v4(const vc_addr *addr);

/* 'addr' as a socket of 'family' wants it; its length, or VC_ERR_RANGE for IPv6 on an IPv4 socket. */
int vc_addr_to_sockaddr(const vc_addr *addr, int family, vc_sockaddr *out);
#endif

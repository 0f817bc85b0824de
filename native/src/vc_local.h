/* vc_local.h - our own addresses by number, on a socket bound to them all: what came to one of them is answered from
 * it, or the client takes it for somebody else's (RFC 8445 section 7.2.5.2.1).  Each is learnt by what first comes to
 * it.  The media thread learns; any thread may read what is counted, since it never changes. */
#ifndef VC_LOCAL_H
#define VC_LOCAL_H
#include <netinet/in.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
    VC_LOCALS_MAX = 64, /* of a family; what comes to any more is answered from where the route says */
    VC_LOCAL_CONTROL_MAX = CMSG_SPACE(sizeof(struct in6_pktinfo)),
};

typedef struct {
    uint8_t ip[16]; /* IPv4 mapped */
    size_t control_length;
    _Alignas(struct cmsghdr) uint8_t control[VC_LOCAL_CONTROL_MAX]; /* sent along, it makes a message leave from there */
} vc_local;

typedef struct {
    vc_local all[VC_LOCALS_MAX];
    _Atomic uint32_t count;
    uint32_t latest; /* the number found last */
} vc_locals;

/* Have 'fd' of 'family' tell where each datagram came to, if it is bound to all our addresses. */
void vc_local_ask(int fd, int family);

/* The number of the address that 'control' of a datagram names; -1 when it names none, or there is no room. */
int vc_locals_of(vc_locals *locals, const struct cmsghdr *control);

/* The address of that number, or NULL. */
const vc_local *vc_locals_get(const vc_locals *locals, int number);
#endif

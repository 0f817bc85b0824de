#include "vc_local.h"

#include <stdbool.h>
#include <string.h>

#include "vc_addr.h"

static bool is_wildcard(int fd)
{
    static const struct in6_addr any = IN6ADDR_ANY_INIT;
    vc_sockaddr name;
    socklen_t length = sizeof name;
    if (getsockname(fd, &name.any, &length) != 0)
        return false;
    if (name.any.sa_family == AF_INET)
        return name.v4.sin_addr.s_addr == htonl(INADDR_ANY);
    return name.any.sa_family == AF_INET6 && memcmp(&name.v6.sin6_addr, &any, sizeof any) == 0;
}

void vc_local_ask(int fd, int family)
{
    int on = 1;
    if (!is_wildcard(fd))
        return;
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on); /* of IPv4 on a dual-stack socket, too */
    else
        setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
}

/* The address that a control message names, IPv4 mapped; false when it is about something else. */
static bool read_ip(const struct cmsghdr *control, uint8_t ip[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(control), sizeof info);
        memcpy(ip, mapped, sizeof mapped);
        memcpy(ip + sizeof mapped, &info.ipi_spec_dst, 4);
        return info.ipi_spec_dst.s_addr != htonl(INADDR_ANY);
    }
    if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
        struct in6_pktinfo info;
        memcpy(&info, CMSG_DATA(control), sizeof info);
        memcpy(ip, &info.ipi6_addr, 16);
        return true;
    }
    return false;
}

/* The interface is left to the route: packets may well leave by another than they came in by. */
static void fill(vc_local *local, const uint8_t ip[16], int level)
{
    struct in_pktinfo v4 = {0};
    struct in6_pktinfo v6 = {0};
    bool is_v4 = level == IPPROTO_IP;
    memcpy(local->ip, ip, 16);
    memcpy(&v4.ipi_spec_dst, ip + 12, 4);
    memcpy(&v6.ipi6_addr, ip, 16);
    struct cmsghdr *control = (void *)local->control;
    control->cmsg_level = level;
    control->cmsg_type = is_v4 ? IP_PKTINFO : IPV6_PKTINFO;
    control->cmsg_len = is_v4 ? CMSG_LEN(sizeof v4) : CMSG_LEN(sizeof v6);
    memcpy(CMSG_DATA(control), is_v4 ? (const void *)&v4 : (const void *)&v6, is_v4 ? sizeof v4 : sizeof v6);
    local->control_length = is_v4 ? CMSG_SPACE(sizeof v4) : CMSG_SPACE(sizeof v6);
}

static bool is_number(const vc_locals *locals, uint32_t number, const uint8_t ip[16])
{
    return memcmp(locals->all[number].ip, ip, 16) == 0;
}

int vc_locals_of(vc_locals *locals, const struct cmsghdr *control)
{
    uint8_t ip[16];
    if (!read_ip(control, ip))
        return -1;
    uint32_t n = atomic_load_explicit(&locals->count, memory_order_relaxed);
    if (n > 0 && is_number(locals, locals->latest, ip))
        return (int)locals->latest; /* as nearly always */
    for (uint32_t i = 0; i < n; i++)
        if (is_number(locals, i, ip))
            return (int)(locals->latest = i);
    if (n == VC_LOCALS_MAX)
        return -1;
    fill(&locals->all[n], ip, control->cmsg_level);
    atomic_store_explicit(&locals->count, n + 1, memory_order_release);
    return (int)(locals->latest = n);
}

const vc_local *vc_locals_get(const vc_locals *locals, int number)
{
    int count = (int)atomic_load_explicit(&locals->count, memory_order_acquire);
    return number >= 0 && number < count ? &locals->all[number] : NULL;
}

#include "vc_addr.h"

#include <string.h>

#include "vc_bytes.h"
#include "vc_local.h"

static const uint8_t MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool vc_addr_is_v4(const vc_addr *addr)
{
    return memcmp(addr->bytes, MAPPED, sizeof MAPPED) == 0;
}

bool vc_addr_is_tcp(const vc_addr *addr)
{
    return addr->bytes[VC_ADDR_BYTES - 1] == VC_TRANSPORT_TCP;
}

static bool is_host_v4(const uint8_t ip[4])
{
    return ip[0] != 0 && ip[0] < 224; /* not "this network", multicast, reserved or broadcast */
}

static bool is_host_v6(const uint8_t ip[16])
{
    static const uint8_t unspecified[16];
    bool link_local = ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
    return ip[0] != 0xff && !link_local && memcmp(ip, unspecified, 16) != 0;
}

int vc_addr_check(const vc_addr *addr)
{
    if (vc_get16(addr->bytes + 16) == 0 || addr->bytes[VC_ADDR_BYTES - 1] >= VC_TRANSPORT_LOCAL + VC_LOCALS_MAX)
        return VC_ERR_RANGE;
    bool host = vc_addr_is_v4(addr) ? is_host_v4(addr->bytes + 12) : is_host_v6(addr->bytes);
    return host ? VC_OK : VC_ERR_RANGE;
}

int vc_addr_from_sockaddr(const vc_sockaddr *name, vc_addr *out)
{
    out->bytes[VC_ADDR_BYTES - 1] = VC_TRANSPORT_UDP;
    if (name->any.sa_family == AF_INET) {
        memcpy(out->bytes, MAPPED, sizeof MAPPED);
        memcpy(out->bytes + 12, &name->v4.sin_addr, 4);
        memcpy(out->bytes + 16, &name->v4.sin_port, 2);
    } else if (name->any.sa_family == AF_INET6) {
        memcpy(out->bytes, &name->v6.sin6_addr, 16);
        memcpy(out->bytes + 16, &name->v6.sin6_port, 2);
    } else {
        return VC_ERR_RANGE;
    }
    return vc_addr_check(out);
}

int vc_addr_to_sockaddr(const vc_addr *addr, int family, vc_sockaddr *out)
{
    memset(out, 0, sizeof *out);
    if (family == AF_INET6) {
        out->v6.sin6_family = AF_INET6;
        memcpy(&out->v6.sin6_addr, addr->bytes, 16);
        memcpy(&out->v6.sin6_port, addr->bytes + 16, 2);
        return (int)sizeof out->v6;
    }
    if (!vc_addr_is_v4(addr))
        return VC_ERR_RANGE;
    out->v4.sin_family = AF_INET;
    memcpy(&out->v4.sin_addr, addr->bytes + 12, 4);
    memcpy(&out->v4.sin_port, addr->bytes + 16, 2);
    return (int)sizeof out->v4;
}

#include "io/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

enum status address_parse(const char *text, struct sockaddr_storage *out)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM};
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0;
    struct addrinfo *found;
    char host[CONFIG_TEXT_MAX];

    if (len > 2 && text[0] == '[' && colon[-1] == ']') {
        text++;
        len -= 2;
        hints.ai_family = AF_INET6;
    } else {
        hints.ai_family = AF_INET;
    }
    if (len == 0 || len >= sizeof(host))
        return HUB_ERANGE;
    memcpy(host, text, len);
    host[len] = 0;
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
        return HUB_ERANGE;
    memset(out, 0, sizeof(*out));
    memcpy(out, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return HUB_OK;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned rest = bits % 8;

    if (memcmp(a, b, bits / 8) != 0)
        return false;
    return rest == 0 || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0;
}

bool address_in(const struct sockaddr_storage *addr, const struct config_cidr *block)
{
    const struct in6_addr *six = &((const struct sockaddr_in6 *)addr)->sin6_addr;

    if (addr->ss_family == AF_INET)
        return !block->ipv6 &&
               same_bits((const uint8_t *)&((const struct sockaddr_in *)addr)->sin_addr,
                         block->addr, block->bits);
    if (addr->ss_family != AF_INET6)
        return false;
    if (IN6_IS_ADDR_V4MAPPED(six) && !block->ipv6)
        return same_bits(six->s6_addr + 12, block->addr, block->bits);
    return block->ipv6 && same_bits(six->s6_addr, block->addr, block->bits);
}

struct address address_of(const struct sockaddr_storage *addr)
{
    struct address a = {{0}};

    if (addr->ss_family == AF_INET6) {
        memcpy(a.byte, &((const struct sockaddr_in6 *)addr)->sin6_addr, 16);
    } else if (addr->ss_family == AF_INET) {
        a.byte[10] = a.byte[11] = 0xFF;
        memcpy(a.byte + 12, &((const struct sockaddr_in *)addr)->sin_addr, 4);
    }
    return a;
}

uint32_t address_number(const struct address *a)
{
    const uint8_t *b = a->byte + 12;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

void address_text(const struct address *a, char *out, size_t size)
{
    bool four = IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)a->byte);

    if (!inet_ntop(four ? AF_INET : AF_INET6, four ? a->byte + 12 : a->byte, out, (socklen_t)size))
        out[0] = '\0';
}

/* Socket addresses as they are written in the configuration. */
#ifndef IO_ADDRESS_H
#define IO_ADDRESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/status.h"
#include "config.h"

/* Splits "HOST:PORT" or "[HOST]:PORT", numbers only, into a socket address. HUB_ERANGE: not one. */
enum status address_parse(const char *text, struct sockaddr_storage *out);

/* Whether an address lies in a block. An IPv4 address mapped into IPv6 counts as IPv4. */
bool address_in(const struct sockaddr_storage *addr, const struct config_cidr *block);

/* A host: the same bytes for the same one, whatever its port. IPv4 is mapped into IPv6. */
struct address {
    uint8_t byte[16];
};
struct address address_of(const struct sockaddr_storage *addr);

/* The IPv4 address, or the last four bytes of an IPv6 one. */
uint32_t address_number(const struct address *a);

/* For people: "192.168.1.7", "2001:db8::1". At least 46 bytes (INET6_ADDRSTRLEN). */
void address_text(const struct address *a, char *out, size_t size);

#endif

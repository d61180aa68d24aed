/* Socket addresses as they are written in the configuration. */
#ifndef IO_ADDRESS_H
#define IO_ADDRESS_H

#include <sys/socket.h>

#include "base/status.h"
#include "config.h"

/* Splits "HOST:PORT" or "[HOST]:PORT", numbers only, into a socket address. HUB_ERANGE: not one. */
enum status address_parse(const char *text, struct sockaddr_storage *out);

/* Whether an address lies in a block. An IPv4 address mapped into IPv6 counts as IPv4. */
bool address_in(const struct sockaddr_storage *addr, const struct config_cidr *block);

#endif

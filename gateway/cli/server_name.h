/* Where a gateway listens, as people type it. */
#ifndef CLI_SERVER_NAME_H
#define CLI_SERVER_NAME_H

#include <stdbool.h>

struct server_name {
    char host[128], port[16];
};

/* "HOST", "HOST:PORT", "[IPV6]:PORT"; PORT is 1 to 65535 or the name of a service. What is not
 * given stays as it is in *at. false: it is none of these; *at may be changed. */
bool server_name_parse(const char *text, struct server_name *at);

/* A Modbus unit id, 0 to 247. */
bool server_unit_parse(const char *text, int *unit);

#endif

/* A link of kind "sim": a port of the simulated site. */
#ifndef IO_SIM_LINK_H
#define IO_SIM_LINK_H

#include "io/link.h"
#include "sim/site.h"

/* A link to port `port` of the site, which the caller keeps and frees after the link. NULL when
 * memory is short. */
struct link *sim_link_new(struct site *site, unsigned port);

#endif

/* How many descriptors the process may open, and who gets them. */
#ifndef IO_DESCRIPTORS_H
#define IO_DESCRIPTORS_H

#define DESCRIPTORS_RESERVE 64 /* for buses, listeners, files: what is not a Modbus client */

/* Asks for room for so many clients beside the reserve: raises the soft limit (RLIMIT_NOFILE) as
 * far as needed and as the hard one lets. Returns how many there is room for, at most wanted; 0 is
 * possible. */
unsigned descriptors_for_clients(unsigned wanted);

/* The part of one of several that want `all` together, when there are `room`; no less than 1. Both
 * are at least 1. */
unsigned descriptors_share(unsigned wanted, unsigned all, unsigned room);

#endif

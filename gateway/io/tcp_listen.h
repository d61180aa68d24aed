/* The listening socket of a Modbus TCP listener. */
#ifndef IO_TCP_LISTEN_H
#define IO_TCP_LISTEN_H

/* Returns the descriptor, or -1 with errno. where is "127.0.0.1:1502" or "[::1]:1502". Its
 * connections inherit: no delay of small segments, and a peer that vanished is gone after 25 s,
 * whether it was silent or owed us an acknowledgement. */
int tcp_listen(const char *where);

#endif

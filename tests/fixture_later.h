/* The fixture's map behind a desk, as the gateway's is: writes are handed to another thread and
 * carried out some time later; meanwhile the client is parked. */
#ifndef TESTS_FIXTURE_LATER_H
#define TESTS_FIXTURE_LATER_H

#include "io/modbus_server.h"

/* Sets map, desk and turn of the spec. What is not carried out within DESK_PATIENCE never is. */
void later_prepare(struct modbus_server_spec *spec, mono_us after);

/* Starts and ends the other thread; end it before the server. */
void later_start(struct modbus_server *srv);
void later_stop(void);

/* When the server is gone. */
void later_free(void);

#endif

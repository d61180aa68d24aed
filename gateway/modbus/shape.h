/* How long Modbus requests and replies are, by their first bytes: framing on a serial line, where
 * no length field tells. Lengths are those of PDUs. Source: MODBUS Application Protocol V1.1b3,
 * the request and response tables of each function, pages 11 to 46. */
#ifndef MODBUS_SHAPE_H
#define MODBUS_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHAPE_MORE ((size_t)0) /* more bytes have to come before it can be told */
#define SHAPE_OPEN                                                                                 \
    ((size_t)-1) /* any: the function is not known here, or carries what it likes                  \
                  */

/* The length of a request, or of a reply, that begins with these bytes. have >= 1. What begins
 * with a code of 0x80 and more is no request: SHAPE_OPEN. */
size_t shape_request(const uint8_t *pdu, size_t have);
size_t shape_reply(const uint8_t *pdu, size_t have);

/* Whether the head of a request with data (functions 15, 16 and 23) is there and its quantity and
 * byte count agree: what follows are its data, whatever they look like. */
bool shape_has_data(const uint8_t *pdu, size_t have);

#endif

/* Orders as people type them, at the control socket and after hubgate:
 *
 *     reset | reset all | reset N        end the latches whose cause is gone: of all, of cluster N
 *     exclude N | exclude N isolated     take cluster N out; isolated: its main switch is open
 *     include N                          let it in again
 *     stop | release                     zero limits, and the end of that
 *     force-charge | force-charge off    ask for a charge now, and the end of that */
#ifndef MODEL_ORDER_TEXT_H
#define MODEL_ORDER_TEXT_H

#include "model/order.h"

#define ORDER_TEXT_MAX 63 /* characters of an order */

/* Turns len bytes without their newline into an order; words are parted by blanks. Origin and
 * ticket are zero. Returns NULL, or what is wrong with it, as the rest of a sentence; *out is
 * untouched then. */
const char *order_parse(const char *text, size_t len, struct hub_order *out);

#endif

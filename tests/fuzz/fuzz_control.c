/* Any bytes as a line of the control socket: an order that can be, or a reason why not. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/order_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hub_order o = {.value = 99};
    char *exact = malloc(size ? size : 1); /* so that a byte too far is seen */
    const char *why;

    if (!exact)
        return 0;
    memcpy(exact, data, size);
    why = order_parse(exact, size, &o);
    free(exact);
    if (why ? !*why || o.value != 99 : o.value != 0 || o.cluster > 5 || size > ORDER_TEXT_MAX)
        abort();
    if (!why && o.command == COMMAND_EXCLUDE && !o.cluster)
        abort();
    if (!why && (word_name(commands, n_commands, o.command)[0] == '?' || o.key || o.ticket))
        abort();
    return 0;
}

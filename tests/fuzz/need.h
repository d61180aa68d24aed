/* What fuzz targets demand of their subject. */
#ifndef FUZZ_NEED_H
#define FUZZ_NEED_H

#include <stdint.h>
#include <stdlib.h>

#include "../parking_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void need(bool so)
{
    if (!so)
        abort();
}

/* An answer belongs to its request: its function, or that and an exception code. */
static inline void need_answer(uint8_t function, const uint8_t *answer, size_t len)
{
    need(len >= 2 && len <= MODBUS_PDU_MAX && (answer[0] & 0x7F) == function);
    if (answer[0] & 0x80)
        need(len == 2 && answer[1] >= 1 && answer[1] <= 0x0B);
    else if (function <= 4 || function == 0x17)
        need(len == 2u + answer[1]);
    else if (function == 0x16)
        need(len == 7);
    else if (modbus_writes(function))
        need(len == 5);
}

#endif

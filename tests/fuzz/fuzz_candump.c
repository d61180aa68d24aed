/* Any bytes are a log or a refusal with line and cause; entries are frames. */
#include <stdlib.h>

#include "wire/candump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct candump_log log;
    unsigned line = 0;
    const char *why = NULL;
    if (candump_parse((const char *)data, size, &log, &line, &why) != HUB_OK) {
        if (log.n || log.entries || !line || !why)
            abort();
        return 0;
    }
    for (size_t i = 0; i < log.n; i++) {
        const struct frame *f = &log.entries[i].frame;
        if (f->len > 8 || f->id > (f->ext ? 0x1FFFFFFFu : 0x7FFu))
            abort();
    }
    candump_free(&log);
    return 0;
}

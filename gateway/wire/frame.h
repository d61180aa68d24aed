/* A classic CAN data frame, as the pure code sees it. */
#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

#include <stdbool.h>
#include <stdint.h>

struct frame {
    uint32_t id; /* 11 bits, or 29 bits when ext */
    bool ext;
    uint8_t len; /* 0..8 */
    uint8_t data[8];
};

#endif

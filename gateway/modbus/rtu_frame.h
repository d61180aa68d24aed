/* One RTU frame: address, PDU, checksum. What a line and a stream of RTU frames have in common.
 * Source: MODBUS over Serial Line V1.02, pages 13 to 15 and 39 to 43. */
#ifndef MODBUS_RTU_FRAME_H
#define MODBUS_RTU_FRAME_H

#include "modbus/shape.h"

#define RTU_ADU_MIN 4
#define RTU_ADU_MAX 256
#define RTU_BROADCAST 0
#define RTU_ADDRESS_MAX 247 /* higher ones are reserved (p8) */

/* CRC-16 (0xA001, start 0xFFFF). Over a frame with its own checksum it is 0. */
uint16_t rtu_crc(const uint8_t *bytes, size_t n);

/* Whether these bytes are a frame: its length and its checksum. */
bool rtu_good(const uint8_t *adu, size_t len);

/* The length of the good frame that these bytes begin with: a request or a reply of a function
 * whose length is known. 0: none. */
size_t rtu_frame(const uint8_t *bytes, size_t have);

/* The same for functions of any length: the first end at which the checksum is right. */
size_t rtu_open_frame(const uint8_t *bytes, size_t have);

/* Puts address and checksum around the PDU of n bytes in adu + 1. Returns n + 3. */
size_t rtu_seal(uint8_t address, uint8_t *adu, size_t n);

#endif

/* Modbus TCP framing: bytes of one connection in, requests out.
 *
 *     TTtt 0000 LLll UU PDU...     T transaction, L = 1 + length of the PDU, U unit
 *
 * Framing goes by the length field alone, whatever the function code needs: a request can never
 * borrow bytes of the next one, and nothing can hide behind one. Source: MODBUS Messaging on
 * TCP/IP Implementation Guide V1.0b, pages 5, 6, 23 and 29. */
#ifndef MODBUS_MBAP_H
#define MODBUS_MBAP_H

#include "modbus/pdu.h"

#define MBAP_HEAD 7
#define MBAP_ADU_MAX (MBAP_HEAD + MODBUS_PDU_MAX)

/* The input of one connection. All zero is an empty one. */
struct mbap {
    uint8_t buf[MBAP_ADU_MAX];
    uint16_t at, end; /* what is not taken yet */
    uint16_t foreign; /* passed over because of their protocol id; wraps */
};

struct mbap_adu {
    uint16_t transaction;
    uint8_t unit;
    const uint8_t *pdu; /* in the struct mbap: good until the next mbap_space */
    size_t len;         /* 1..MODBUS_PDU_MAX */
};

enum mbap_got {
    MBAP_MORE,  /* no complete request */
    MBAP_ADU,   /* one in *out */
    MBAP_CLOSE, /* a length of 0, 1 or over 254: the framing cannot be trusted any more */
};

/* Where the next bytes go, and how many may come. *room is 0 only while a complete request waits
 * to be taken. mbap_fed tells how many came. */
uint8_t *mbap_space(struct mbap *m, size_t *room);
void mbap_fed(struct mbap *m, size_t n);

/* Takes the next request. One with a protocol id other than 0 is passed over by its length. */
enum mbap_got mbap_next(struct mbap *m, struct mbap_adu *out);

/* Whether bytes are there that mbap_next has not taken. After MBAP_MORE: in the middle of a
 * request, and the rest should come soon. */
bool mbap_partial(const struct mbap *m);

/* Answers a request into out[MBAP_ADU_MAX]; a unit that is not served gets exception 0x0B. Returns
 * the length, 0 for no answer, or MODBUS_PARKED: the request stays in *adu, take no other of this
 * connection before mbap_finish. */
size_t mbap_answer(const struct modbus_units *units, const struct modbus_who *who,
                   const struct mbap_adu *adu, uint8_t *out);
size_t mbap_finish(const struct modbus_units *units, const struct mbap_adu *adu,
                   enum modbus_exception why, uint8_t *out);

#endif

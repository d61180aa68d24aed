/* Result codes. Zero is success, errors are negative, so a function that
 * returns a count can share the same int. Expected conditions of the field
 * (a silent cluster, a frame nobody knows) are data, not errors. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

enum status {
    HUB_OK = 0,
    HUB_EIO = -1,    /* the operating system said no; errno tells why */
    HUB_ESPEC = -2,  /* a table or a file breaks its own rules */
    HUB_ERANGE = -3, /* a value outside the documented range */
    HUB_EFULL = -4,  /* a fixed-size queue or table is full */
    HUB_EMEM = -5,   /* no memory; only while starting */
    HUB_EBUSY = -6,  /* not now: the cause of a latch is still there */
    HUB_EKEY = -7,   /* not the key that is asked for */
    HUB_ELATE = -8,  /* no answer in time */
    HUB_EPERM = -9,  /* not allowed to this one */
};

#endif

#include "io/writer.h"

enum modbus_exception writer_exception(enum status status)
{
    switch (status) {
    case HUB_OK:
        return MODBUS_OK;
    case HUB_EPERM:
        return MODBUS_ILLEGAL_FUNCTION;
    case HUB_ESPEC: /* no such register, or not one to be written */
        return MODBUS_ILLEGAL_ADDRESS;
    case HUB_ERANGE:
    case HUB_EKEY:
        return MODBUS_ILLEGAL_VALUE;
    case HUB_EFULL: /* come again */
    case HUB_ELATE:
        return MODBUS_BUSY;
    case HUB_EBUSY: /* the cause is still there: to come again at once is no use */
    case HUB_EIO:
    case HUB_EMEM:
        break;
    }
    return MODBUS_DEVICE_FAILURE;
}

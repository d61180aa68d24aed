/* The serial device, on a pty. What a pty cannot do, the RS485 mode of a driver, is done by an
 * ioctl of this file. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <pty.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "io/serial_port.h"

/* ---- a driver that has an RS485 mode, or refuses it ---- */

static struct {
    bool there;
    int get, set; /* errno of the two calls */
    struct serial_rs485 mode;
} driver;

static int answer_with(int why)
{
    errno = why;
    return why ? -1 : 0;
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list args;
    void *arg;

    va_start(args, request);
    arg = va_arg(args, void *);
    va_end(args);
    if (driver.there && request == TIOCGRS485) {
        memcpy(arg, &driver.mode, sizeof(driver.mode));
        return answer_with(driver.get);
    }
    if (driver.there && request == TIOCSRS485) {
        if (!driver.set)
            memcpy(&driver.mode, arg, sizeof(driver.mode));
        return answer_with(driver.set);
    }
    return (int)syscall(SYS_ioctl, fd, request, arg);
}

static struct {
    int master, slave;
    char name[64], folder[32];
} pty;

static int pty_open(void **state)
{
    (void)state;
    strcpy(pty.folder, "/tmp/test_serial.XXXXXX");
    return openpty(&pty.master, &pty.slave, pty.name, NULL, NULL) != 0 || !mkdtemp(pty.folder);
}

static int pty_close(void **state)
{
    (void)state;
    close(pty.master);
    close(pty.slave);
    return rmdir(pty.folder);
}

static void a_port_is_raw_and_ours(void **state)
{
    static const struct {
        const char *what;
        unsigned baud;
        char parity;
        speed_t speed;
        tcflag_t flags; /* of PARENB, PARODD, CSTOPB */
    } cases[] = {
        {"19200 8E1",  19200,  'E', B19200,  PARENB         },
        {"9600 8O1",   9600,   'O', B9600,   PARENB | PARODD},
        {"115200 8N2", 115200, 'N', B115200, CSTOPB         },
    };
    struct serial_port port = {0};

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct termios t;
        int exclusive = 0;

        print_message("  115 %s\n", cases[i].what);
        assert_int_equal(serial_open(&port, pty.name, cases[i].baud, cases[i].parity), 0);
        assert_int_equal(tcgetattr(pty.slave, &t), 0);
        assert_int_equal(cfgetospeed(&t), cases[i].speed);
        /* a pty says CS8 without parity, whatever it was told */
        assert_int_equal(t.c_cflag & CSTOPB, cases[i].flags & CSTOPB);
        assert_int_equal(t.c_cflag & PARODD, cases[i].flags & PARODD);
        assert_int_equal(t.c_iflag & (ICRNL | INLCR | IGNCR | ISTRIP | IXON | BRKINT), 0);
        assert_int_equal(t.c_lflag & (ICANON | ECHO | ISIG), 0);
        assert_int_equal(t.c_oflag & OPOST, 0);
        assert_true(fcntl(port.fd, F_GETFL) & O_NONBLOCK);
        assert_int_equal(ioctl(pty.slave, TIOCGEXCL, &exclusive), 0);
        assert_int_equal(exclusive, 1);
        assert_int_equal(flock(pty.slave, LOCK_EX | LOCK_NB), -1);
        serial_close(&port);
        assert_null(port.line);
        ioctl(pty.slave, TIOCGEXCL, &exclusive);
        assert_int_equal(exclusive, 0);
        assert_int_equal(flock(pty.slave, LOCK_EX | LOCK_NB), 0);
        assert_int_equal(flock(pty.slave, LOCK_UN), 0);
    }
}

static void what_cannot_be_opened_says_why(void **state)
{
    struct serial_port port = {0};
    struct termios before = {0}, after = {0};
    char who[64], me[64];

    (void)state;
    assert_int_equal(serial_open(&port, "/nonexistent/tty", 19200, 'E'), ENOENT);
    assert_null(port.line);
    assert_int_equal(serial_open(&port, "/dev/null", 19200, 'E'), ENOTTY);
    assert_null(port.line);
    print_message("  77 one that is locked stays as it is, and its owner is named\n");
    snprintf(me, sizeof(me), "test_serial_por (pid %d)",
             (int)getpid()); /* comm has 15 characters */
    assert_int_equal(flock(pty.slave, LOCK_EX), 0);
    tcgetattr(pty.slave, &before);
    assert_int_equal(serial_open(&port, pty.name, 1200, 'O'), EBUSY);
    assert_null(port.line);
    tcgetattr(pty.slave, &after);
    assert_memory_equal(&before, &after, sizeof(before));
    assert_true(serial_holder(pty.name, who, sizeof(who)));
    assert_string_equal(who, me);
    assert_int_equal(flock(pty.slave, LOCK_UN), 0);
    print_message("  ... also without a lock; nobody is named where there is nobody\n");
    assert_true(serial_holder(pty.name, who, sizeof(who)));
    assert_string_equal(who, me);
    assert_false(serial_holder(pty.folder, who, sizeof(who)));
    assert_false(serial_holder("/nonexistent/tty", who, sizeof(who)));
}

static void the_driver_turns_the_direction(void **state)
{
    struct serial_port port = {.fd = pty.slave};

    (void)state;
    print_message("  a driver without the mode\n");
    driver.there = false;
    assert_int_equal(serial_turn_rs485(&port), ENOTTY);
    print_message("  one that refuses it\n");
    driver.there = true;
    driver.set = EINVAL;
    assert_int_equal(serial_turn_rs485(&port), EINVAL);
    print_message("  RTS is high while sending and low after; delays stay as they are\n");
    driver.set = 0;
    driver.mode = (struct serial_rs485){.flags = SER_RS485_RTS_AFTER_SEND | SER_RS485_RX_DURING_TX,
                                        .delay_rts_before_send = 1,
                                        .delay_rts_after_send = 2};
    assert_int_equal(serial_turn_rs485(&port), 0);
    assert_int_equal(driver.mode.flags,
                     SER_RS485_ENABLED | SER_RS485_RTS_ON_SEND | SER_RS485_RX_DURING_TX);
    assert_int_equal(driver.mode.delay_rts_before_send, 1);
    assert_int_equal(driver.mode.delay_rts_after_send, 2);
    driver.there = false;
}

static void link_to(const char *target, const char *path)
{
    assert_int_equal(symlink(target, path), 0);
}

static void names_that_change(void **state)
{
    static const struct {
        const char *name;
        bool changes;
    } cases[] = {
        {"/dev/ttyUSB0",                  true },
        {"/dev/ttyACM12",                 true },
        {"/dev/ttyS0",                    false},
        {"/dev/ttyAMA0",                  false},
        {"/dev/serial/by-id/usb-FTDI_1",  false},
        {"/dev/serial/by-path/x-ttyUSB0", false},
    };
    char usb[64], by_id[64], other[96], id[96], stable[96];

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        print_message("  76 %s\n", cases[i].name);
        strcpy(stable, "x");
        assert_int_equal(serial_may_change(cases[i].name, "/nonexistent", stable, sizeof(stable)),
                         cases[i].changes);
        assert_string_equal(stable, "");
    }
    snprintf(usb, sizeof(usb), "%s/ttyUSB7", pty.folder);
    snprintf(by_id, sizeof(by_id), "%s/by-id", pty.folder);
    snprintf(other, sizeof(other), "%s/usb-Other_1", by_id);
    snprintf(id, sizeof(id), "%s/usb-FTDI_1", by_id);
    assert_int_equal(mkdir(by_id, 0700), 0);
    link_to(pty.name, usb);
    link_to("/dev/null", other);
    print_message("  76 an adapter that has no name that stays\n");
    assert_true(serial_may_change(usb, by_id, stable, sizeof(stable)));
    assert_string_equal(stable, "");
    print_message("  76 the name that stays is found\n");
    link_to(pty.name, id);
    assert_true(serial_may_change(usb, by_id, stable, sizeof(stable)));
    assert_string_equal(stable, id);
    print_message("  76 one that is too long is none\n");
    assert_true(serial_may_change(usb, by_id, stable, strlen(id)));
    assert_string_equal(stable, "");
    assert_true(serial_may_change(usb, by_id, stable, strlen(id) + 1));
    assert_string_equal(stable, id);
    print_message("  76 a name that stays is good, also when it leads to a pty\n");
    assert_false(serial_may_change(id, by_id, stable, sizeof(stable)));
    unlink(usb);
    unlink(other);
    unlink(id);
    rmdir(by_id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_port_is_raw_and_ours, pty_open, pty_close),
        cmocka_unit_test_setup_teardown(what_cannot_be_opened_says_why, pty_open, pty_close),
        cmocka_unit_test_setup_teardown(the_driver_turns_the_direction, pty_open, pty_close),
        cmocka_unit_test_setup_teardown(names_that_change, pty_open, pty_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

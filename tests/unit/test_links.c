/* The links that a machine without CAN can have: the bus over a Unix socket, the replayed log
 * with handed-in time, and what a SocketCAN link says when there is none. The real one is tested
 * by tests/system/can.sh in a kernel that has it. */
#include "check.h"

#include <errno.h>
#include <linux/can.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "io/link.h"
#include "io/link_state.h"

#define T0 MONO_S(1000)

static char dir[] = "/tmp/test_links.XXXXXX";
static char sock_path[64], log_path[64];

static int make_dir(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(sock_path, sizeof(sock_path), "%s/bus", dir);
    snprintf(log_path, sizeof(log_path), "%s/x.log", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    unlink(sock_path);
    unlink(log_path);
    return rmdir(dir);
}

/* ---- the factory -------------------------------------------------------------------------- */

static void test_factory_refuses(void **state)
{
    (void)state;
    char longer[300];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    const struct {
        const char *what;
        struct link_spec spec;
    } cases[] = {
        {"unknown kind",       {.kind = "pigeon", .target = "x"}                           },
        {"no kind",            {.target = "x"}                                             },
        {"no target",          {.kind = "unix"}                                            },
        {"empty target",       {.kind = "can", .target = ""}                               },
        {"16 letters",         {.kind = "can", .target = "abcdefghijklmnop"}               },
        {"path over 107",      {.kind = "unix", .target = longer}                          },
        {"path over 255",      {.kind = "replay", .target = longer}                        },
        {"more ids than room", {.kind = "can", .target = "can0", .n_ids = LINK_IDS_MAX + 1}},
    };
    for (size_t i = 0; i < LEN(cases); i++) {
        print_message("%s\n", cases[i].what);
        assert_null(link_new(&cases[i].spec));
    }
}

/* ---- unix ----------------------------------------------------------------------------------- */

static struct link *open_bus(void)
{
    const struct link_spec spec = {.kind = "unix", .target = sock_path};
    struct link *l = link_new(&spec);
    assert_non_null(l);
    assert_int_equal(l->state, LINK_CLOSED);
    assert_true(l->ops->deadline(l) <= T0); /* due at once */
    l->ops->tend(l, T0);
    return l;
}

static int join(void)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    strcpy(addr.sun_path, sock_path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    return fd;
}

static void say(int fd, uint32_t can_id, uint8_t len, uint8_t first)
{
    struct can_frame f = {.can_id = can_id, .can_dlc = len, .data = {first}};
    assert_int_equal(send(fd, &f, sizeof(f), 0), sizeof(f));
}

/* The next frame's id at a peer, or -1 when none waits. */
static int64_t heard(int fd)
{
    struct can_frame f;
    ssize_t n = recv(fd, &f, sizeof(f), MSG_DONTWAIT);
    return n == (ssize_t)sizeof(f) ? (int64_t)f.can_id : -1;
}

static enum link_got next(struct link *l, struct frame *f)
{
    return l->ops->read(l, T0, f);
}

static void test_bus_carries_frames(void **state)
{
    (void)state;
    struct frame f = {
        .id = 0x356, .len = 8, .data = {1, 2, 3, 4, 5, 6, 7, 8}
    };
    struct link *l = open_bus();
    assert_int_equal(l->state, LINK_UP);
    assert_non_null(strstr(l->why, "no peer"));
    assert_int_equal(l->ops->write(l, T0, &f), HUB_EIO); /* nobody takes it */
    assert_int_equal(next(l, &f), LINK_NOTHING);

    int a = join(), b = join();
    assert_int_equal(next(l, &f), LINK_NOTHING);
    assert_non_null(strstr(l->why, "2 peers"));

    say(a, 0x351, 8, 0x14);
    assert_int_equal(next(l, &f), LINK_FRAME);
    assert_int_equal(f.id, 0x351);
    assert_false(f.ext);
    assert_int_equal(f.len, 8);
    assert_int_equal(f.data[0], 0x14);
    assert_int_equal(heard(b), 0x351); /* the other node hears it too */
    assert_int_equal(heard(a), -1);    /* the sender does not */

    say(b, 0x18FEF100 | CAN_EFF_FLAG, 1, 7);
    assert_int_equal(next(l, &f), LINK_FRAME);
    assert_int_equal(f.id, 0x18FEF100);
    assert_true(f.ext);
    assert_int_equal(heard(a), 0x18FEF100 | CAN_EFF_FLAG);

    f = (struct frame){.id = 0x305, .len = 1, .data = {9}};
    assert_int_equal(l->ops->write(l, T0, &f), HUB_OK);
    assert_true(l->ops->deadline(l) <= T0); /* fd does not show the confirmation */
    assert_int_equal(next(l, &f), LINK_CONFIRMED);
    assert_int_equal(next(l, &f), LINK_NOTHING);
    assert_int_equal(heard(a), 0x305);
    assert_int_equal(heard(b), 0x305);

    close(a);
    assert_int_equal(next(l, &f), LINK_NOTHING);
    assert_non_null(strstr(l->why, "1 peer"));
    assert_int_equal(l->lost, 0);
    assert_int_equal(l->bus_errors, 0);
    close(b);
    l->ops->close(l);
    assert_int_equal(access(sock_path, F_OK), -1);
}

static void test_bus_drops_what_is_no_data_frame(void **state)
{
    (void)state;
    struct frame f;
    struct link *l = open_bus();
    int a = join(), b = join();
    assert_int_equal(next(l, &f), LINK_NOTHING);

    assert_int_equal(send(a, "short", 5, 0), 5);
    assert_int_equal(send(a, "longer than sixteen bytes", 25, 0), 25);
    assert_int_equal(send(a, "", 0, 0), 0);
    say(a, 0x351, 9, 0); /* a length that CAN does not have */
    assert_int_equal(next(l, &f), LINK_NOTHING);
    assert_int_equal(l->bus_errors, 4);
    assert_int_equal(heard(b), -1);

    say(a, 0x351 | CAN_RTR_FLAG, 0, 0); /* the bus carries it, the gateway does not listen */
    say(a, 0x04 | CAN_ERR_FLAG, 8, 0);
    assert_int_equal(next(l, &f), LINK_NOTHING);
    assert_int_equal(heard(b), 0x351 | CAN_RTR_FLAG);
    say(a, 0x355, 4, 0); /* the peer is still a member */
    assert_int_equal(next(l, &f), LINK_FRAME);
    assert_int_equal(f.id, 0x355);
    assert_int_equal(l->bus_errors, 4);
    close(a);
    close(b);
    l->ops->close(l);
}

static void test_last_words_of_a_peer_count(void **state)
{
    (void)state;
    struct frame f = {.id = 0x305};
    struct link *l = open_bus();
    int a = join();
    assert_int_equal(next(l, &f), LINK_NOTHING);
    f = (struct frame){.id = 0x305};
    assert_int_equal(l->ops->write(l, T0, &f), HUB_OK); /* never read: its end is a reset */
    assert_int_equal(next(l, &f), LINK_CONFIRMED);
    say(a, 0x351, 8, 0);
    close(a);
    assert_int_equal(next(l, &f), LINK_FRAME);
    assert_int_equal(f.id, 0x351);
    assert_int_equal(next(l, &f), LINK_NOTHING);
    assert_non_null(strstr(l->why, "no peer"));
    l->ops->close(l);
}

static void test_deaf_peer_loses_frames(void **state)
{
    (void)state;
    struct frame f = {.id = 0x351, .len = 8};
    struct link *l = open_bus();
    int deaf = join(), good = join();
    struct frame got;
    assert_int_equal(next(l, &got), LINK_NOTHING);
    unsigned sent = 0;
    while (l->lost == 0 && sent < 10000) {
        assert_int_equal(l->ops->write(l, T0, &f), HUB_OK);
        assert_int_equal(next(l, &got), LINK_CONFIRMED);
        assert_int_equal(heard(good), 0x351);
        sent++;
    }
    assert_int_equal(l->lost, 1); /* only the deaf one's */
    assert_true(sent < 10000);
    close(good);
    assert_int_equal(next(l, &got), LINK_NOTHING);
    assert_int_equal(l->ops->write(l, T0, &f), HUB_EFULL); /* nobody took it */
    assert_int_equal(next(l, &got), LINK_NOTHING);
    close(deaf);
    l->ops->close(l);
}

static void test_seventeenth_peer_is_sent_away(void **state)
{
    (void)state;
    struct link *l = open_bus();
    struct frame f;
    int peers[17];
    char byte;
    for (size_t i = 0; i < LEN(peers); i++) {
        peers[i] = join();
        assert_int_equal(next(l, &f), LINK_NOTHING);
    }
    assert_non_null(strstr(l->why, "16 peers"));
    assert_int_equal(recv(peers[16], &byte, 1, 0), 0); /* the end */
    assert_int_equal(recv(peers[15], &byte, 1, 0), -1);
    assert_int_equal(errno, EAGAIN);
    close(peers[3]); /* a place becomes free */
    assert_int_equal(next(l, &f), LINK_NOTHING);
    int again = join();
    assert_int_equal(next(l, &f), LINK_NOTHING);
    say(again, 0x351, 0, 0);
    assert_int_equal(next(l, &f), LINK_FRAME);
    close(again);
    for (size_t i = 0; i < LEN(peers); i++)
        if (i != 3)
            close(peers[i]);
    l->ops->close(l);
}

static void test_no_peer_starves_another(void **state)
{
    (void)state;
    struct link *l = open_bus();
    struct frame f;
    int loud = join(), quiet = join();
    assert_int_equal(next(l, &f), LINK_NOTHING);
    for (int i = 0; i < 8; i++)
        say(loud, 0x100, 0, 0);
    say(quiet, 0x200, 0, 0);
    bool quiet_heard = false;
    for (int i = 0; i < 3; i++)
        quiet_heard |= next(l, &f) == LINK_FRAME && f.id == 0x200;
    assert_true(quiet_heard);
    close(loud);
    close(quiet);
    l->ops->close(l);
}

static void test_socket_file(void **state)
{
    (void)state;
    struct stat st;
    umask(077); /* must not take the group's right */
    struct link *first = open_bus();
    umask(022);
    assert_int_equal(stat(sock_path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);

    struct link *second = open_bus(); /* somebody answers there */
    assert_int_equal(second->state, LINK_CLOSED);
    assert_non_null(strstr(second->why, "another process listens"));
    assert_int_equal(second->ops->deadline(second), T0 + MONO_S(1));
    first->ops->close(first);
    second->ops->tend(second, T0 + MONO_MS(999)); /* not yet due */
    assert_int_equal(second->state, LINK_CLOSED);
    second->ops->tend(second, T0 + MONO_S(1));
    assert_int_equal(second->state, LINK_UP);
    second->ops->close(second);
}

static void test_stale_socket_file_is_replaced(void **state)
{
    (void)state;
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    strcpy(addr.sun_path, sock_path);
    int dead = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    assert_int_equal(bind(dead, (struct sockaddr *)&addr, sizeof(addr)), 0);
    close(dead); /* as a killed process leaves it */
    struct link *l = open_bus();
    assert_int_equal(l->state, LINK_UP);
    l->ops->close(l);
}

static void test_other_files_are_left_alone(void **state)
{
    (void)state;
    FILE *f = fopen(sock_path, "w");
    fclose(f);
    struct link *l = open_bus();
    assert_int_equal(l->state, LINK_CLOSED);
    assert_non_null(strstr(l->why, "is no socket"));
    l->ops->close(l);
    assert_int_equal(access(sock_path, F_OK), 0);
    unlink(sock_path);
}

static char told[1000];

static void note(enum log_level level, const char *line)
{
    (void)level;
    snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s\n", line);
}

/* Somebody tidies up below a running gateway. */
static void test_removed_socket_file_is_made_anew(void **state)
{
    (void)state;
    struct frame f;
    struct link *l = open_bus();
    int a = join();
    assert_int_equal(next(l, &f), LINK_NOTHING);
    told[0] = '\0';
    log_to(note);
    assert_int_equal(l->ops->deadline(l), T0 + MONO_S(1));
    l->ops->tend(l, T0 + MONO_S(1));
    assert_string_equal(told, "");
    unlink(sock_path);
    l->ops->tend(l, T0 + MONO_MS(1999)); /* not yet due */
    assert_int_equal(access(sock_path, F_OK), -1);
    l->ops->tend(l, T0 + MONO_S(2));
    l->ops->tend(l, T0 + MONO_S(3));
    log_to(NULL);
    char line[200];
    snprintf(line, sizeof(line), "unix:%s: the socket file was gone, made anew\n", sock_path);
    assert_string_equal(told, line);
    int b = join(); /* beside the one that never left */
    assert_int_equal(next(l, &f), LINK_NOTHING);
    assert_non_null(strstr(l->why, "2 peers"));
    say(a, 0x351, 8, 0);
    assert_int_equal(next(l, &f), LINK_FRAME);
    assert_int_equal(heard(b), 0x351);
    close(a);
    close(b);
    l->ops->close(l);
    assert_int_equal(access(sock_path, F_OK), -1);
}

/* What took the place of the file is left alone; who is on the bus stays there. */
static void test_taken_place_of_socket_file(void **state)
{
    (void)state;
    struct frame f;
    struct link *l = open_bus();
    int a = join();
    assert_int_equal(next(l, &f), LINK_NOTHING);
    unlink(sock_path);
    FILE *other = fopen(sock_path, "w");
    fclose(other);
    l->ops->tend(l, T0 + MONO_S(1));
    assert_int_equal(l->state, LINK_UP);
    assert_non_null(strstr(l->why, "is no socket"));
    say(a, 0x351, 8, 0);
    assert_int_equal(next(l, &f), LINK_FRAME);
    close(a);
    assert_int_equal(next(l, &f), LINK_NOTHING);
    assert_int_equal(l->state, LINK_CLOSED); /* nobody there, and nobody can come */
    assert_non_null(strstr(l->why, "is no socket"));
    unlink(sock_path);
    l->ops->tend(l, T0 + MONO_S(2));
    assert_int_equal(l->state, LINK_UP);
    l->ops->close(l);
}

static void test_bus_without_descriptors(void **state)
{
    (void)state;
    struct rlimit was, none;
    struct frame f;
    struct link *l = open_bus();
    int a = join();
    assert_int_equal(next(l, &f), LINK_NOTHING);
    int waits = join();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    none = was;
    none.rlim_cur = 0; /* no number below it: none left */
    told[0] = '\0';
    log_to(note);
    setrlimit(RLIMIT_NOFILE, &none);
    enum link_got got = next(l, &f);
    l->ops->tend(l, T0 + MONO_S(1));
    enum link_got again = next(l, &f);
    setrlimit(RLIMIT_NOFILE, &was);
    assert_int_equal(got, LINK_NOTHING);
    assert_int_equal(again, LINK_NOTHING);
    char lines[400];
    int n = snprintf(lines, sizeof(lines),
                     "unix:%s: a peer has to wait: Too many open files; tried again every second\n",
                     sock_path);
    assert_string_equal(told, lines);
    assert_int_equal(l->state, LINK_UP);
    assert_non_null(strstr(l->why, "a peer has to wait: Too many open files"));
    say(a, 0x351, 8, 0); /* the bus goes on */
    assert_int_equal(next(l, &f), LINK_FRAME);
    l->ops->tend(l, T0 + MONO_S(2));
    assert_int_equal(next(l, &f), LINK_NOTHING);
    log_to(NULL);
    snprintf(lines + n, sizeof(lines) - (size_t)n, "unix:%s: peers can join again\n", sock_path);
    assert_string_equal(told, lines);
    assert_non_null(strstr(l->why, "2 peers"));
    close(a);
    close(waits);
    l->ops->close(l);
}

/* ---- replay --------------------------------------------------------------------------------- */

static void write_log(const char *text)
{
    FILE *f = fopen(log_path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static struct link *open_log(const char *text, struct link_spec spec)
{
    if (text)
        write_log(text);
    spec.kind = "replay";
    spec.target = log_path;
    struct link *l = link_new(&spec);
    assert_non_null(l);
    assert_int_equal(l->ops->fd(l), -1);
    l->ops->tend(l, T0);
    return l;
}

/* The ids that come at a moment, as digits of one hex number: 351 then 355 is 0x351355. */
static uint64_t played(struct link *l, mono_us at)
{
    struct frame f;
    uint64_t ids = 0;
    while (l->ops->read(l, at, &f) == LINK_FRAME)
        ids = ids << 12 | f.id;
    return ids;
}

#define SHORT_LOG                                                                                  \
    "(0.000000) can0 351#1402C012C012C201\n"                                                       \
    "(0.010000) can0 355#58005E00\n"

static void test_short_log_is_one_pass_a_period(void **state)
{
    (void)state;
    struct link *l = open_log(SHORT_LOG, (struct link_spec){.loop = true});
    assert_int_equal(l->state, LINK_UP);
    const struct {
        const char *what;
        mono_us at;
        uint64_t ids;
        mono_us then;
    } steps[] = {
        {"at once",             T0,                  0x351355, T0 + MONO_S(1) },
        {"not before a second", T0 + MONO_MS(999),   0,        T0 + MONO_S(1) },
        {"second pass",         T0 + MONO_S(1),      0x351355, T0 + MONO_S(2) },
        {"a little late",       T0 + MONO_MS(2400),  0x351355, T0 + MONO_S(3) },
        {"ten missed: one",     T0 + MONO_MS(12700), 0x351355, T0 + MONO_S(13)},
        {"and in step again",   T0 + MONO_S(13),     0x351355, T0 + MONO_S(14)},
    };
    for (size_t i = 0; i < LEN(steps); i++) {
        print_message("%s\n", steps[i].what);
        assert_int_equal(played(l, steps[i].at), steps[i].ids);
        assert_int_equal(l->ops->deadline(l), steps[i].then);
    }
    l->ops->close(l);
}

static void test_period_is_an_option(void **state)
{
    (void)state;
    struct link *l =
        open_log(SHORT_LOG, (struct link_spec){.loop = true, .period_us = MONO_MS(200)});
    assert_int_equal(played(l, T0), 0x351355);
    assert_int_equal(played(l, T0 + MONO_MS(199)), 0);
    assert_int_equal(played(l, T0 + MONO_MS(200)), 0x351355);
    l->ops->close(l);
}

static void test_log_ends_without_loop(void **state)
{
    (void)state;
    struct frame f = {.id = 0x305};
    struct link *l = open_log(SHORT_LOG, (struct link_spec){.loop = false});
    assert_int_equal(played(l, T0), 0x351355);
    assert_int_equal(l->state, LINK_CLOSED);
    assert_non_null(strstr(l->why, "end of log"));
    assert_int_equal(l->ops->deadline(l), MONO_NEVER);
    l->ops->tend(l, T0 + MONO_S(5));
    assert_int_equal(played(l, T0 + MONO_S(5)), 0);
    assert_int_equal(l->ops->write(l, T0, &f), HUB_EIO);
    l->ops->close(l);
}

/* 1.5 s of log: it keeps its spacing, and the next pass begins at the next whole second after
 * its last frame: at 2 s. */
static void test_long_log_keeps_its_spacing(void **state)
{
    (void)state;
    struct link *l = open_log("(100.0) can0 351#\n(100.5) can0 355#\n(101.5) can0 356#\n",
                              (struct link_spec){.loop = true});
    assert_int_equal(played(l, T0), 0x351);
    assert_int_equal(l->ops->deadline(l), T0 + MONO_MS(500));
    assert_int_equal(played(l, T0 + MONO_MS(499)), 0);
    assert_int_equal(played(l, T0 + MONO_MS(500)), 0x355);
    assert_int_equal(played(l, T0 + MONO_MS(1500)), 0x356);
    assert_int_equal(l->ops->deadline(l), T0 + MONO_S(2));
    assert_int_equal(played(l, T0 + MONO_S(2)), 0x351);
    /* Nobody asked for 10 s: the log stood still for them, in whole periods. */
    assert_int_equal(played(l, T0 + MONO_MS(12500)), 0x355);
    assert_int_equal(played(l, T0 + MONO_MS(13499)), 0);
    assert_int_equal(played(l, T0 + MONO_MS(13500)), 0x356);
    l->ops->close(l);
}

static void test_speed(void **state)
{
    (void)state;
    /* 10 ms at a fifth of the speed: 50 ms. An explicit speed keeps the spacing of a short log. */
    struct link *l = open_log(SHORT_LOG, (struct link_spec){.speed = 200, .loop = true});
    assert_int_equal(played(l, T0), 0x351);
    assert_int_equal(played(l, T0 + MONO_MS(49)), 0);
    assert_int_equal(played(l, T0 + MONO_MS(50)), 0x355);
    assert_int_equal(l->ops->deadline(l), T0 + MONO_S(1));
    l->ops->close(l);
    l = open_log("(0.0) can0 351#\n(3.0) can0 355#\n", (struct link_spec){.speed = 3000});
    assert_int_equal(played(l, T0), 0x351);
    assert_int_equal(l->ops->deadline(l), T0 + MONO_S(1));
    l->ops->close(l);
}

static void test_log_whose_clock_went_back(void **state)
{
    (void)state;
    struct link *l = open_log("(9.0) can0 351#\n(5.0) can0 355#\n(5.2) can0 356#\n",
                              (struct link_spec){.speed = 1000});
    assert_int_equal(played(l, T0), 0x351355);
    assert_int_equal(played(l, T0 + MONO_MS(200)), 0x356);
    l->ops->close(l);
}

static void test_replay_confirms_and_drops(void **state)
{
    (void)state;
    struct frame f = {.id = 0x305, .len = 8};
    struct link *l = open_log(SHORT_LOG, (struct link_spec){.loop = true});
    assert_int_equal(played(l, T0), 0x351355);
    assert_int_equal(l->ops->write(l, T0, &f), HUB_OK);
    assert_true(l->ops->deadline(l) <= T0);
    assert_int_equal(l->ops->read(l, T0, &f), LINK_CONFIRMED);
    assert_int_equal(l->ops->read(l, T0, &f), LINK_NOTHING);
    l->ops->close(l);
}

static void test_bad_log_is_told_and_tried_again(void **state)
{
    (void)state;
    const struct {
        const char *what, *text, *why;
    } cases[] = {
        {"no file",   NULL,                      "x.log: there is no such file"  },
        {"bad line",  "# x\n(0.0) can0 351#0\n", "x.log:2: data are 0 to 8 bytes"},
        {"no frames", "# nothing\n",             "x.log: no data frame in it"    },
        {"empty",     "",                        "x.log: no data frame in it"    },
    };
    for (size_t i = 0; i < LEN(cases); i++) {
        print_message("%s\n", cases[i].what);
        unlink(log_path);
        struct link *l = open_log(cases[i].text, (struct link_spec){.loop = true});
        assert_int_equal(l->state, LINK_CLOSED);
        assert_non_null(strstr(l->why, cases[i].why));
        assert_int_equal(l->ops->deadline(l), T0 + MONO_S(5));
        write_log(SHORT_LOG);
        l->ops->tend(l, T0 + MONO_S(5));
        assert_int_equal(l->state, LINK_UP);
        assert_int_equal(played(l, T0 + MONO_S(5)), 0x351355);
        l->ops->close(l);
    }
}

/* Opening a pipe that nobody writes to would stop the control thread. */
static void test_replay_of_what_is_no_file(void **state)
{
    (void)state;
    struct link *l;
    unlink(log_path);
    assert_int_equal(mkfifo(log_path, 0600), 0);
    alarm(10);
    l = open_log(NULL, (struct link_spec){.loop = true});
    alarm(0);
    assert_int_equal(l->state, LINK_CLOSED);
    assert_non_null(strstr(l->why, "x.log: is not a regular file"));
    unlink(log_path);
    write_log(SHORT_LOG);
    l->ops->tend(l, T0 + MONO_MS(4999)); /* not yet due */
    assert_int_equal(l->state, LINK_CLOSED);
    l->ops->tend(l, T0 + MONO_S(5));
    assert_int_equal(l->state, LINK_UP);
    l->ops->close(l);
    unlink(log_path);
    const struct link_spec folder = {.kind = "replay", .target = dir};
    l = link_new(&folder);
    l->ops->tend(l, T0);
    assert_non_null(strstr(l->why, "is a directory"));
    l->ops->close(l);
}

/* ---- can ------------------------------------------------------------------------------------ */

/* Whatever kernel this is, there is no such CAN interface. */
static void test_can_without_interface(void **state)
{
    (void)state;
    const struct link_spec spec = {.kind = "can", .target = "nocan7"};
    struct frame f = {.id = 0x351, .len = 8};
    struct link *l = link_new(&spec);
    assert_non_null(l);
    assert_true(l->ops->deadline(l) <= T0);
    l->ops->tend(l, T0);
    assert_int_equal(l->state, LINK_CLOSED);
    int probe = socket(PF_CAN, SOCK_RAW, 1 /* CAN_RAW */);
    const char *want = probe < 0 ? "nocan7: this kernel has no CAN sockets; run: modprobe can_raw"
                                 : "nocan7: no such interface; is the adapter plugged in? ip link";
    if (probe >= 0)
        close(probe);
    assert_string_equal(l->why, want);
    assert_int_equal(l->ops->fd(l), -1);
    assert_int_equal(l->ops->read(l, T0, &f), LINK_NOTHING);
    assert_int_equal(l->ops->write(l, T0, &f), HUB_EIO);
    assert_true(l->ops->deadline(l) > T0 && l->ops->deadline(l) <= T0 + MONO_S(1));
    l->ops->tend(l, T0 + MONO_S(1));
    assert_string_equal(l->why, want);
    l->ops->close(l);
}

static void test_link_state_sees_interfaces(void **state)
{
    (void)state;
    int lo = link_state_watch("lo", false, 0), none = link_state_watch("nocan7", false, 0);
    assert_true(lo >= 0 && none >= 0);
    struct link_seen seen = link_state_seen(lo);
    assert_true(seen.index > 0);
    assert_false(seen.is_can);
    assert_false(seen.is_controller);
    assert_false(seen.has_state);
    assert_int_equal(link_state_seen(none).index, 0);
    assert_int_equal(link_state_watch("lo", false, 0), lo); /* one slot a name */
    assert_int_equal(link_state_watch("abcdefghijklmnop", false, 0), -1);
    assert_int_equal(link_state_watch("", false, 0), -1);
    link_state_unwatch(lo);
    link_state_unwatch(lo);
    link_state_unwatch(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_factory_refuses),
        cmocka_unit_test(test_bus_carries_frames),
        cmocka_unit_test(test_bus_drops_what_is_no_data_frame),
        cmocka_unit_test(test_last_words_of_a_peer_count),
        cmocka_unit_test(test_deaf_peer_loses_frames),
        cmocka_unit_test(test_seventeenth_peer_is_sent_away),
        cmocka_unit_test(test_no_peer_starves_another),
        cmocka_unit_test(test_socket_file),
        cmocka_unit_test(test_stale_socket_file_is_replaced),
        cmocka_unit_test(test_other_files_are_left_alone),
        cmocka_unit_test(test_removed_socket_file_is_made_anew),
        cmocka_unit_test(test_taken_place_of_socket_file),
        cmocka_unit_test(test_bus_without_descriptors),
        cmocka_unit_test(test_short_log_is_one_pass_a_period),
        cmocka_unit_test(test_period_is_an_option),
        cmocka_unit_test(test_log_ends_without_loop),
        cmocka_unit_test(test_long_log_keeps_its_spacing),
        cmocka_unit_test(test_speed),
        cmocka_unit_test(test_log_whose_clock_went_back),
        cmocka_unit_test(test_replay_confirms_and_drops),
        cmocka_unit_test(test_bad_log_is_told_and_tried_again),
        cmocka_unit_test(test_replay_of_what_is_no_file),
        cmocka_unit_test(test_can_without_interface),
        cmocka_unit_test(test_link_state_sees_interfaces),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

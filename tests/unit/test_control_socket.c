/* The control socket over real Unix sockets, with time by hand and control played here. */
#include "check.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "io/control_socket.h"
#include "io/unix_file.h"
#include "model/order_text.h"

#define T0 MONO_S(1000)

static struct {
    char folder[40], path[60];
    struct poller poller;
    struct desk *desk;
    struct writes writes;
    struct control_spec spec;
    struct control_socket *cs;
    mono_us now;
    char told[1000];
} f;

static void wake(void *arg)
{
    (void)arg;
}

static void note(enum log_level level, const char *line)
{
    size_t len = strlen(f.told);

    (void)level;
    snprintf(f.told + len, sizeof(f.told) - len, "%s\n", line);
}

static void name_latches(void *ctx, unsigned cluster, char *out, size_t size)
{
    (void)ctx;
    snprintf(out, size, "cluster %u: too hot", cluster);
}

static void open_socket(void)
{
    f.cs = control_socket_new(&f.spec, &f.poller);
    assert_non_null(f.cs);
    control_socket_tend(f.cs, f.now);
}

static int set_up(void **state)
{
    (void)state;
    memset(&f, 0, sizeof(f));
    strcpy(f.folder, "/tmp/hubgate-control-XXXXXX");
    assert_non_null(mkdtemp(f.folder));
    snprintf(f.path, sizeof(f.path), "%s/control.sock", f.folder);
    assert_int_equal(poller_open(&f.poller), HUB_OK);
    f.now = T0;
    f.desk = desk_new(wake, NULL);
    writes_init(&f.writes, f.desk);
    f.spec = (struct control_spec){.desk = f.desk, .writes = &f.writes, .latches = name_latches};
    snprintf(f.spec.path, sizeof(f.spec.path), "%s", f.path);
    log_to(note);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (f.cs)
        control_socket_free(f.cs);
    poller_close(&f.poller);
    desk_free(f.desk);
    unlink(f.path);
    rmdir(f.folder);
    log_to(NULL);
    return 0;
}

/* Everything that is ready, until nothing is. */
static void serve(void)
{
    struct ready ready[16];
    int n;

    do {
        n = poller_wait(&f.poller, 1, ready, LEN(ready)); /* 1 us after the start of the machine */
        for (int i = 0; i < n; i++)
            ready[i].watch->ready(ready[i].watch, ready[i].events, f.now);
    } while (n);
    desk_tend(f.desk, f.now, NULL, NULL);
    control_socket_tend(f.cs, f.now);
}

static int try_connect(void)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", f.path);
    if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
        return fd;
    close(fd);
    return -1;
}

static int come(void)
{
    int fd = try_connect();

    assert_true(fd >= 0);
    serve();
    return fd;
}

static void send_text(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
    serve();
}

/* What has come; "-" while nothing has, "." when the other end is closed. */
static const char *heard(int fd)
{
    static char text[500];
    ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

    if (n < 0)
        return errno == EAGAIN ? "-" : ".";
    text[n] = 0;
    return n ? text : ".";
}

/* Control takes an order and gives a status; false when there is none. */
static bool control(enum status status, struct desk_order *out)
{
    if (!desk_look(f.desk, out))
        return false;
    desk_taken(f.desk);
    if (out->n)
        desk_answer(f.desk, out->order[0].ticket, status);
    serve();
    return true;
}

static void an_order_and_its_answer(void **state)
{
    static const struct {
        const char *line;
        enum status status;
        const char *answer;
    } cases[] = {
        {"stop\n",      HUB_OK,     "ok\n"                                                   },
        {"reset 2\n",   HUB_EBUSY,
         "error: the cause of a latch is still there: cluster 2: too hot\n"                  },
        {"exclude 4\n", HUB_ERANGE, "error: this hub has no cluster 4\n"                     },
        {"stop\n",      HUB_EFULL,  "error: too many orders at once; try again in a second\n"},
        {"stop\n",      HUB_EIO,    "error: it cannot be done\n"                             },
    };
    struct desk_order o;
    int fd;

    (void)state;
    open_socket();
    fd = come();
    for (size_t i = 0; i < LEN(cases); i++) {
        print_message("  %s", cases[i].line);
        send_text(fd, cases[i].line);
        assert_string_equal(heard(fd), "-");
        assert_true(control(cases[i].status, &o));
        assert_int_equal(o.n, 1);
        assert_int_equal(o.order[0].from.owner, OWNER_SOCKET);
        assert_int_equal(o.order[0].from.address, getuid());
        assert_memory_equal(o.order[0].from.name, "user ", 5);
        assert_string_equal(heard(fd), cases[i].answer);
    }
    send_text(fd, "reset 9\n");
    assert_false(control(HUB_OK, &o));
    assert_non_null(strstr(heard(fd), "error: there is no such cluster"));
    close(fd);
    serve();
}

static void half_a_second(void **state)
{
    struct desk_order o;
    int fd;

    (void)state;
    open_socket();
    fd = come();
    send_text(fd, "reset\n");
    f.now = T0 + MONO_MS(500) - 1;
    serve();
    assert_string_equal(heard(fd), "-");
    f.now = T0 + MONO_MS(500);
    serve();
    assert_non_null(strstr(heard(fd), "error: no answer within half a second"));
    assert_true(control(HUB_OK, &o));
    assert_true(control(HUB_OK, &o)); /* and control is told that it was late */
    assert_int_equal(o.n, 0);
    assert_int_equal(o.why, REFUSAL_LATE);
    assert_int_equal(o.refused, COMMAND_RESET);
    assert_string_equal(heard(fd), "-");
    send_text(fd, "stop\n");
    assert_true(control(HUB_OK, &o));
    assert_string_equal(heard(fd), "ok\n");
    close(fd);
    serve();
}

/* In pieces, several at once, and with the other end shut for writing, as "echo stop |" does. */
static void lines_as_they_come(void **state)
{
    struct desk_order o;
    int fd;

    (void)state;
    open_socket();
    fd = come();
    send_text(fd, "st");
    send_text(fd, "op\nrele");
    assert_true(control(HUB_OK, &o));
    assert_string_equal(heard(fd), "ok\n");
    assert_false(control(HUB_OK, &o));
    send_text(fd, "ase\nnonsense\nreset\n");
    shutdown(fd, SHUT_WR);
    serve();
    assert_true(control(HUB_OK, &o));
    assert_true(o.order[0].release);
    assert_true(control(HUB_OK, &o));
    assert_int_equal(o.order[0].command, COMMAND_RESET);
    assert_string_equal(heard(fd), "ok\n"
                                   "error: there is no such order: reset, exclude, include, stop, "
                                   "release or force-charge\nok\n");
    serve();
    assert_string_equal(heard(fd), ".");
    close(fd);
}

static void a_line_has_an_end(void **state)
{
    char line[ORDER_TEXT_MAX + 2];
    struct desk_order o;
    int fd;

    (void)state;
    open_socket();
    fd = come();
    memset(line, ' ', sizeof(line));
    memcpy(line, "stop", 4);
    line[ORDER_TEXT_MAX] = '\n';
    line[ORDER_TEXT_MAX + 1] = 0;
    send_text(fd, line);
    assert_true(control(HUB_OK, &o));
    assert_string_equal(heard(fd), "ok\n");
    line[ORDER_TEXT_MAX] = ' ';
    send_text(fd, line);
    assert_string_equal(heard(fd), "-");
    send_text(fd, "\n");
    assert_string_equal(heard(fd), "error: it is too long for an order\n");
    assert_string_equal(heard(fd), ".");
    assert_false(control(HUB_OK, &o));
    close(fd);
}

static void who_is_silent_is_closed(void **state)
{
    struct desk_order o;
    int fd, busy;

    (void)state;
    open_socket();
    fd = come();
    busy = come();
    f.now = T0 + MONO_S(2);
    send_text(busy, "stop\n");
    assert_true(control(HUB_OK, &o));
    assert_string_equal(heard(busy), "ok\n");
    f.now = T0 + CONTROL_SILENCE - 1;
    serve();
    assert_string_equal(heard(fd), "-");
    assert_int_equal(control_socket_tend(f.cs, f.now), T0 + CONTROL_SILENCE);
    f.now = T0 + CONTROL_SILENCE;
    serve();
    assert_string_equal(heard(fd), ".");
    f.now = T0 + MONO_S(2) + CONTROL_SILENCE - 1;
    serve();
    assert_string_equal(heard(busy), "-");
    f.now++;
    serve();
    assert_string_equal(heard(busy), ".");
    close(fd);
    close(busy);
}

/* The order is carried out, but nobody is there any more. Its place is free at once. */
static void who_leaves_is_forgotten(void **state)
{
    int fd[CONTROL_CLIENTS];
    struct desk_order o;

    (void)state;
    open_socket();
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
        fd[i] = come();
        send_text(fd[i], "stop\n");
    }
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
        close(fd[i]);
    serve();
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
        fd[i] = come();
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
        assert_true(control(HUB_OK, &o));
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
        assert_string_equal(heard(fd[i]), "-");
        close(fd[i]);
    }
    serve();
    fd[0] = come();
    send_text(fd[0], "st"); /* half a line goes with its client */
    close(fd[0]);
    serve();
    fd[0] = come();
    send_text(fd[0], "stop\n");
    assert_true(control(HUB_OK, &o));
    close(fd[0]);
}

static void eight_clients(void **state)
{
    int fd[CONTROL_CLIENTS + 1];

    (void)state;
    open_socket();
    for (unsigned i = 0; i <= CONTROL_CLIENTS; i++)
        fd[i] = come();
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
        assert_string_equal(heard(fd[i]), "-");
    assert_string_equal(heard(fd[CONTROL_CLIENTS]),
                        "error: too many clients at once; try again in a second\n");
    assert_string_equal(heard(fd[CONTROL_CLIENTS]), ".");
    for (unsigned i = 0; i <= CONTROL_CLIENTS; i++)
        close(fd[i]);
}

/* Twenty at once, however they come. */
static void all_its_clients_have_one_bucket(void **state)
{
    struct desk_order o;
    int fd;

    (void)state;
    open_socket();
    for (unsigned i = 0; i < 20; i++) {
        fd = come();
        send_text(fd, "stop\n");
        assert_true(control(HUB_OK, &o));
        assert_string_equal(heard(fd), "ok\n");
        close(fd);
        serve();
    }
    fd = come();
    send_text(fd, "stop\n");
    assert_string_equal(heard(fd), "error: too many orders at once; try again in a second\n");
    f.now += MONO_MS(100);
    send_text(fd, "stop\n");
    assert_true(control(HUB_OK, &o)); /* the refusal */
    assert_true(control(HUB_OK, &o));
    assert_string_equal(heard(fd), "ok\n");
    close(fd);
}

static void the_file(void **state)
{
    struct stat st;

    (void)state;
    umask(0077);
    open_socket();
    umask(0022);
    assert_int_equal(lstat(f.path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0660);
    control_socket_free(f.cs);
    f.cs = NULL;
    assert_int_equal(lstat(f.path, &st), -1);
}

static void a_socket_of_the_dead_is_replaced(void **state)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int dead = socket(AF_UNIX, SOCK_STREAM, 0);
    int fd;

    (void)state;
    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", f.path);
    assert_int_equal(bind(dead, (const struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_int_equal(listen(dead, 1), 0);
    close(dead); /* its file stays */
    open_socket();
    fd = come();
    send_text(fd, "nonsense\n");
    assert_non_null(strstr(heard(fd), "no such order"));
    close(fd);
}

static void a_living_one_is_not_taken_away(void **state)
{
    struct control_socket *first;
    int fd;

    (void)state;
    open_socket();
    first = f.cs;
    f.told[0] = 0;
    f.cs = NULL;
    open_socket();
    assert_non_null(strstr(f.told, "another process listens there; tried again every 5 s"));
    f.told[0] = 0;
    f.now += MONO_S(5);
    control_socket_tend(f.cs, f.now);
    assert_string_equal(f.told, ""); /* once */
    control_socket_free(f.cs);       /* takes nothing of the other's with it */
    f.cs = first;
    fd = come();
    close(fd);
    /* and the second gets it when the first is gone */
    first = control_socket_new(&f.spec, &f.poller);
    control_socket_tend(first, f.now);
    control_socket_free(f.cs);
    f.cs = first;
    f.now += MONO_S(5);
    control_socket_tend(f.cs, f.now);
    fd = come();
    close(fd);
}

static void what_else_is_in_the_way(void **state)
{
    struct stat st;
    FILE *file = fopen(f.path, "w");

    (void)state;
    assert_non_null(file);
    fclose(file);
    open_socket();
    assert_non_null(strstr(f.told, "is there and is no socket"));
    assert_int_equal(lstat(f.path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    control_socket_free(f.cs);
    f.cs = NULL;
    assert_int_equal(lstat(f.path, &st), 0); /* not ours */
    unlink(f.path);
    snprintf(f.spec.path, sizeof(f.spec.path), "%s/no/control.sock", f.folder);
    f.told[0] = 0;
    open_socket();
    assert_non_null(strstr(f.told, "No such file or directory; make its folder"));
}

/* Somebody tidied up: made anew within 5 s. */
static void a_file_that_was_removed(void **state)
{
    int fd;

    (void)state;
    open_socket();
    unlink(f.path);
    f.now += MONO_S(5) - 1;
    control_socket_tend(f.cs, f.now);
    assert_int_equal(try_connect(), -1);
    f.now++;
    control_socket_tend(f.cs, f.now);
    fd = come();
    close(fd);
}

/* Without a descriptor left it does not spin, and hears again a second later. */
static void without_descriptors_it_pauses(void **state)
{
    struct rlimit was, few;
    struct ready ready[16];
    int fd;

    (void)state;
    open_socket();
    fd = try_connect();
    getrlimit(RLIMIT_NOFILE, &was);
    few = (struct rlimit){(rlim_t)fd + 1, was.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    serve();
    assert_int_equal(poller_wait(&f.poller, 1, ready, LEN(ready)), 0);
    setrlimit(RLIMIT_NOFILE, &was);
    assert_int_equal(control_socket_tend(f.cs, f.now), f.now + MONO_S(1));
    f.now += MONO_S(1);
    serve();
    serve();
    send_text(fd, "nonsense\n");
    assert_non_null(strstr(heard(fd), "no such order"));
    close(fd);
}

/* ---- who may: as root only, who can become others ---- */

/* What a process of this user and groups hears. */
static const char *heard_as(uid_t uid, gid_t gid, gid_t more)
{
    static char text[500];
    int pipe_fd[2], ready_fd[2];
    ssize_t n;
    pid_t child;

    assert_int_equal(pipe(pipe_fd), 0);
    assert_int_equal(pipe(ready_fd), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int fd = -1;

        if (setgroups(more != UNIX_NO_GROUP, &more) == 0 && setgid(gid) == 0 && setuid(uid) == 0)
            fd = try_connect();
        if (fd >= 0 && write(fd, "bla\n", 4) != 4)
            _exit(1);
        if (write(ready_fd[1], "", 1) != 1)
            _exit(1);
        n = fd >= 0 ? recv(fd, text, sizeof(text), 0) : snprintf(text, sizeof(text), "no way\n");
        _exit(n <= 0 || write(pipe_fd[1], text, (size_t)n) != n);
    }
    close(pipe_fd[1]);
    close(ready_fd[1]);
    assert_int_equal(read(ready_fd[0], text, 1), 1);
    serve();
    n = read(pipe_fd[0], text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = 0;
    close(pipe_fd[0]);
    close(ready_fd[0]);
    waitpid(child, NULL, 0);
    return text;
}

static void who_may(void **state)
{
    static const struct {
        const char *what;
        uid_t uid;
        gid_t gid, more;
        const char *heard;
    } cases[] = {
        {"root",              0,     0,     UNIX_NO_GROUP, "no such order"         },
        {"somebody",          12345, 12345, UNIX_NO_GROUP, "user 12345 is not allo"},
        {"its main group",    12345, 2,     UNIX_NO_GROUP, "no such order"         },
        {"one of its groups", 12345, 12345, 2,             "no such order"         },
        {"another group",     12345, 12345, 3,             "not allowed"           },
    };
    struct desk_order o;

    (void)state;
    if (geteuid() != 0) {
        print_message("  not root: cannot become others\n");
        return;
    }
    assert_int_equal(chmod(f.folder, 0755), 0);
    strcpy(f.spec.group, "bin"); /* 2 everywhere */
    open_socket();
    assert_int_equal(chmod(f.path, 0666), 0); /* the kernel's word counts, not the file's mode */
    for (size_t i = 0; i < LEN(cases); i++) {
        const char *text = heard_as(cases[i].uid, cases[i].gid, cases[i].more);

        print_message("  %s: %s", cases[i].what, text);
        assert_non_null(strstr(text, cases[i].heard));
    }
    assert_true(control(HUB_OK, &o));
    assert_int_equal(o.n, 0);
    assert_int_equal(o.why, REFUSAL_NOT_ALLOWED);
    assert_int_equal(o.order[0].from.address, 12345);
    assert_int_equal(chmod(f.path, 0660), 0);
    assert_string_equal(heard_as(12345, 12345, 3), "no way\n");
    assert_non_null(strstr(heard_as(12345, 12345, 2), "no such order"));
}

static void a_group_that_does_not_exist(void **state)
{
    (void)state;
    strcpy(f.spec.group, "no-such-group-here");
    open_socket();
    assert_non_null(strstr(f.told, "no group no-such-group-here"));
    assert_non_null(strstr(f.told, "open for root and the gateway's own user\n")); /* no group */
    close(come()); /* root, or the own user */
}

#define CASE(c) cmocka_unit_test_setup_teardown(c, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_order_and_its_answer),
        CASE(half_a_second),
        CASE(lines_as_they_come),
        CASE(a_line_has_an_end),
        CASE(who_is_silent_is_closed),
        CASE(who_leaves_is_forgotten),
        CASE(eight_clients),
        CASE(all_its_clients_have_one_bucket),
        CASE(the_file),
        CASE(a_socket_of_the_dead_is_replaced),
        CASE(a_living_one_is_not_taken_away),
        CASE(what_else_is_in_the_way),
        CASE(a_file_that_was_removed),
        CASE(without_descriptors_it_pauses),
        CASE(who_may),
        CASE(a_group_that_does_not_exist),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

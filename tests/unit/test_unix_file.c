/* The file of a Unix socket, when somebody else has been there meanwhile. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/unix_file.h"

static char folder[40];

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/hubgate-file-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(folder); /* every test leaves it empty */
}

static struct unix_file file_at(const char *name)
{
    struct unix_file f = {.addr.sun_family = AF_UNIX};
    int len = snprintf(f.addr.sun_path, sizeof(f.addr.sun_path), "%s/%s", folder, name);

    assert_in_range(len, 1, sizeof(f.addr.sun_path) - 1);
    return f;
}

static void what_is_not_ours_any_more_stays(void **state)
{
    struct unix_file ours = file_at("s"), theirs = file_at("s");
    int a = unix_file_listen(&ours, SOCK_STREAM, 1, UNIX_NO_GROUP), b;
    struct stat st;

    (void)state;
    assert_true(a >= 0);
    assert_false(unix_file_gone(&ours));
    unlink(ours.addr.sun_path);
    assert_true(unix_file_gone(&ours));
    b = unix_file_listen(&theirs, SOCK_STREAM, 1, UNIX_NO_GROUP);
    assert_true(b >= 0);
    assert_true(unix_file_gone(&ours));
    unix_file_remove(&ours);
    assert_int_equal(lstat(theirs.addr.sun_path, &st), 0);
    unix_file_remove(&theirs);
    assert_int_equal(lstat(theirs.addr.sun_path, &st), -1);
    close(a), close(b);
}

/* A link to the socket of a dead process is no socket of ours to replace. */
static void a_link_is_not_followed(void **state)
{
    struct unix_file target = file_at("target"), at = file_at("s");
    int fd = unix_file_listen(&target, SOCK_STREAM, 1, UNIX_NO_GROUP);
    struct stat st;

    (void)state;
    close(fd);
    assert_int_equal(symlink(target.addr.sun_path, at.addr.sun_path), 0);
    assert_string_equal(unix_file_clear(&at, SOCK_STREAM),
                        "is there and is no socket; choose another path");
    assert_int_equal(lstat(at.addr.sun_path, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(lstat(target.addr.sun_path, &st), 0);
    unlink(at.addr.sun_path);
    unlink(target.addr.sun_path);
}

/* As long a name as the kernel takes: 107 characters and a NUL. */
static void the_longest_name_has_its_file(void **state)
{
    char name[108];
    struct unix_file f;
    struct stat st;
    int fd;

    (void)state;
    memset(name, 'n', sizeof(name));
    name[sizeof(f.addr.sun_path) - 1 - strlen(folder) - 1] = 0;
    f = file_at(name);
    assert_int_equal(strlen(f.addr.sun_path), 107);
    fd = unix_file_listen(&f, SOCK_STREAM, 1, UNIX_NO_GROUP);
    assert_true(fd >= 0);
    assert_int_equal(lstat(f.addr.sun_path, &st), 0);
    unix_file_remove(&f);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_not_ours_any_more_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_is_not_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_longest_name_has_its_file, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

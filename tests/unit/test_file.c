#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"

static char folder[] = "/tmp/hubgate-file-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[100];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static const char *write_file(const char *name, size_t len)
{
    FILE *f = fopen(path_of(name), "w");

    assert_non_null(f);
    for (size_t i = 0; i < len; i++)
        putc('a' + (int)(i % 26), f);
    fclose(f);
    return path_of(name);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path_of("file"));
    unlink(path_of("pipe"));
    return rmdir(folder);
}

static void a_file_up_to_the_bound_is_read_whole(void **state)
{
    static const size_t sizes[] = {0, 1, 26, 999, 1000};
    char why[160];

    (void)state;
    for (size_t i = 0; i < LEN(sizes); i++) {
        size_t len = 77;
        char *bytes = file_read(write_file("file", sizes[i]), 1000, &len, why, sizeof(why));
        assert_non_null(bytes);
        assert_int_equal(len, sizes[i]);
        assert_int_equal(strlen(bytes), sizes[i]);
        assert_true(len < 27 || bytes[26] == 'a');
        free(bytes);
    }
}

static void what_cannot_be_read_is_told(void **state)
{
    char why[160] = "";
    size_t len = 77;

    (void)state;
    assert_null(file_read(write_file("file", 3000), 2048, &len, why, sizeof(why)));
    assert_string_equal(why, "is larger than 2 KiB");
    assert_null(file_read(path_of("none"), 1000, &len, why, sizeof(why)));
    assert_string_equal(why, "there is no such file");
    assert_null(file_read(folder, 1000, &len, why, sizeof(why)));
    assert_string_equal(why, "is a directory");
    assert_int_equal(mkfifo(path_of("pipe"), 0600), 0);
    assert_null(file_read(path_of("pipe"), 1000, &len, why, sizeof(why)));
    assert_string_equal(why, "is not a regular file");
    assert_null(file_read(path_of("pipe/x"), 1000, &len, why, sizeof(why)));
    assert_string_equal(why, "cannot be opened: Not a directory");
    assert_int_equal(len, 77);
}

static void an_unreadable_file_is_told(void **state)
{
    char why[160] = "";
    size_t len;

    (void)state;
    chmod(write_file("file", 1), 0);
    uid_t me = geteuid();
    if (me == 0) /* root reads everything */
        assert_int_equal(seteuid(65534), 0);
    char *bytes = file_read(path_of("file"), 1000, &len, why, sizeof(why));
    if (me == 0)
        assert_int_equal(seteuid(0), 0);
    assert_null(bytes);
    assert_string_equal(why, "cannot be opened: Permission denied");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_up_to_the_bound_is_read_whole),
        cmocka_unit_test(what_cannot_be_read_is_told),
        cmocka_unit_test(an_unreadable_file_is_told),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

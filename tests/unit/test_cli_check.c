#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "io/gpio.h"

struct said {
    int code;
    char text[2000]; /* standard output and error together */
};

/* Runs hubgate check on this file. */
static void run(const char *file, struct said *said)
{
    FILE *to = tmpfile();
    assert_non_null(to);
    fflush(stdout);
    int out = dup(1);
    int err = dup(2);
    dup2(fileno(to), 1);
    dup2(fileno(to), 2);
    said->code = cli_check(2, (char *[]){"check", (char *)file, NULL});
    fflush(stdout);
    dup2(out, 1);
    dup2(err, 2);
    close(out);
    close(err);
    rewind(to);
    said->text[fread(said->text, 1, sizeof(said->text) - 1, to)] = '\0';
    fclose(to);
}

/* The name is another each time: what counts comes behind it. */
static void shorten(struct said *said, const char *name, char letter)
{
    for (char *at; (at = strstr(said->text, name));) {
        *at = letter;
        memmove(at + 1, at + strlen(name), strlen(at + strlen(name)) + 1);
    }
}

/* Runs hubgate check on a file with this text; NULL: on a file that is not there. */
static void check(const char *text, struct said *said)
{
    char file[] = "/tmp/hubgate-check-XXXXXX";
    int fd = mkstemp(file);

    assert_true(fd >= 0);
    if (text)
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    else
        unlink(file);
    close(fd);
    run(file, said);
    unlink(file);
    shorten(said, file, 'F');
}

static void a_file_is_understood_or_refused(void **state)
{
    static const struct {
        const char *what, *text;
        int code;
        const char *says;
    } cases[] = {
        {"a good one",
         "[hub]\nclusters = 2\n[cluster.1]\nlink = can0\n[cluster.2]\nlink = can1\nmodules = 4\n"
         "[inverter.1]\nlink = can2\nprotocol = victroncan\n[modbus.tcp]\n[modbus.rtu.2]\n"
         "device = /dev/a\n",                                                                             0,
         "F: good: 2 clusters (can0: 5 x weco-4k4-pro, can1: 4 x weco-4k4-pro), inverter on can2 "
         "as VICTRONCAN, Modbus TCP on 127.0.0.1:1502 (read-only), Modbus RTU on /dev/a "
         "(read-only), "
         "no control socket\n"                                                                                                                                      },
        {"a doubtful one",      "[cluster.1]\nlink = sim\n",                                              0,
         "F: warning: no [modbus.tcp] or [modbus.rtu]: nobody can read the registers\n"
         "F: good: 1 cluster (sim: 5 x weco-4k4-pro), no inverter, no Modbus, no control socket\n"                                                                  },
        {"relays and an input",
         "[cluster.1]\nlink = sim\n[modbus.tcp]\n[relay.1]\nfunction = fault\n[relay.8]\nfunction "
         "= power\n",                                                                                     0,
         "F: good: 1 cluster (sim: 5 x weco-4k4-pro), no inverter, Modbus TCP on 127.0.0.1:1502 "
         "(read-only), no control socket, 2 relays\n"                                                                                                               },
        {"writers",
         "[cluster.1]\nlink = sim\n[modbus.tcp]\nwrite = yes\nallow_write = 127.0.0.1 127.0.0.3\n"
         "[modbus.rtu.2]\ndevice = /dev/a\nwrite = yes\n[control]\nsocket = /run/a\ngroup = b\n",         0,
         "F: good: 1 cluster (sim: 5 x weco-4k4-pro), no inverter, Modbus TCP on 127.0.0.1:1502 "
         "(127.0.0.1 127.0.0.3 may write), Modbus RTU on /dev/a (every master may write), control "
         "socket "
         "/run/a (group b)\n"                                                                                                                                       },
        {"two mistakes",        "[hub]\nclusters = 9\n[cluster.1]\nlink = sim\nloop = 3\n[modbus.tcp]\n",
         78,                                                                                                  "F:2: [hub] clusters: 9 is outside 1..5\n"
         "F:5: [cluster.1] loop: \"3\" is not known; allowed: no yes\n"                                                                                 },
        {"an empty one",        "",                                                                       78, "F: no [section] in the file: nothing is configured\n"},
        {"none",                NULL,                                                                     78, "F: there is no such file\n"                          },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct said said;

        print_message("  %s\n", cases[i].what);
        check(cases[i].text, &said);
        assert_string_equal(said.text, cases[i].says);
        assert_int_equal(said.code, cases[i].code);
    }
}

/* What reads or drives a line needs libgpiod in this build. */
static void a_line_needs_a_build_that_can(void **state)
{
    struct said said;

    (void)state;
    check("[cluster.1]\nlink = sim\n[modbus.tcp]\n[relay.1]\nfunction = fault\n[input.1]\n"
          "function = stop\ngpio = gpiochip0:27\n",
          &said);
    if (gpio_ops_gpiod) {
        assert_int_equal(said.code, 0);
        assert_string_equal(said.text,
                            "F: good: 1 cluster (sim: 5 x weco-4k4-pro), no inverter, "
                            "Modbus TCP on 127.0.0.1:1502 (read-only), no control socket, 1 "
                            "relay, 1 input\n");
        return;
    }
    assert_int_equal(said.code, 78);
    assert_string_equal(said.text,
                        "F: gpio needs a build with libgpiod: install libgpiod-dev (1.6) and build "
                        "again, or take the gpio of every relay and the [input.N] away\n");
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* A profile's path counts from the folder of the configuration, wherever one stands. */
static void a_profile_is_looked_for_beside_the_configuration(void **state)
{
    static const char ini[] =
        "[hub]\nprofile = file:my.ini\n[cluster.1]\nlink = sim\n[modbus.tcp]\n";
    char folder[] = "/tmp/hubgate-check-XXXXXX", here[512], path[600];
    struct said said;

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_non_null(getcwd(here, sizeof(here)));
    snprintf(path, sizeof(path), "%s/hub.ini", folder);
    write_file(path, ini);
    run(path, &said);
    shorten(&said, folder, 'D');
    assert_string_equal(said.text, "D/hub.ini:2: [hub] profile: D/my.ini: there is no such file\n");
    assert_int_equal(said.code, 78);

    assert_int_equal(chdir(folder), 0);
    write_file("my.ini", "[profile]\ntitle = x\nbasis = manual\n");
    run("hub.ini", &said);
    assert_string_equal(said.text, "my.ini: [module] is missing\nmy.ini: [voltage] is missing\n"
                                   "my.ini: [stops] is missing\n");
    assert_int_equal(said.code, 78);
    run(path, &said);
    shorten(&said, folder, 'D');
    assert_string_equal(said.text, "D/my.ini: [module] is missing\nD/my.ini: [voltage] is missing\n"
                                   "D/my.ini: [stops] is missing\n");
    assert_int_equal(unlink("my.ini"), 0);
    assert_int_equal(unlink("hub.ini"), 0);
    assert_int_equal(chdir(here), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* One that is shipped, by its whole path, is as good as the built-in one. */
static void a_shipped_profile_can_be_named_by_its_path(void **state)
{
    char ini[700];
    struct said said;

    (void)state;
    snprintf(ini, sizeof(ini),
             "[cluster.1]\nlink = sim\nprofile = file:%s/../config/profiles/vtac-vt12040.ini\n"
             "[modbus.tcp]\n",
             TEST_DIR);
    check(ini, &said);
    assert_non_null(strstr(said.text, "F: good: 1 cluster (sim: 5 x file:"));
    assert_int_equal(said.code, 0);
}

static void a_wrong_command_line_is_told(void **state)
{
    (void)state;
    assert_int_equal(cli_check(1, (char *[]){"check", NULL}), 64);
    assert_int_equal(cli_check(3, (char *[]){"check", "a", "b", NULL}), 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_understood_or_refused),
        cmocka_unit_test(a_line_needs_a_build_that_can),
        cmocka_unit_test(a_profile_is_looked_for_beside_the_configuration),
        cmocka_unit_test(a_shipped_profile_can_be_named_by_its_path),
        cmocka_unit_test(a_wrong_command_line_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

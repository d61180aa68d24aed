/* Battery profiles as files. Values of the WeCo HeSU 4K4 PRO are those of its manual REV.1.06
 * 2021-04-05 (section 13, ratings) and of the module tool V1.29; of the 5K3 those of its manual
 * V_1.1 21-Nov-2020, page 35; of the VT-12040 those of its manual V1.1 20/03/2024. */
#include "hub_bench.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_profile.h"
#include "config_report.h"

/* ---- what is built in ---- */

static void every_built_in_profile_reads_without_a_word(void **state)
{
    static struct reports r;
    struct profile p;
    unsigned n = 0;

    (void)state;
    for (; builtins[n].key; n++) {
        print_message("  %s\n", builtins[n].key);
        assert_true(profile_read((const char *)builtins[n].ini, builtins[n].len, &r, &p));
        assert_int_equal(r.count, 0);
        assert_true(profile_same(&p, profile_find(builtins[n].key)));
        assert_ptr_equal(profile_find(builtins[n].key), profile_find(builtins[n].key));
    }
    assert_int_equal(n, 4);
    assert_null(profile_find("no-such"));
    assert_null(profile_find(""));
}

/* Section 13 of the 4K4 PRO manual, A by modules and clusters. */
static void the_table_of_the_4k4_pro(void **state)
{
    static const int cells[ALLOWANCE_ROWS][MAX_CLUSTERS] = {
        {86,  155, 206, 275,  344 },
        {155, 279, 372, 495,  557 },
        {206, 372, 446, 528,  660 },
        {241, 433, 462, 616,  700 },
        {301, 488, 578, 700,  700 },
        {310, 495, 650, 866,  928 },
        {361, 577, 732, 1011, 1083},
        {412, 577, 953, 1155, 1238},
    };
    const struct profile *p = profile_find("weco-4k4-pro");

    (void)state;
    for (unsigned m = 1; m <= ALLOWANCE_ROWS; m++)
        for (unsigned c = 1; c <= MAX_CLUSTERS; c++)
            assert_int_equal(profile_allowance(p, c, m), cells[m - 1][c - 1] * 1000);
}

/* Page 35 of the 5K3 manual; the first cell, --- there, is the 4K4 PRO's, and 367.5 is rounded
 * down. More modules than it has: as with the most it has. */
static void the_table_of_the_5k3(void **state)
{
    static const int cells[ALLOWANCE_ROWS][MAX_CLUSTERS] = {
        {86,  189, 252, 336, 420},
        {189, 340, 454, 605, 680},
        {252, 454, 544, 645, 800},
        {294, 529, 564, 753, 800},
        {367, 595, 800, 800, 800},
        {367, 595, 800, 800, 800},
        {367, 595, 800, 800, 800},
        {367, 595, 800, 800, 800},
    };
    const struct profile *p = profile_find("weco-5k3");

    (void)state;
    for (unsigned m = 1; m <= ALLOWANCE_ROWS; m++)
        for (unsigned c = 1; c <= MAX_CLUSTERS; c++)
            assert_int_equal(profile_allowance(p, c, m), cells[m - 1][c - 1] * 1000);
}

static void a_battery_without_a_table_has_none(void **state)
{
    (void)state;
    assert_int_equal(profile_allowance(profile_find("vtac-vt12040"), 2, 5), -1);
    assert_int_equal(profile_allowance(profile_find("generic-lfp-16s"), 2, 5), -1);
}

static void the_key_numbers_are_the_makers(void **state)
{
    const struct profile *k4 = profile_find("weco-4k4-pro");
    const struct profile *k5 = profile_find("weco-5k3");
    const struct profile *vt = profile_find("vtac-vt12040");
    const struct profile *any = profile_find("generic-lfp-16s");
    const struct {
        const char *what;
        int64_t is, wanted;
    } cases[] = {
        {"4K4: modules",                   k4->max_modules,                     8              },
        {"4K4: disagreed above",           k4->many_modules,                    5              },
        {"4K4: capacity",                  k4->module_capacity_mAh,             86000          },
        {"4K4: charge of a module",        k4->module_ccl_mA,                   86000          },
        {"4K4: discharge of a module",     k4->module_dcl_mA,                   86000          },
        {"4K4: CVL",                       k4->cvl_mV,                          54500          },
        {"4K4: DVL",                       k4->dvl_mV,                          49500          },
        {"4K4: top",                       k4->cvl_top_mV,                      54500          },
        {"4K4: settable to",               k4->cvl_max_mV,                      56000          },
        {"4K4: floor",                     k4->dvl_floor_mV,                    49500          },
        {"4K4: rule 1",                    k4->stops.charge_mV.stop,            56800          },
        {"4K4: rule 1, released",          k4->stops.charge_mV.release,         54000          },
        {"4K4: rule 2",                    k4->stops.discharge_mV.stop,         46700          },
        {"4K4: rule 2, released",          k4->stops.discharge_mV.release,      51000          },
        {"4K4: cell high",                 k4->stops.cell_charge_mV.stop,       3650           },
        {"4K4: cell high, released",       k4->stops.cell_charge_mV.release,    3450           },
        {"4K4: cell low",                  k4->stops.cell_discharge_mV.stop,    2900           },
        {"4K4: cell low, released",        k4->stops.cell_discharge_mV.release, 3100           },
        {"4K4: charge cold",               k4->stops.charge_cold_dC.stop,       -50            },
        {"4K4: charge hot",                k4->stops.charge_hot_dC.stop,        550            },
        {"4K4: discharge cold",            k4->stops.discharge_cold_dC.stop,    -200           },
        {"4K4: discharge hot",             k4->stops.discharge_hot_dC.stop,     600            },
        {"4K4: taper to",                  k4->stops.taper_ccl_mA,              10000          },
        {"4K4: taper from SOC",            k4->stops.taper_soc,                 9000           },
        {"4K4: taper from",                k4->stops.taper_ccl_mV,              54000          },
        {"4K4: discharge taper from",      k4->stops.taper_dcl_mV,              49500          },
        {"4K4: bus bar",                   k4->bus_bar_mA,                      400000         },
        {"4K4: firmware 3.57",             k4->firmware_min,                    3 * 256 + 57   },
        {"4K4: basis",                     k4->basis,                           PROFILE_MANUAL },
        {"5K3: modules",                   k5->max_modules,                     5              },
        {"5K3: charge stop",               k5->stops.charge_mV.stop,            56800          },
        {"5K3: discharge stop",            k5->stops.discharge_mV.stop,         50400          },
        {"5K3: floor",                     k5->dvl_floor_mV,                    50500          },
        {"5K3: firmware 3.57",             k5->firmware_min,                    3 * 256 + 57   },
        {"5K3: basis",                     k5->basis,                           PROFILE_ASSUMED},
        {"VT-12040: packs",                vt->max_modules,                     15             },
        {"VT-12040: capacity",             vt->module_capacity_mAh,             200000         },
        {"VT-12040: charge",               vt->module_ccl_mA,                   100000         },
        {"VT-12040: discharge",            vt->module_dcl_mA,                   100000         },
        {"VT-12040: highest voltage",      vt->cvl_max_mV,                      57600          },
        {"VT-12040: lowest voltage",       vt->dvl_floor_mV,                    40000          },
        {"VT-12040: charge stop",          vt->stops.charge_mV.stop,            57600          },
        {"VT-12040: discharge stop",       vt->stops.discharge_mV.stop,         40000          },
        {"VT-12040: charge from 0 degC",   vt->stops.charge_cold_dC.stop,       0              },
        {"VT-12040: charge to 45 degC",    vt->stops.charge_hot_dC.stop,        450            },
        {"VT-12040: discharge to 50 degC", vt->stops.discharge_hot_dC.stop,     500            },
        {"VT-12040: no C-rates",           vt->charge_rates.n,                  0              },
        {"VT-12040: any firmware",         vt->firmware_min,                    0              },
        {"generic: CVL",                   any->cvl_mV,                         55200          },
        {"generic: DVL",                   any->dvl_mV,                         46400          },
        {"generic: no taper",              any->stops.taper_ccl_mA,             0              },
        {"generic: charge from 0 degC",    any->stops.charge_cold_dC.stop,      0              },
        {"generic: basis",                 any->basis,                          PROFILE_GENERIC},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        print_message("  %s\n", cases[i].what);
        assert_int_equal(cases[i].is, cases[i].wanted);
    }
    assert_string_equal(k4->title, "WeCo HeSU 4K4 PRO");
}

/* ---- a file of one's own ---- */

/* The n-th line is what `n:` in a message means. No two values are the same where they could be
 * mixed up. */
static const char *const lines[] = {
    /*  1 */ "[profile]",
    /*  2 */ "title = Test 48 V",
    /*  3 */ "basis = manual",
    /*  4 */ "[module]",
    /*  5 */ "max = 6",
    /*  6 */ "many = 4",
    /*  7 */ "capacity_ah = 90",
    /*  8 */ "charge_current = 60.5",
    /*  9 */ "discharge_current = 70",
    /* 10 */ "firmware_min = 2.9",
    /* 11 */ "[voltage]",
    /* 12 */ "charge = 54.1",
    /* 13 */ "discharge = 48.2",
    /* 14 */ "charge_top = 54.3",
    /* 15 */ "charge_max = 55.4",
    /* 16 */ "discharge_floor = 48.0",
    /* 17 */ "[stops]",
    /* 18 */ "charge_voltage = 56.6 53.7",
    /* 19 */ "discharge_voltage = 45.8 50.9",
    /* 20 */ "charge_cell = 3.61 3.42",
    /* 21 */ "discharge_cell = 2.83 3.14",
    /* 22 */ "charge_cold = -5.5 -3.6",
    /* 23 */ "charge_hot = 51 49",
    /* 24 */ "discharge_cold = -21 -17",
    /* 25 */ "discharge_hot = 61 59",
    /* 26 */ "[taper]",
    /* 27 */ "charge_current = 9",
    /* 28 */ "charge_soc = 91.5",
    /* 29 */ "charge_voltage = 53.9",
    /* 30 */ "discharge_voltage = 47.3",
    /* 31 */ "[allowance]",
    /* 32 */ "bus_bar = 410",
    /* 33 */ "modules_1 = 11 12 13 14 15",
    /* 34 */ "modules_2 = 21 22 23 24 25",
    /* 35 */ "modules_3 = 31 32 33 34 35",
    /* 36 */ "modules_4 = 41 42 43 44 45",
    /* 37 */ "modules_5 = 51 52 53 54 55",
    /* 38 */ "modules_6 = 61 62 63 64 65",
    /* 39 */ "[rates]",
    /* 40 */ "charge = -10..-6.1:0.1 ..45:1.1",
    /* 41 */ "discharge = -20..60:0.5",
};

struct stage {
    char profile[4096]; /* what on_file brings */
    size_t len;
    unsigned asked;
    char path[CONFIG_TEXT_MAX];
    char told[8192];
    unsigned errors, warnings;
};

/* The lines, with others in place of lines n and m; 0: as they are. */
static void write_two(struct stage *s, unsigned n, const char *text, unsigned m, const char *other)
{
    s->profile[0] = '\0';
    for (unsigned i = 1; i <= LEN(lines); i++) {
        strcat(s->profile, i == n ? text : i == m ? other : lines[i - 1]);
        strcat(s->profile, "\n");
    }
    s->len = strlen(s->profile);
}

static void write_profile(struct stage *s, unsigned n, const char *text)
{
    write_two(s, n, text, 0, NULL);
}

static char *bring(void *arg, const char *path, size_t *len, char *why, size_t why_size)
{
    struct stage *s = arg;

    s->asked++;
    snprintf(s->path, sizeof(s->path), "%s", path);
    if (strcmp(path, "gone.ini") == 0) {
        snprintf(why, why_size, "/etc/%s: there is no such file", path);
        return NULL;
    }
    *len = s->len;
    char *copy = malloc(s->len + 1);
    assert_non_null(copy);
    memcpy(copy, s->profile, s->len + 1);
    return copy;
}

static void tell(struct stage *s, const char *what, const struct config_error *err)
{
    size_t n = strlen(s->told);

    snprintf(s->told + n, sizeof(s->told) - n, "%s%s%s%d: %s\n", what, err->file,
             *err->file ? ":" : "", err->line, err->text);
}

static void on_mistake(void *arg, const struct config_error *err)
{
    struct stage *s = arg;

    s->errors++;
    tell(s, "", err);
}

static void on_doubt(void *arg, const struct config_error *err)
{
    struct stage *s = arg;

    s->warnings++;
    tell(s, "warning ", err);
}

static struct config *parse(struct stage *s, const char *ini)
{
    s->told[0] = '\0';
    s->asked = s->errors = s->warnings = 0;
    struct config *cfg = config_parse(ini, strlen(ini), bring, on_mistake, on_doubt, s);
    assert_int_equal(cfg == NULL, s->errors > 0);
    return cfg;
}

static const char own[] = "[hub]\nprofile = file:my.ini\n[cluster.1]\nlink = sim\n[modbus.tcp]\n";

static void every_value_goes_to_its_place(void **state)
{
    static struct stage s;

    (void)state;
    write_profile(&s, 0, NULL);
    struct config *cfg = parse(&s, own);
    assert_string_equal(s.told, "warning 2: [cluster.1] modules: 5; the manuals of file:my.ini "
                                "disagree above 4\n");
    assert_non_null(cfg);
    const struct profile *p = config_profile(cfg, 1);
    assert_true(profile_same(p, config_profile(cfg, 0)));
    assert_string_equal(p->title, "Test 48 V");
    assert_int_equal(p->basis, PROFILE_MANUAL);
    assert_int_equal(p->max_modules, 6);
    assert_int_equal(p->many_modules, 4);
    assert_int_equal(p->module_capacity_mAh, 90000);
    assert_int_equal(p->module_ccl_mA, 60500);
    assert_int_equal(p->module_dcl_mA, 70000);
    assert_int_equal(p->firmware_min, 2 * 256 + 9);
    assert_int_equal(p->cvl_mV, 54100);
    assert_int_equal(p->dvl_mV, 48200);
    assert_int_equal(p->cvl_top_mV, 54300);
    assert_int_equal(p->cvl_max_mV, 55400);
    assert_int_equal(p->dvl_floor_mV, 48000);
    assert_int_equal(p->bus_bar_mA, 410000);
    for (int m = 0; m < ALLOWANCE_ROWS; m++)
        for (int c = 0; c < MAX_CLUSTERS; c++)
            assert_int_equal(p->allowance_A[m][c], (m < 5 ? m + 1 : 6) * 10 + c + 1);
    config_free(cfg);
}

static void every_stop_goes_to_its_place(void **state)
{
    static struct stage s;

    (void)state;
    write_profile(&s, 0, NULL);
    struct config *cfg = parse(&s, own);
    assert_non_null(cfg);
    const struct profile *p = config_profile(cfg, 0);
    const struct {
        const char *what;
        struct threshold is, wanted;
    } cases[] = {
        {"charge voltage",    p->stops.charge_mV,         {56600, 53700}},
        {"discharge voltage", p->stops.discharge_mV,      {45800, 50900}},
        {"charge cell",       p->stops.cell_charge_mV,    {3610, 3420}  },
        {"discharge cell",    p->stops.cell_discharge_mV, {2830, 3140}  },
        {"charge cold",       p->stops.charge_cold_dC,    {-55, -36}    },
        {"charge hot",        p->stops.charge_hot_dC,     {510, 490}    },
        {"discharge cold",    p->stops.discharge_cold_dC, {-210, -170}  },
        {"discharge hot",     p->stops.discharge_hot_dC,  {610, 590}    },
    };
    for (size_t i = 0; i < LEN(cases); i++) {
        print_message("  %s\n", cases[i].what);
        assert_int_equal(cases[i].is.stop, cases[i].wanted.stop);
        assert_int_equal(cases[i].is.release, cases[i].wanted.release);
    }
    assert_int_equal(p->stops.taper_ccl_mA, 9000);
    assert_int_equal(p->stops.taper_soc, 9150);
    assert_int_equal(p->stops.taper_ccl_mV, 53900);
    assert_int_equal(p->stops.taper_dcl_mV, 47300);
    assert_int_equal(p->charge_rates.n, 2);
    assert_int_equal(p->charge_rates.from_dC, -100);
    assert_int_equal(p->charge_rates.row[0].upto_dC, -61);
    assert_int_equal(p->charge_rates.row[0].centi_C, 10);
    assert_int_equal(p->charge_rates.row[1].upto_dC, 450);
    assert_int_equal(p->charge_rates.row[1].centi_C, 110);
    assert_int_equal(p->discharge_rates.n, 1);
    assert_int_equal(p->discharge_rates.from_dC, -200);
    assert_int_equal(p->discharge_rates.row[0].upto_dC, 600);
    assert_int_equal(p->discharge_rates.row[0].centi_C, 50);
    config_free(cfg);
}

static void a_mistake_is_named_with_its_line(void **state)
{
    static const struct {
        const char *what;
        unsigned line;
        const char *text, *says;
    } cases[] = {
        {"a missing cell",                            35, "modules_3 = 31 32 33 34",
         "my.ini:35: [allowance] modules_3: 4 numbers; allowed: 5\n"                                                                                                                            },
        {"a cell too many",                           35, "modules_3 = 31 32 33 34 35 36",
         "my.ini:35: [allowance] modules_3: 6 numbers; allowed: 5\n"                                                                                                                            },
        {"a zero cell",                               35, "modules_3 = 0 32 33 34 35",
         "my.ini:35: [allowance] modules_3: 0 is outside none or 1..5000 A\n"                                                                                                                   },
        {"a missing row",                             35, "",
         "my.ini:31: [allowance] modules_3 is missing; the table has a row for each count up to "
         "[module] max, at most 8\n"                                                                                                                                                            },
        {"a row that is none",                        35, "modules_3 = none",
         "my.ini:35: [allowance] modules_3 is missing; the table has a row for each count up to "
         "[module] max, at most 8\n"                                                                                                                                                            },
        {"a row nobody comes to",                     5,  "max = 5",
         "my.ini:38: [allowance] modules_6, but [module] max is 5\n"                                                                                                                            },
        {"a row more is needed",                      5,  "max = 7",
         "my.ini:31: [allowance] modules_7 is missing; the table has a row for each count up to "
         "[module] max, at most 8\n"                                                                                                                                                            },
        {"less with more clusters",                   35, "modules_3 = 31 32 33 32 35",
         "my.ini:35: [allowance] modules_3: 32 with 4 clusters, but 33 with 3: losing a cluster "
         "would raise the limit\n"                                                                                                                                                              },
        {"less with more modules",                    35, "modules_3 = 20 32 33 34 35",
         "my.ini:35: [allowance] modules_3: 20 with 1 cluster, but 21 in modules_2: losing a "
         "module "
         "would raise the limit\n"                                                                                                                                                              },
        {"charging let go above its stop",            18, "charge_voltage = 56.6 56.7",
         "my.ini:18: [stops] charge_voltage: release 56.7 is not below the stop, 56.6\n"                                                                                                        },
        {"charging let go at its stop",               18, "charge_voltage = 56.6 56.6",
         "my.ini:18: [stops] charge_voltage: release 56.6 is not below the stop, 56.6\n"                                                                                                        },
        {"discharging let go below its stop",         19, "discharge_voltage = 45.8 45.7",
         "my.ini:19: [stops] discharge_voltage: release 45.7 is not above the stop, 45.8\n"                                                                                                     },
        {"discharging let go at its stop",            19, "discharge_voltage = 45.8 45.8",
         "my.ini:19: [stops] discharge_voltage: release 45.8 is not above the stop, 45.8\n"                                                                                                     },
        {"less with five clusters",                   35, "modules_3 = 31 32 33 34 33",
         "my.ini:35: [allowance] modules_3: 33 with 5 clusters, but 34 with 4: losing a cluster "
         "would raise the limit\n"                                                                                                                                                              },
        {"a cell the wrong way round",                20, "charge_cell = 3.42 3.61",
         "my.ini:20: [stops] charge_cell: release 3.61 is not below the stop, 3.42\n"                                                                                                           },
        {"a low cell the wrong way round",            21, "discharge_cell = 3.14 2.83",
         "my.ini:21: [stops] discharge_cell: release 2.83 is not above the stop, 3.14\n"                                                                                                        },
        {"cold the wrong way round",                  22, "charge_cold = -3 -5",
         "my.ini:22: [stops] charge_cold: release -5 is not above the stop, -3\n"                                                                                                               },
        {"hot the wrong way round",                   23, "charge_hot = 49 51",
         "my.ini:23: [stops] charge_hot: release 51 is not below the stop, 49\n"                                                                                                                },
        {"cold discharge the wrong way round",        24, "discharge_cold = -17 -21",
         "my.ini:24: [stops] discharge_cold: release -21 is not above the stop, -17\n"                                                                                                          },
        {"hot discharge the wrong way round",         25, "discharge_hot = 59 61",
         "my.ini:25: [stops] discharge_hot: release 61 is not below the stop, 59\n"                                                                                                             },
        {"a stop without a release",                  18, "charge_voltage = 56.6",
         "my.ini:18: [stops] charge_voltage: 1 number; allowed: 2\n"                                                                                                                            },
        {"an unknown key",                            9,  "discharge_current = 70\ndischarge_curent = 70",
         "my.ini:10: [module] discharge_curent: no such option; did you mean discharge_current?\n"                                                                                              },
        {"a key of another section",                  9,  "discharge_current = 70\nbus_bar = 400",
         "my.ini:10: [module] bus_bar: no such option here; it belongs to [allowance]\n"                                                                                                        },
        {"a key of the configuration",                9,  "discharge_current = 70\nclusters = 2",
         "my.ini:10: [module] clusters: no such option; allowed: max, many, capacity_ah, "
         "charge_current, discharge_current, firmware_min\n"                                                                                                                                    },
        {"a section of the configuration",            39, "[hub]",
         "my.ini:39: [hub]: no such section; allowed: profile, module, voltage, stops, taper, "
         "allowance, rates\n"                                                                                                                                                                   },
        {"a section nearly",                          39, "[rate]",
         "my.ini:39: [rate]: no such section; did you mean [rates]?\n"                                                                                                                          },
        {"a numbered section",                        39, "[rates.2]",
         "my.ini:39: [rates.2]: no such section; did you mean [rates]?\n"                                                                                                                       },
        {"twice",                                     9,  "discharge_current = 70\nmax = 6",
         "my.ini:10: [module] max is here twice; the first is line 5\n"                                                                                                                         },
        {"a unit",                                    7,  "capacity_ah = 90Ah",
         "my.ini:7: [module] capacity_ah: \"90Ah\" is not a number; allowed: 1..10000 Ah, as 1.5 "
         "with at most 3 decimals\n"                                                                                                                                                            },
        {"another unit",                              12, "charge = 54100",
         "my.ini:12: [voltage] charge: 54100 is outside 30..60 V\n"                                                                                                                             },
        {"a comma",                                   12, "charge = 54,1",
         "my.ini:12: [voltage] charge: \"54,1\" is not a number; allowed: 30..60 V, as 1.5 with at "
         "most 3 decimals\n"                                                                                                                                                                    },
        {"a needed key",                              12, "",                                                                    "my.ini:11: [voltage] charge is missing; allowed: 30..60 V\n"  },
        {"no value",                                  12,
         "charge =",                                                                                                             "my.ini:12: [voltage] charge: there is no value behind the =\n"},
        {"no title",                                  2,  "",
         "my.ini:1: [profile] title is missing; for example WeCo HeSU 4K4 PRO\n"                                                                                                                },
        {"a long title",                              2,  "title = 123456789 123456789 123456789 123456789 12345678",
         "my.ini:2: [profile] title: longer than 47 characters\n"                                                                                                                               },
        {"an odd basis",                              3,  "basis = hearsay",
         "my.ini:3: [profile] basis: \"hearsay\" is not known; allowed: manual assumed generic\n"                                                                                               },
        {"just below the range",                      5,  "max = 0",                                                             "my.ini:5: [module] max: 0 is outside 1..16\n"                 },
        {"just above the range",                      5,  "max = 17",                                                            "my.ini:5: [module] max: 17 is outside 1..16\n"                },
        {"none where a number is needed",             12, "charge = none",
         "my.ini:12: [voltage] charge: \"none\" is not a number; allowed: 30..60 V, as 1.5 with at "
         "most 3 decimals\n"                                                                                                                                                                    },
        {"none for a temperature",                    22, "charge_cold = none",
         "my.ini:22: [stops] charge_cold: \"none\" is not a number; allowed: -40..100 degC, as 1.5 "
         "with at most 1 decimals\n"                                                                                                                                                            },
        {"zero for none",                             32, "bus_bar = 0",
         "my.ini:32: [allowance] bus_bar: 0 is outside none or 1..3000 A\n"                                                                                                                     },
        {"many that is no warning",                   6,  "many = 6",
         "my.ini:6: [module] many: 6 is not below [module] max, 6\n"                                                                                                                            },
        {"a floor at the top",                        16, "discharge_floor = 54.3",
         "my.ini:16: [voltage] discharge_floor: 54.3 is not below [voltage] charge_top, 54.3\n"
         "my.ini:16: [voltage] discharge_floor: 54.3 is above [voltage] discharge, 48.2\n"                                                                                                      },
        {"a top above what an owner may set",         14, "charge_top = 55.5",
         "my.ini:15: [voltage] charge_top: 55.5 is above [voltage] charge_max, 55.4\n"                                                                                                          },
        {"an owner's voltage above the stop",         15, "charge_max = 56.7",
         "my.ini:18: [voltage] charge_max: 56.7 is above [stops] charge_voltage, 56.6\n"                                                                                                        },
        {"a charge voltage above the top",            12, "charge = 54.4",
         "my.ini:14: [voltage] charge: 54.4 is above [voltage] charge_top, 54.3\n"                                                                                                              },
        {"a discharge voltage as the charge voltage", 13, "discharge = 54.1",
         "my.ini:13: [voltage] discharge: 54.1 is not below [voltage] charge, 54.1\n"                                                                                                           },
        {"stops that meet",                           19, "discharge_voltage = 53.7 56.6",
         "my.ini:19: [stops] discharge_voltage: 56.6 is not below [stops] charge_voltage, 56.6\n"
         "my.ini:19: [stops] discharge_voltage: 53.7 is not below [stops] charge_voltage, 53.7\n"
         "my.ini:30: [stops] discharge_voltage: 53.7 is not below [taper] discharge_voltage, "
         "47.3\n"                                                                                                                                                                               },
        {"cells that meet",                           21, "discharge_cell = 3.42 3.61",
         "my.ini:21: [stops] discharge_cell: 3.61 is not below [stops] charge_cell, 3.61\n"
         "my.ini:21: [stops] discharge_cell: 3.42 is not below [stops] charge_cell, 3.42\n"                                                                                                     },
        {"too hot and too cold at once",              22, "charge_cold = 48 49",
         "my.ini:23: [stops] charge_cold: 49 is not below [stops] charge_hot, 49\n"                                                                                                             },
        {"the same of discharging",                   24, "discharge_cold = 58 59",
         "my.ini:25: [stops] discharge_cold: 59 is not below [stops] discharge_hot, 59\n"                                                                                                       },
        {"a charge taper at the stop",                29, "charge_voltage = 56.6",
         "my.ini:29: [taper] charge_voltage: 56.6 is not below [stops] charge_voltage, 56.6\n"                                                                                                  },
        {"a charge taper at the lower stop",          29, "charge_voltage = 45.8",
         "my.ini:29: [stops] discharge_voltage: 45.8 is not below [taper] charge_voltage, 45.8\n"
         "my.ini:30: [taper] discharge_voltage: 47.3 is not below [taper] charge_voltage, 45.8\n"                                                                                               },
        {"a discharge taper at the stop",             30, "discharge_voltage = 45.8",
         "my.ini:30: [stops] discharge_voltage: 45.8 is not below [taper] discharge_voltage, "
         "45.8\n"                                                                                                                                                                               },
        {"a discharge taper at the other",            30, "discharge_voltage = 53.9",
         "my.ini:30: [taper] discharge_voltage: 53.9 is not below [taper] charge_voltage, 53.9\n"                                                                                               },
        {"a taper to more than a module takes",       27, "charge_current = 60.6",
         "my.ini:27: [taper] charge_current: 60.6 is above [module] charge_current, 60.5\n"                                                                                                     },
        {"a taper to nothing in particular",          27, "",
         "my.ini:28: [taper] charge_soc does nothing without charge_current\n"                                                                                                                  },
        {"a taper without its end",                   19, "discharge_voltage = none",
         "my.ini:30: [taper] discharge_voltage needs [stops] discharge_voltage, where it ends\n"                                                                                                },
        {"a version",                                 10, "firmware_min = 3",
         "my.ini:10: [module] firmware_min: \"3\" is not MAJOR.MINOR; write 3.57, or none\n"                                                                                                    },
        {"a rate without a temperature",              40, "charge = 0.5",
         "my.ini:40: [rates] charge: \"0.5\" is no row; write -10..-7:0.1 ..0:0.2 ..10:0.3, in "
         "degC "
         "and C, each row from where the last one ends, rising, 0.01 to 5 C\n"                                                                                                                  },
        {"falling temperatures",                      40, "charge = -10..0:0.1 ..-1:0.2",
         "my.ini:40: [rates] charge: \"..-1:0.2\" is no row; write -10..-7:0.1 ..0:0.2 ..10:0.3, "
         "in "
         "degC and C, each row from where the last one ends, rising, 0.01 to 5 C\n"                                                                                                             },
        {"too many rows",                             40, "charge = -10..0:0.1 ..1:1 ..2:1 ..3:1 ..4:1 ..5:1 ..6:1 ..7:1 ..8:1",
         "my.ini:40: [rates] charge: more than 8 rows\n"                                                                                                                                        },
    };
    static struct stage s;

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        print_message("  %s\n", cases[i].what);
        write_profile(&s, cases[i].line, cases[i].text);
        assert_null(parse(&s, own));
        assert_string_equal(s.told, cases[i].says);
    }
}

/* One step from the mistakes above. */
static void the_edge_of_a_mistake_is_good(void **state)
{
    static const struct {
        const char *what;
        unsigned line;
        const char *text;
    } cases[] = {
        {"as many modules as there can be", 5,  "max = 6"                                                },
        {"equal rows and columns",          34, "modules_2 = 15 15 15 15 15"                             },
        {"many one below max",              6,  "many = 5"                                               },
        {"no warning",                      6,  "many = none"                                            },
        {"any firmware",                    10, ""                                                       },
        {"a floor just below the top",      16, "discharge_floor = 48.2"                                 },
        {"a top at what an owner may set",  14, "charge_top = 55.4"                                      },
        {"an owner's voltage at the stop",  15, "charge_max = 56.6"                                      },
        {"the charge voltage at the top",   12, "charge = 54.3"                                          },
        {"released one step below",         18, "charge_voltage = 56.6 56.599"                           },
        {"released one step above",         19, "discharge_voltage = 45.8 45.801"                        },
        {"no cell stop",                    20, "charge_cell = none"                                     },
        {"no low cell stop",                21, "discharge_cell = None"                                  },
        {"no voltage stop",                 18, "charge_voltage = none"                                  },
        {"a taper by SOC alone",            29, "charge_voltage = none"                                  },
        {"a taper by voltage alone",        28, ""                                                       },
        {"no discharge taper",              30, ""                                                       },
        {"a taper to all of a module",      27, "charge_current = 60.5"                                  },
        {"no bus bar",                      32, "bus_bar = none"                                         },
        {"no rates",                        40, "charge = none"                                          },
        {"a title with all its room",       2,  "title = 123456789 123456789 123456789 123456789 1234567"},
        {"a comment",                       7,  "capacity_ah = 90 ; from the plate, \xc2\xb1 5 %"        },
    };
    static struct stage s;

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        print_message("  %s\n", cases[i].what);
        write_profile(&s, cases[i].line, cases[i].text);
        struct config *cfg = parse(&s, own);
        if (!cfg)
            print_message("%s", s.told);
        assert_non_null(cfg);
        config_free(cfg);
    }
}

static void a_profile_may_have_no_table_at_all(void **state)
{
    static struct stage s;

    (void)state;
    write_profile(&s, 0, NULL);
    strcpy(strstr(s.profile, "[taper]"), "");
    s.len = strlen(s.profile);
    struct config *cfg = parse(&s, own);
    assert_non_null(cfg);
    assert_int_equal(profile_allowance(config_profile(cfg, 0), 2, 5), -1);
    assert_int_equal(config_profile(cfg, 0)->bus_bar_mA, 0);
    assert_int_equal(config_profile(cfg, 0)->stops.taper_dcl_mV, 0);
    assert_int_equal(config_profile(cfg, 0)->charge_rates.n, 0);
    config_free(cfg);
}

static void refused(const char *what, const struct stage *written, const char *says)
{
    static struct stage s;

    print_message("  %s\n", what);
    s = *written;
    assert_null(parse(&s, own));
    assert_string_equal(s.told, says);
}

/* What takes two lines to go wrong. */
static void two_lines_that_do_not_fit_are_told(void **state)
{
    static struct stage s;

    (void)state;
    write_two(&s, 28, "", 29, "");
    refused(
        "a taper to nothing in particular", &s,
        "my.ini:27: [taper] charge_current does nothing without charge_soc or charge_voltage\n");
    write_two(&s, 27, "", 28, "");
    refused("a voltage alone", &s,
            "my.ini:29: [taper] charge_voltage does nothing without charge_current\n");
    write_two(&s, 27, "", 29, "");
    refused("a state of charge alone", &s,
            "my.ini:28: [taper] charge_soc does nothing without charge_current\n");
    write_two(&s, 29, "", 30, "discharge_voltage = 56.6");
    refused(
        "a discharge taper at the charge stop", &s,
        "my.ini:30: [taper] discharge_voltage: 56.6 is not below [stops] charge_voltage, 56.6\n");
}

static void the_table_ends_where_the_modules_do(void **state)
{
    static struct stage s;

    (void)state;
    write_two(&s, 5, "max = 8", 38, "modules_6 = 61 62 63 64 65\nmodules_7 = 71 72 73 74 75");
    refused("the last row is missing", &s,
            "my.ini:31: [allowance] modules_8 is missing; the table has a row for each count up to "
            "[module] max, at most 8\n");
    write_two(&s, 5, "max = 16", 38,
              "modules_6 = 61 62 63 64 65\nmodules_7 = 71 72 73 74 75\nmodules_8 = 81 82 83 84 74");
    refused("less in the last row", &s,
            "my.ini:40: [allowance] modules_8: 74 with 5 clusters, but 84 with 4: losing a cluster "
            "would raise the limit\n");
    write_two(&s, 5, "max = 7", 38,
              "modules_6 = 61 62 63 64 65\nmodules_7 = 71 72 73 74 75\nmodules_8 = 81 82 83 84 85");
    refused("a row too many", &s, "my.ini:40: [allowance] modules_8, but [module] max is 7\n");
}

static void every_mistake_is_told_at_once(void **state)
{
    static struct stage s;

    (void)state;
    write_profile(&s, 0, NULL);
    strcpy(s.profile, "[stops]\ncharge_voltage = 50 51\n[voltage]\ncharge = x\nwhat = 1\n");
    s.len = strlen(s.profile);
    assert_null(parse(&s, "[hub]\nclusters = 9\nprofile = file:my.ini\nmodules = 3\nloop = 1\n"
                          "[cluster.1]\nlink = sim\n"));
    assert_string_equal(
        s.told, "2: [hub] clusters: 9 is outside 1..5\n"
                "my.ini:1: [stops] discharge_voltage is missing; allowed: none or 30..60 V\n"
                "my.ini:1: [stops] charge_cell is missing; allowed: none or 2..4.5 V\n"
                "my.ini:1: [stops] discharge_cell is missing; allowed: none or 2..4.5 V\n"
                "my.ini:1: [stops] charge_cold is missing; allowed: -40..100 degC\n"
                "my.ini:1: [stops] charge_hot is missing; allowed: -40..100 degC\n"
                "my.ini:1: [stops] discharge_cold is missing; allowed: -40..100 degC\n"
                "my.ini:1: [stops] discharge_hot is missing; allowed: -40..100 degC\n"
                "my.ini:2: [stops] charge_voltage: release 51 is not below the stop, 50\n"
                "my.ini:3: [voltage] discharge is missing; allowed: 30..60 V\n"
                "my.ini:3: [voltage] charge_top is missing; allowed: 30..60 V\n"
                "my.ini:3: [voltage] charge_max is missing; allowed: 30..60 V\n"
                "my.ini:3: [voltage] discharge_floor is missing; allowed: 30..60 V\n"
                "my.ini:4: [voltage] charge: \"x\" is not a number; allowed: 30..60 V, as 1.5 with "
                "at most 3 "
                "decimals\n"
                "my.ini:5: [voltage] what: no such option; allowed: charge, discharge, charge_top, "
                "charge_max, discharge_floor\n"
                "my.ini:0: [profile] is missing\n"
                "my.ini:0: [module] is missing\n"
                "5: [hub] loop: no such option here; it belongs to [cluster]\n"
                "warning 0: no [modbus.tcp] or [modbus.rtu]: nobody can read the registers\n");
}

/* The same reader as for the configuration: two samples of what the INI library lets through. */
static void the_raw_bytes_are_checked(void **state)
{
    static const struct {
        const char *what;
        const char *bytes;
        size_t len;
        const char *says;
    } cases[] = {
        {"nothing", "",                 0,  "my.ini:0: no [section] in the file: nothing is configured\n"},
        {"UTF-16",  "\xff\xfe[\0p\0",   6,  "my.ini:0: the file is UTF-16; save it as UTF-8\n"           },
        {"only CR", "[profile]\rmax=1", 15, "my.ini:0: the lines end with CR; end them with LF\n"        },
    };
    static struct stage s;

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        print_message("  %s\n", cases[i].what);
        memcpy(s.profile, cases[i].bytes, cases[i].len);
        s.len = cases[i].len;
        assert_null(parse(&s, own));
        assert_string_equal(s.told, cases[i].says);
    }
    write_profile(&s, 6, " many = 4");
    assert_null(parse(&s, own));
    assert_string_equal(s.told, "my.ini:6: \"many = 4\": blanks before a key or section\n");
}

/* ---- which one ---- */

static void a_file_that_cannot_be_had_is_told_at_its_line(void **state)
{
    static const struct {
        const char *what, *ini, *says;
    } cases[] = {
        {"gone, for the hub",
         "[hub]\nprofile = file:gone.ini\n[cluster.1]\nlink = sim\n[modbus.tcp]\n",                 "2: [hub] profile: /etc/gone.ini: there is no such file\n"},
        {"gone, for a cluster", "[cluster.1]\nlink = sim\nprofile = file:gone.ini\n[modbus.tcp]\n",
         "3: [cluster.1] profile: /etc/gone.ini: there is no such file\n"                                                                                     },
        {"gone, told once",
         "[hub]\nclusters = 2\nprofile = file:gone.ini\n[cluster.1]\nlink = sim\n"
         "profile = file:gone.ini\n[cluster.2]\nlink = sim\n[modbus.tcp]\n",                        "3: [hub] profile: /etc/gone.ini: there is no such file\n"},
        {"no path",             "[cluster.1]\nlink = sim\nprofile = file:\n[modbus.tcp]\n",
         "3: [cluster.1] profile: there is no path behind file:\n"                                                                                            },
        {"a quoted path",       "[cluster.1]\nlink = sim\nprofile = file:\"a b\"\n[modbus.tcp]\n",
         "3: [cluster.1] profile: \"file:\"a b\"\": no quotes, ; or # in a value; a comment begins "
         "with \" ;\"\n"                                                                                                                                      },
        {"a path alone",        "[cluster.1]\nlink = sim\nprofile = my.ini\n[modbus.tcp]\n",
         "3: [cluster.1] profile: \"my.ini\" is not known; allowed: weco-4k4-pro weco-5k3 "
         "vtac-vt12040 generic-lfp-16s or file:PATH\n"                                                                                                        },
    };
    static struct stage s;

    (void)state;
    write_profile(&s, 0, NULL);
    for (size_t i = 0; i < LEN(cases); i++) {
        print_message("  %s\n", cases[i].what);
        assert_null(parse(&s, cases[i].ini));
        assert_string_equal(s.told, cases[i].says);
    }
}

static void nobody_who_brings_files_is_an_error(void **state)
{
    static struct stage s;

    (void)state;
    assert_null(config_parse(own, strlen(own), NULL, on_mistake, on_doubt, &s));
    assert_string_equal(s.told, "2: [hub] profile: files cannot be read here\n");
}

/* Clusters of two makers on one bus bar: each has its own, the rest that of the hub. */
static void a_cluster_has_its_own_or_that_of_the_hub(void **state)
{
    static const char ini[] =
        "[hub]\nclusters = 4\nmodules = 4\nprofile = vtac-vt12040\n[cluster.1]\nlink = sim\n"
        "[cluster.2]\nlink = sim\nprofile = file:a b/my.ini\n[cluster.3]\nlink = sim\n"
        "profile = file:a b/my.ini\n[cluster.4]\nlink = sim\nprofile = "
        "Weco-4K4-Pro\n[modbus.tcp]\n";
    static struct stage s;

    (void)state;
    write_profile(&s, 0, NULL);
    struct config *cfg = parse(&s, ini);
    assert_non_null(cfg);
    assert_string_equal(s.told, "");
    assert_int_equal(s.asked, 1);
    assert_string_equal(s.path, "a b/my.ini");
    assert_string_equal(config_profile(cfg, 0)->title, "V-TAC VT-12040");
    assert_string_equal(config_profile(cfg, 1)->title, "V-TAC VT-12040");
    assert_string_equal(config_profile(cfg, 2)->title, "Test 48 V");
    assert_string_equal(config_profile(cfg, 3)->title, "Test 48 V");
    assert_string_equal(config_profile(cfg, 4)->title, "WeCo HeSU 4K4 PRO");
    assert_string_equal(config_profile(cfg, 5)->title, "V-TAC VT-12040");
    assert_int_equal(config_choice(cfg, "cluster", 2, "profile"), UINT_MAX);
    assert_int_equal(config_choice(cfg, "cluster", 4, "profile"), 0);
    config_free(cfg);
}

static void assumed_numbers_are_told_once_where_they_are_chosen(void **state)
{
    static struct stage s;

    (void)state;
    config_free(parse(&s, "[hub]\nclusters = 2\nprofile = weco-5k3\n[cluster.1]\nlink = sim\n"
                          "[cluster.2]\nlink = sim\nprofile = weco-5k3\n[modbus.tcp]\n"));
    assert_string_equal(s.told,
                        "warning 3: [hub] profile: weco-5k3: some of its limits are assumed, "
                        "not the maker's; its comments say which\n");
    write_profile(&s, 3, "basis = assumed");
    config_free(parse(&s, "[cluster.1]\nlink = sim\nmodules = 4\nprofile = file:my.ini\n"
                          "[modbus.tcp]\n"));
    assert_string_equal(s.told,
                        "warning 4: [cluster.1] profile: file:my.ini: some of its limits are "
                        "assumed, not the maker's; its comments say which\n");
}

/* What the configuration says beside the profile is held against the user's own file too. */
static void modules_are_held_against_ones_own_profile(void **state)
{
    static struct stage s;

    (void)state;
    write_profile(&s, 0, NULL);
    assert_null(parse(&s, "[hub]\nprofile = file:my.ini\nmodules = 7\n[cluster.1]\nlink = sim\n"
                          "[modbus.tcp]\n"));
    assert_string_equal(s.told, "3: [cluster.1] modules: 7; file:my.ini takes at most 6\n");
    assert_null(parse(&s, "[hub]\nprofile = file:my.ini\nmodules = 4\n[cluster.1]\nlink = sim\n"
                          "[modbus.tcp]\n[limits]\ncharge_voltage_max = 55.5\n"));
    assert_string_equal(s.told, "8: [limits] charge_voltage_max: 55.5 V; file:my.ini allows above "
                                "48.0 up to 55.4 V\n");
}

/* ---- in force ---- */

/* Before any battery has spoken the hub says the profile's voltages; the configuration is gone by
 * then. */
static void a_replaced_value_is_in_force_in_the_hub(void **state)
{
    static struct stage s;

    (void)state;
    write_profile(&s, 12, "charge = 53.1");
    struct config *cfg = parse(&s, own);
    struct hub *hub = hub_new(cfg, MONO_S(1));
    memset(s.profile, 0, sizeof(s.profile));
    config_free(cfg);
    assert_non_null(hub);
    assert_int_equal(hub_is(hub, SIG_CHARGE_VOLTAGE_LIMIT), 53100);
    assert_int_equal(hub_is(hub, SIG_DISCHARGE_VOLTAGE_LIMIT), 48200);
    hub_free(hub);
}

/* Each key in turn: the edited file is another profile, and a reload says what needs a restart. */
static void an_edited_profile_needs_a_restart(void **state)
{
    static const struct {
        unsigned line;
        const char *text;
    } edits[] = {
        {2,  "title = Test 51.2 V"            },
        {3,  "basis = generic"                },
        {6,  "many = 5"                       },
        {7,  "capacity_ah = 91"               },
        {8,  "charge_current = 60.6"          },
        {9,  "discharge_current = 71"         },
        {10, "firmware_min = 2.10"            },
        {12, "charge = 54.2"                  },
        {13, "discharge = 48.3"               },
        {14, "charge_top = 54.4"              },
        {15, "charge_max = 55.5"              },
        {16, "discharge_floor = 48.1"         },
        {18, "charge_voltage = 56.5 53.7"     },
        {18, "charge_voltage = 56.6 53.6"     },
        {19, "discharge_voltage = 45.9 50.9"  },
        {20, "charge_cell = 3.62 3.42"        },
        {21, "discharge_cell = 2.83 3.15"     },
        {22, "charge_cold = -5.6 -3.6"        },
        {23, "charge_hot = 52 49"             },
        {24, "discharge_cold = -22 -17"       },
        {25, "discharge_hot = 61 58"          },
        {27, "charge_current = 9.5"           },
        {28, "charge_soc = 91"                },
        {29, "charge_voltage = 53.8"          },
        {30, "discharge_voltage = 47.4"       },
        {32, "bus_bar = 409"                  },
        {33, "modules_1 = 10 12 13 14 15"     },
        {38, "modules_6 = 61 62 63 64 66"     },
        {40, "charge = -10..-6.1:0.1 ..45:1.2"},
        {40, "charge = -10..-6.1:0.1"         },
        {40, "charge = -11..-6.1:0.1 ..45:1.1"},
        {41, "discharge = -20..59:0.5"        },
    };
    static struct stage s;
    char what[80];

    (void)state;
    write_profile(&s, 0, NULL);
    struct config *before = parse(&s, own);
    struct hub *hub = hub_new(before, MONO_S(1));
    struct config *same = parse(&s, own);
    assert_false(config_needs_restart(before, same, what, sizeof(what)));
    assert_int_equal(hub_reconfigure(hub, same), HUB_OK);
    for (size_t i = 0; i < LEN(edits); i++) {
        print_message("  %s\n", edits[i].text);
        write_profile(&s, edits[i].line, edits[i].text);
        struct config *after = parse(&s, own);
        assert_non_null(after);
        assert_true(config_needs_restart(before, after, what, sizeof(what)));
        assert_string_equal(what, "[hub] profile");
        assert_int_equal(hub_reconfigure(hub, after), HUB_ERANGE);
        config_free(after);
    }
    config_free(before);
    config_free(same);
    hub_free(hub);
}

static void an_edited_profile_of_a_cluster_needs_a_restart(void **state)
{
    static const char ini[] = "[cluster.1]\nlink = sim\nmodules = 4\nprofile = file:my.ini\n"
                              "[modbus.tcp]\n";
    static struct stage s;
    char what[80];

    (void)state;
    write_profile(&s, 0, NULL);
    struct config *before = parse(&s, ini);
    write_profile(&s, 5, "max = 6\n;another line says nothing");
    struct config *same = parse(&s, ini);
    write_profile(&s, 12, "charge = 53.1");
    struct config *after = parse(&s, ini);
    assert_false(config_needs_restart(before, same, what, sizeof(what)));
    assert_true(config_needs_restart(before, after, what, sizeof(what)));
    assert_string_equal(what, "[cluster.1] profile");
    config_free(before);
    config_free(same);
    config_free(after);
}

/* ---- the table ---- */

static void every_key_is_well_formed(void **state)
{
    (void)state;
    for (int i = 0; i < profile_form.count; i++) {
        const struct option *o = &profile_form.options[i];
        struct value v = {0};
        char why[280] = "";

        print_message("  %s\n", o->key);
        assert_true(strlen(o->text) > 0 && o->text[strlen(o->text) - 1] != '.');
        if (o->kind == OPT_SECTION) {
            assert_int_equal(section_find(&profile_form, o->key), i);
            continue;
        }
        assert_int_equal(option_find(&profile_form, option_section(&profile_form, i), o->key), i);
        assert_true(option_take(o, o->fallback, &v, why, sizeof(why)));
        assert_true(o->needed || o->none); /* what is left out is none, and can be written so */
    }
}

static void add(void *arg, const char *text)
{
    strcat(arg, text);
}

/* The sample is a profile as it is, and with every sleeping line awake. */
static void the_sample_is_good(void **state)
{
    static char text[32768];
    static struct reports r;
    struct profile asleep, awake;

    (void)state;
    profile_print_sample(add, text);
    assert_true(profile_read(text, strlen(text), &r, &asleep));
    char *to = text;
    for (const char *from = text; *from; from++)
        if (*from != ';' || from[-1] != '\n')
            *to++ = *from;
    *to = '\0';
    assert_true(profile_read(text, strlen(text), &r, &awake));
    assert_int_equal(r.count, 0);
    assert_true(profile_same(&asleep, &awake));
    assert_int_equal(awake.stops.charge_mV.stop, 56800);
}

static void rates_are_read_whole(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"0..10:0.01",       true },
        {"-40..100:5",       true },
        {"0..0.1:1",         true },
        {"0..10:1 ..10.1:2", true },
        {"0..10:1, ..20:2",  true },
        {"0..10:0",          false},
        {"0..10:5.01",       false},
        {"0..10:0.001",      false},
        {"-40.1..0:1",       false},
        {"0..100.1:1",       false},
        {"0..0:1",           false},
        {"0..-1:1",          false},
        {"0..10:1 ..10:2",   false},
        {"0..10:1 10..20:2", false},
        {"..10:1",           false},
        {"0..10",            false},
        {"0:10:1",           false},
        {"0..10:",           false},
        {"0..:1",            false},
        {"0:1..10",          false},
        {"0...10:1",         false},
        {"0..10:1:1",        false},
        {"0..10:1C",         false},
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct c_rates t = {0};
        char why[280] = "";

        print_message("  %s\n", cases[i].text);
        assert_int_equal(rates_parse(cases[i].text, &t, why, sizeof(why)), cases[i].good);
        assert_int_equal(*why == '\0', cases[i].good);
        assert_int_equal(t.n > 0, cases[i].good);
    }
}

static void versions_are_read_whole(void **state)
{
    static const struct {
        const char *text;
        bool good;
        int64_t n;
    } cases[] = {
        {"3.57",    true,  3 * 256 + 57},
        {"0.0",     true,  0           },
        {"255.255", true,  65535       },
        {"none",    true,  0           },
        {"256.0",   false, 0           },
        {"0.256",   false, 0           },
        {"-1.0",    false, 0           },
        {"1.-1",    false, 0           },
        {"1",       false, 0           },
        {"1.",      false, 0           },
        {".1",      false, 0           },
        {"1.2.3",   false, 0           },
        {"v1.2",    false, 0           },
    };
    const struct option o = {.kind = OPT_VERSION, .fallback = "none", .none = true};

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct value v = {0};
        char why[160];

        print_message("  %s\n", cases[i].text);
        assert_int_equal(option_take(&o, cases[i].text, &v, why, sizeof(why)), cases[i].good);
        assert_int_equal(v.num, cases[i].n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_built_in_profile_reads_without_a_word),
        cmocka_unit_test(the_table_of_the_4k4_pro),
        cmocka_unit_test(the_table_of_the_5k3),
        cmocka_unit_test(a_battery_without_a_table_has_none),
        cmocka_unit_test(the_key_numbers_are_the_makers),
        cmocka_unit_test(every_value_goes_to_its_place),
        cmocka_unit_test(every_stop_goes_to_its_place),
        cmocka_unit_test(a_mistake_is_named_with_its_line),
        cmocka_unit_test(the_edge_of_a_mistake_is_good),
        cmocka_unit_test(a_profile_may_have_no_table_at_all),
        cmocka_unit_test(two_lines_that_do_not_fit_are_told),
        cmocka_unit_test(the_table_ends_where_the_modules_do),
        cmocka_unit_test(every_mistake_is_told_at_once),
        cmocka_unit_test(the_raw_bytes_are_checked),
        cmocka_unit_test(a_file_that_cannot_be_had_is_told_at_its_line),
        cmocka_unit_test(nobody_who_brings_files_is_an_error),
        cmocka_unit_test(a_cluster_has_its_own_or_that_of_the_hub),
        cmocka_unit_test(assumed_numbers_are_told_once_where_they_are_chosen),
        cmocka_unit_test(modules_are_held_against_ones_own_profile),
        cmocka_unit_test(a_replaced_value_is_in_force_in_the_hub),
        cmocka_unit_test(an_edited_profile_needs_a_restart),
        cmocka_unit_test(an_edited_profile_of_a_cluster_needs_a_restart),
        cmocka_unit_test(every_key_is_well_formed),
        cmocka_unit_test(the_sample_is_good),
        cmocka_unit_test(rates_are_read_whole),
        cmocka_unit_test(versions_are_read_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

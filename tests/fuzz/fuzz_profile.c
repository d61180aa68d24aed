/* Any text is a battery profile: refused with a reason, or taken with every number where the limits
 * rely on it. */
#include <stdlib.h>
#include <string.h>

#include "config.h"

struct bytes {
    const uint8_t *at;
    size_t size;
    unsigned errors;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static char *on_file(void *arg, const char *path, size_t *len, char *why, size_t why_size)
{
    const struct bytes *t = arg;
    char *copy = malloc(t->size + 1);

    (void)path, (void)why, (void)why_size;
    must(copy);
    if (t->size)
        memcpy(copy, t->at, t->size);
    *len = t->size;
    return copy;
}

static void on_error(void *arg, const struct config_error *err)
{
    struct bytes *t = arg;

    must(err->text[0] && err->line >= 0 && strcmp(err->file, "x") == 0);
    t->errors++;
}

static void below(const struct threshold *t)
{
    must(t->stop == 0 || t->release < t->stop);
}

static void above(const struct threshold *t)
{
    must(t->stop == 0 || t->release > t->stop);
}

static void check_stops(const struct stops *s)
{
    below(&s->charge_mV);
    above(&s->discharge_mV);
    below(&s->cell_charge_mV);
    above(&s->cell_discharge_mV);
    must(s->charge_cold_dC.stop < s->charge_cold_dC.release);
    must(s->charge_cold_dC.release < s->charge_hot_dC.release);
    must(s->charge_hot_dC.release < s->charge_hot_dC.stop);
    must(s->discharge_cold_dC.stop < s->discharge_cold_dC.release);
    must(s->discharge_cold_dC.release < s->discharge_hot_dC.release);
    must(s->discharge_hot_dC.release < s->discharge_hot_dC.stop);
    must(s->charge_mV.stop == 0 || s->taper_ccl_mV < s->charge_mV.stop);
    must(s->taper_dcl_mV == 0 || s->taper_dcl_mV > s->discharge_mV.stop);
    must((s->taper_ccl_mA > 0) == (s->taper_soc > 0 || s->taper_ccl_mV > 0));
}

static void check_voltages(const struct profile *p)
{
    must(p->dvl_floor_mV >= 30000 && p->dvl_floor_mV <= p->dvl_mV);
    must(p->dvl_mV < p->cvl_mV && p->cvl_mV <= p->cvl_top_mV && p->cvl_top_mV <= p->cvl_max_mV);
    must(p->cvl_max_mV <= 60000);
    must(p->stops.charge_mV.stop == 0 || p->cvl_max_mV <= p->stops.charge_mV.stop);
}

/* One cluster or module less never allows more. */
static void check_table(const struct profile *p)
{
    for (unsigned m = 0; m < ALLOWANCE_ROWS; m++)
        for (unsigned c = 0; c < MAX_CLUSTERS; c++) {
            must((p->allowance_A[m][c] > 0) == (p->allowance_A[0][0] > 0));
            must(c == 0 || p->allowance_A[m][c] >= p->allowance_A[m][c - 1]);
            must(m == 0 || p->allowance_A[m][c] >= p->allowance_A[m - 1][c]);
        }
}

static void check_rates(const struct c_rates *t)
{
    int16_t before = t->from_dC;

    must(t->n <= C_RATE_ROWS);
    for (unsigned i = 0; i < t->n; i++) {
        must(t->row[i].upto_dC > before && t->row[i].centi_C > 0);
        before = t->row[i].upto_dC;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char ini[] = "[hub]\nmodules = 1\nprofile = file:x\n[cluster.1]\nlink = sim\n";
    struct bytes t = {.at = data, .size = size};
    struct config *cfg = config_parse(ini, strlen(ini), on_file, on_error, NULL, &t);

    must(!cfg == (t.errors > 0));
    if (!cfg)
        return 0;
    const struct profile *p = config_profile(cfg, 1);
    must(p->title[0] && p->max_modules >= 1 && p->max_modules <= 16);
    must(p->many_modules < p->max_modules);
    must(p->module_ccl_mA > 0 && p->module_dcl_mA > 0 && p->module_capacity_mAh > 0);
    check_stops(&p->stops);
    check_voltages(p);
    check_table(p);
    check_rates(&p->charge_rates);
    check_rates(&p->discharge_rates);
    config_free(cfg);
    return 0;
}

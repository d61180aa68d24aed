#include "hub/parts.h"

#include <string.h>

static mono_us seconds(const struct config *cfg, const char *key)
{
    return MONO_S(config_num(cfg, "limits", 0, key));
}

static bool is(const struct config *cfg, const char *key, const char *word)
{
    return strcmp(config_text(cfg, "limits", 0, key), word) == 0;
}

static enum share_mode share_of(const char *word)
{
    if (strcmp(word, "count") == 0)
        return SHARE_BY_COUNT;
    return strcmp(word, "measured") == 0 ? SHARE_MEASURED : SHARE_BY_CAPACITY;
}

void rules_read(struct hub_rules *rules, const struct config *cfg)
{
    struct limits_rules *l = &rules->limits;

    rules->member.rejoin = seconds(cfg, "rejoin_s");
    rules->member.rejoin_short = seconds(cfg, "rejoin_short_s");
    rules->member.short_gap = MONO_S(10);
    rules->supervisor.start_incomplete = is(cfg, "start_incomplete", "present");
    rules->supervisor.start_wait = seconds(cfg, "start_wait_s");
    rules->set_point_life = seconds(cfg, "setpoint_timeout_s");
    rules->loss_hold_dcl = seconds(cfg, "loss_hold_dcl");
    rules->on_total_loss = LOSS_BY_DIALECT;
    if (is(cfg, "on_total_loss", "zero"))
        rules->on_total_loss = LOSS_ZERO;
    if (is(cfg, "on_total_loss", "silent"))
        rules->on_total_loss = LOSS_SILENT;
    rules->stop_silent = is(cfg, "on_stop", "silent");
    l->share = share_of(config_text(cfg, "limits", 0, "share"));
    l->c_rate_all = is(cfg, "c_rate", "all");
    l->ccl_cap_mA = config_num(cfg, "limits", 0, "charge_current_max");
    l->dcl_cap_mA = config_num(cfg, "limits", 0, "discharge_current_max");
    l->cvl_top_mV = config_num(cfg, "limits", 0, "charge_voltage_max");
    l->rise_centi_pct_s = config_num(cfg, "limits", 0, "rise_percent_s");
    l->rise_hold = seconds(cfg, "rise_hold_s");
    l->discharge_ramp = is(cfg, "discharge_ramp", "ramp");
}

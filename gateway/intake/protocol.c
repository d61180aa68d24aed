/* Batteries of the 0x35x family. Byte b0 first, little endian unless drawn otherwise.
 *
 *     0x351  VVvv CCcc DDdd UUuu   V CVL 0.1 V, C CCL 0.1 A, D DCL 0.1 A, U DVL 0.1 V
 *                                  (absent in old Pylontechs, 0 in clones)
 *     0x354  NNnn RRrr             Discover: nominal and remaining Ah
 *     0x355  SSss HHhh FFff ....   S SOC 1 %, H SOH 1 %, F SOC 0.01 %
 *            SSss HHhh MMmm NNnn   Luxpower: M highest, N lowest cell 1 mV
 *     0x356  VVvv IIii TTtt NNnn   V 0.01 V signed (Discover, "Hybrid Li" 0.1 V), I 0.1 A signed,
 *                                  T 0.1 C signed (Luxpower: highest, N lowest)
 *     0x359  pp pp ww ww mm 50 4E  Pylontech: p protection, w warning bits, m modules, "PN"
 *            pp pp pp pp ww ww ee  Deye DY: other bits, e errors
 *     0x35A  aa aa aa aa ww ww ww ww   pairs of bits: a alarm, w warning
 *     0x35C  rr .. CYcy            r requests and enables, CY Luxpower: cycles
 *     0x35E  name                  maker; Deye DY: "DYnnn", cell maker, capacity 0.1 Ah
 *     0x35F  PPpp FFff CCcc        product, firmware (both high byte first), capacity Ah
 *     0x360  rr                    0xFF: charge me
 *     0x361  MMmm NNnn TTtt UUuu   Deye DY: highest, lowest cell mV, temperatures 0.1 C
 *     0x364  ok nc nd lo total     Deye DY: modules
 *     0x370  name | TTtt UUuu MMmm NNnn   name 1-8 | highest, lowest temperature, cell
 *     0x371  name | ids | CCcc DDdd       name 9-16 | where | Deye DY: limits on the grid
 *     0x372  ONon NCnc NDnd OFof   modules online, no charge, no discharge, offline
 *     0x373  NNnn MMmm TTtt UUuu   lowest, highest cell 1 mV, lowest, highest kelvin
 *     0x374 to 0x377               where they are: letters, or a binary number
 *     0x378  CCCCcccc DDDDdddd     energy in, out 0.1 kWh
 *     0x379  CCcc                  installed Ah
 *     0x380, 0x381, 0x382          serial number 1-8, 9-16, family
 *
 * Sources: Pylontech "CAN-Bus-protocol-PYLON-low-voltage" V1.2 (2018-04-08); Deye PCS
 * "CAN-Bus-protocol-DY-low-voltage" V3.3; "Sol-Ark CAN Bus Protocol" V1.3; Luxpower "Battery
 * communication CAN Protocol" V04.2; SEPLOS "BMS CAN Protocoll" V1.0; SMA
 * FSS-ConnectingBat-TI-en-10; "BMS Protocol CAN Hybrid" V1.0; Safiery manual V5.1 pages 11 to 13
 * (Victron); captures in tests/captures. */
#include "intake/protocol.h"

#include <string.h>

/* --- which row fits --- */

static unsigned u16(const struct frame *f, unsigned at)
{
    return f->data[at] | (unsigned)f->data[at + 1] << 8;
}

static bool is_cell_mV(unsigned v)
{
    return v >= 2000 && v <= 4500;
}

bool fits_cells_in_355(const struct frame *f)
{
    return f->len == 8 && is_cell_mV(u16(f, 4)) && is_cell_mV(u16(f, 6)) && u16(f, 4) >= u16(f, 6);
}

bool fits_fine_soc(const struct frame *f)
{
    int coarse, fine;

    if (f->len < 6)
        return false;
    coarse = (int)u16(f, 0) * 100;
    fine = (int)u16(f, 4);
    /* Batteries without it leave it 0 (BYD); SMA's "not available" is 0xFFFF. */
    return fine - coarse <= 100 && coarse - fine <= 100;
}

/* 0.1 V: 700 would be 70 V, and 7 V if it were 0.01 V. Unambiguous for 12 to 60 V packs. */
static bool fits_tenths_of_volt(const struct frame *f)
{
    return f->len >= 2 && u16(f, 0) < 700;
}

bool fits_letters(const struct frame *f)
{
    unsigned n = 0;

    while (n < f->len && f->data[n] >= ' ' && f->data[n] <= '~')
        n++;
    for (unsigned i = n; i < f->len; i++)
        if (f->data[i])
            return false;
    return n > 0;
}

bool fits_pn(const struct frame *f)
{
    return f->len >= 7 && f->data[5] == 'P' && f->data[6] == 'N';
}

/* --- what a table cannot say --- */

static int find(const struct frame_news *news, enum signal sig)
{
    for (unsigned i = 0; i < news->n; i++)
        if (news->value[i].sig == sig && news->value[i].known)
            return (int)i;
    return -1;
}

/* A value made of others can leave its range where they did not: 2 online and 255 offline. */
static void add(struct frame_news *news, enum signal sig, int64_t value)
{
    if (news->n == NEWS_MAX || value < signal_info[sig].lo || value > signal_info[sig].hi)
        return;
    news->value[news->n].sig = sig;
    news->value[news->n].known = true;
    news->value[news->n++].value = value;
}

/* 0x359 counts the modules that are there; 0x372 knows better which of them are online. */
static void counted_are_online(struct frame_news *news, const struct peers *peers)
{
    struct frame_news other;
    int i = find(news, SIG_MODULES);

    if (i >= 0 && !peers->read(peers->ctx, 0x372, &other))
        add(news, SIG_MODULES_ONLINE, news->value[i].value);
}

static void online_and_offline_are_all(struct frame_news *news, const struct peers *peers)
{
    int on = find(news, SIG_MODULES_ONLINE), off = find(news, SIG_MODULES_OFFLINE);

    (void)peers;
    if (on >= 0 && off >= 0)
        add(news, SIG_MODULES, news->value[on].value + news->value[off].value);
}

/* A mean that is not carried: the middle of the extremes stands for it. */
static void middle_temperature(struct frame_news *news, const struct peers *peers)
{
    int hi = find(news, SIG_TEMP_MAX), lo = find(news, SIG_TEMP_MIN);

    (void)peers;
    if (hi >= 0 && lo >= 0)
        add(news, SIG_TEMP, (news->value[hi].value + news->value[lo].value) / 2);
}

static void at_most(struct frame_news *news, enum signal sig, const struct frame_news *other)
{
    int ours = -1, theirs = find(other, sig);

    for (unsigned i = 0; i < news->n; i++)
        if (news->value[i].sig == sig)
            ours = (int)i;
    if (ours < 0 || theirs < 0)
        return;
    if (!news->value[ours].known || other->value[theirs].value < news->value[ours].value)
        news->value[ours].value = other->value[theirs].value;
    news->value[ours].known = true;
}

/* Deye says limits for both states of the grid; the hub does not know the state and takes the
 * smaller. */
static void smaller_limits(struct frame_news *news, const struct peers *peers, uint32_t other_id)
{
    struct frame_news other;

    if (!peers->read(peers->ctx, other_id, &other))
        return;
    at_most(news, SIG_CHARGE_CURRENT_LIMIT, &other);
    at_most(news, SIG_DISCHARGE_CURRENT_LIMIT, &other);
}

static void not_above_on_grid(struct frame_news *news, const struct peers *peers)
{
    smaller_limits(news, peers, 0x371);
}

static void not_above_off_grid(struct frame_news *news, const struct peers *peers)
{
    smaller_limits(news, peers, 0x351);
}

/* --- fields --- */

#define NA16 (NA_ONES | NA_MIN)
#define KELVIN 10, OFFSET(-2730) /* K = C + 273 */

static const struct field f351[] = {
    U16LE(0, CHARGE_VOLTAGE_LIMIT, 100, NA(NA16)),
    S16LE(2, CHARGE_CURRENT_LIMIT, 100, LIMIT_NA(NA16)),
    S16LE(4, DISCHARGE_CURRENT_LIMIT, 100, LIMIT_NA(NA16)),
    U16LE(6, DISCHARGE_VOLTAGE_LIMIT, 100, NA(NA16 | NA_ZERO)),
};
static const struct field f354[] = {
    U16LE(0, CAPACITY, 1000, NA(NA_ONES | NA_ZERO)),
    U16LE(2, CAPACITY_LEFT, 1000, NA(NA_ONES)),
};
static const struct field f355[] = {
    U16LE(0, SOC, 100, NA(NA_ONES)),
    U16LE(2, SOH, 100, NA(NA_ONES)),
};
static const struct field f355_fine[] = {
    U16LE(2, SOH, 100, NA(NA_ONES)),
    U16LE(4, SOC, 1, NA(NA_ONES)),
};
static const struct field f355_cells[] = {
    U16LE(0, SOC, 100, NA(NA_ONES)),
    U16LE(2, SOH, 100, NA(NA_ONES)),
    U16LE(4, CELL_MAX, 1),
    U16LE(6, CELL_MIN, 1),
};
#define MEASURED(per_lsb) S16LE(0, VOLTAGE, per_lsb, NA(NA_MIN)), S16LE(2, CURRENT, 100, NA(NA_MIN))
static const struct field f356[] = {MEASURED(10), S16LE(4, TEMP, 1, NA(NA_MIN))};
static const struct field f356_tenths[] = {MEASURED(100), S16LE(4, TEMP, 1, NA(NA_MIN))};
static const struct field f356_extremes[] = {
    MEASURED(10),
    S16LE(4, TEMP_MAX, 1, NA(NA_MIN)),
    S16LE(6, TEMP_MIN, 1, NA(NA_MIN)),
};

/* Pylontech V1.2 pages 5 and 6; the same bits in Deye V1.2, Sol-Ark, Luxpower and SEPLOS. */
#define BITS359(at, tier)                                                                          \
    ALARM_AT(at, 1, tier, VOLTAGE_HIGH), ALARM_AT(at, 2, tier, VOLTAGE_LOW),                       \
        ALARM_AT(at, 3, tier, TEMP_HIGH), ALARM_AT(at, 4, tier, TEMP_LOW),                         \
        ALARM_AT(at, 7, tier, CURRENT_DISCHARGE), ALARM_AT(at + 1, 0, tier, CURRENT_CHARGE)
#define COUNT359 U8(4, MODULES, 1, NA(NA_ZERO | NA_ONES))
#define PYLON359                                                                                   \
    BITS359(0, PROTECTION), ALARM_AT(1, 3, PROTECTION, INTERNAL), BITS359(2, WARNING),             \
        ALARM_AT(3, 3, WARNING, COMM_INTERNAL), ALARM_AT(3, 4, WARNING, INTERNAL), COUNT359
static const struct field f359[] = {PYLON359};
static const struct field f359_lux[] = {
    PYLON359,
    U16LE(5, CAPACITY, 1000, NA(NA_ZERO | NA_ONES)),
};
static const struct field f359_hybrid[] = {
    ALARM_AT(0, 0, PROTECTION, GENERAL),  BITS359(0, PROTECTION),
    ALARM_AT(1, 3, PROTECTION, INTERNAL), ALARM_AT(1, 4, PROTECTION, CELL_SPREAD),
    ALARM_AT(2, 0, WARNING, GENERAL),     BITS359(2, WARNING),
    ALARM_AT(3, 3, WARNING, INTERNAL),    ALARM_AT(3, 4, WARNING, CELL_SPREAD),
    ALARM_AT(3, 5, WARNING, INTERNAL),    ALARM_AT(3, 6, WARNING, INTERNAL),
};

/* Deye DY V3.3: byte 0, 1 and 4, 5 have the same order; AFE is the measuring chip's own
 * protection. */
#define DY_BYTES(at, tier)                                                                         \
    ALARM_AT(at, 0, tier, CELL_HIGH), ALARM_AT(at, 1, tier, CELL_LOW),                             \
        ALARM_AT(at, 2, tier, VOLTAGE_HIGH), ALARM_AT(at, 3, tier, VOLTAGE_LOW),                   \
        ALARM_AT(at, 4, tier, CURRENT_CHARGE), ALARM_AT(at, 5, tier, CURRENT_DISCHARGE),           \
        ALARM_AT(at, 6, tier, TEMP_HIGH_CHARGE), ALARM_AT(at, 7, tier, TEMP_LOW_CHARGE),           \
        ALARM_AT(at + 1, 0, tier, TEMP_HIGH_DISCHARGE),                                            \
        ALARM_AT(at + 1, 1, tier, TEMP_LOW_DISCHARGE), ALARM_AT(at + 1, 2, tier, CELL_SPREAD),     \
        ALARM_AT(at + 1, 3, tier, TEMP_SPREAD), ALARM_AT(at + 1, 4, tier, SWITCH_TEMP),            \
        ALARM_AT(at + 1, 5, tier, HEATER)
static const struct field f359_dy[] = {
    DY_BYTES(0, PROTECTION),
    ALARM_AT(1, 6, PROTECTION, CURRENT_DISCHARGE), /* AFE over-current, two stages */
    ALARM_AT(1, 7, PROTECTION, CURRENT_DISCHARGE),
    ALARM_AT(2, 0, PROTECTION, CELL_LOW),
    ALARM_AT(2, 1, PROTECTION, CELL_HIGH),
    ALARM_AT(2, 2, PROTECTION, CURRENT_CHARGE),
    ALARM_AT(2, 3, PROTECTION, CURRENT_DISCHARGE),
    ALARM_AT(2, 4, PROTECTION, SHORT_CIRCUIT),
    ALARM_AT(2, 5, PROTECTION, TEMP_LOW),
    ALARM_AT(2, 6, PROTECTION, TEMP_HIGH),
    ALARM_AT(2, 7, PROTECTION, SHORT_CIRCUIT),
    ALARM_AT(3, 0, PROTECTION, COMM_INTERNAL),
    ALARM_AT(3, 1, PROTECTION, SENSOR), /* cell voltages, temperatures */
    ALARM_AT(3, 2, PROTECTION, SENSOR),
    ALARM_AT(3, 3, PROTECTION, CONTACTOR), /* power switch shorted */
    ALARM_AT(3, 4, PROTECTION, MEMORY),
    ALARM_AT(3, 5, PROTECTION, COMM_INTERNAL),
    ALARM_AT(3, 6, PROTECTION, GENERAL), /* it does not hear the inverter */
    ALARM_AT(3, 7, PROTECTION, GENERAL), /* two masters with one address */
    DY_BYTES(4, WARNING),
    ALARM_AT(5, 6, WARNING, HEATER),
    ALARM_AT(5, 7, WARNING, HEATER),
    ALARM_AT(6, 0, FAULT, CONNECTOR_TEMP),
    ALARM_AT(6, 1, FAULT, PRECHARGE),
    ALARM_AT(6, 2, FAULT, REVERSED),
    ALARM_AT(6, 3, FAULT, CONNECTOR_TEMP),
    ALARM_AT(6, 4, FAULT, FUSE),
    ALARM_AT(6, 5, FAULT, WIRE_OPEN), /* voltage, temperature wires */
    ALARM_AT(6, 6, FAULT, WIRE_OPEN),
    ALARM_AT(6, 7, FAULT, CHARGER_LOW),
};

/* SMA section 7; the wire is confirmed by github.com/dfch/BydCanProtocol. */
#define PAIRS35A(at, tier)                                                                         \
    PAIR_AT(at, 0, tier, GENERAL), PAIR_AT(at, 2, tier, VOLTAGE_HIGH),                             \
        PAIR_AT(at, 4, tier, VOLTAGE_LOW), PAIR_AT(at, 6, tier, TEMP_HIGH),                        \
        PAIR_AT(at + 1, 0, tier, TEMP_LOW), PAIR_AT(at + 1, 2, tier, TEMP_HIGH_CHARGE),            \
        PAIR_AT(at + 1, 4, tier, TEMP_LOW_CHARGE), PAIR_AT(at + 1, 6, tier, CURRENT_DISCHARGE),    \
        PAIR_AT(at + 2, 0, tier, CURRENT_CHARGE), PAIR_AT(at + 2, 2, tier, CONTACTOR),             \
        PAIR_AT(at + 2, 4, tier, SHORT_CIRCUIT), PAIR_AT(at + 2, 6, tier, INTERNAL),               \
        PAIR_AT(at + 3, 0, tier, CELL_SPREAD)
static const struct field f35a[] = {PAIRS35A(0, PROTECTION), PAIRS35A(4, WARNING)};

/* Bits 5 and 4 are named I and II by Pylontech and 2 and 1 by Sol-Ark: positions count. */
#define REQUESTS35C                                                                                \
    FLAG(0, 7, CHARGE_ENABLE), FLAG(0, 6, DISCHARGE_ENABLE), FLAG(0, 5, FORCE_CHARGE_I)
#define REQUESTS35C_ALL REQUESTS35C, FLAG(0, 4, FORCE_CHARGE_II), FLAG(0, 3, FULL_CHARGE)
static const struct field f35c[] = {REQUESTS35C_ALL};
static const struct field f35c_lux[] = {REQUESTS35C_ALL, U16LE(2, CYCLES, 1, NA(NA_ONES))};
static const struct field f35c_hybrid[] = {REQUESTS35C};

static const struct field f35e[] = {TEXT_AT(0, 8, MAKER)};
static const struct field f35e_dy[] = {
    TEXT_AT(0, 5, MAKER),
    U16LE(6, CAPACITY, 100, NA(NA_ZERO | NA_ONES)),
};
/* Firmware has its high byte first: 01 17 is 1.17 (BYD), 01 18 is 1.24 (MG). */
#define ABOUT35F U16BE(0, PRODUCT, 1, NA(NA_ONES)), U16BE(2, FIRMWARE, 1, NA(NA_ONES))
static const struct field f35f[] = {ABOUT35F};
/* BYD at 67 % of 156 Ah says 105 here: what is left. */
static const struct field f35f_left[] = {ABOUT35F, U16LE(4, CAPACITY_LEFT, 1000, NA(NA_ONES))};
static const struct field f35f_sma[] = {
    ABOUT35F,
    U16LE(4, CAPACITY, 1000, NA(NA_ZERO | NA_ONES)),
};
static const struct field f360[] = {FLAG(0, 0, FORCE_CHARGE_I)};
static const struct field f361_dy[] = {
    U16LE(0, CELL_MAX, 1, NA(NA_ONES)),
    U16LE(2, CELL_MIN, 1, NA(NA_ONES)),
    S16LE(4, TEMP_MAX, 1, NA(NA_MIN)),
    S16LE(6, TEMP_MIN, 1, NA(NA_MIN)),
};
static const struct field f364_dy[] = {
    U8(0, MODULES_ONLINE, 1),  U8(1, MODULES_NO_CHARGE, 1),    U8(2, MODULES_NO_DISCHARGE, 1),
    U8(3, MODULES_OFFLINE, 1), U8(4, MODULES, 1, NA(NA_ZERO)),
};
static const struct field f370_name[] = {TEXT_PART(0, 8, MODEL, 0)};
static const struct field f371_name[] = {TEXT_PART(0, 8, MODEL, 8)};
static const struct field f370[] = {
    S16LE(0, TEMP_MAX, 1, NA(NA_MIN)),
    S16LE(2, TEMP_MIN, 1, NA(NA_MIN)),
    U16LE(4, CELL_MAX, 1, NA(NA_ONES)),
    U16LE(6, CELL_MIN, 1, NA(NA_ONES)),
};
#define PLACE(at, sig) U16LE(at, sig, 1, NA(NA_ZERO | NA_ONES))
static const struct field f371[] = {
    PLACE(0, TEMP_MAX_CELL),
    PLACE(2, TEMP_MIN_CELL),
    PLACE(4, CELL_MAX_CELL),
    PLACE(6, CELL_MIN_CELL),
};
static const struct field f371_dy[] = {
    S16LE(0, CHARGE_CURRENT_LIMIT, 100, NA(NA16)),
    S16LE(2, DISCHARGE_CURRENT_LIMIT, 100, NA(NA16)),
};
static const struct field f372[] = {
    U16LE(0, MODULES_ONLINE, 1, NA(NA_ONES)),
    U16LE(2, MODULES_NO_CHARGE, 1, NA(NA_ONES)),
    U16LE(4, MODULES_NO_DISCHARGE, 1, NA(NA_ONES)),
    U16LE(6, MODULES_OFFLINE, 1, NA(NA_ONES)),
};
static const struct field f373[] = {
    U16LE(0, CELL_MIN, 1, NA(NA_ONES)),
    U16LE(2, CELL_MAX, 1, NA(NA_ONES)),
    U16LE(4, TEMP_MIN, KELVIN, NA(NA_ONES | NA_ZERO)),
    U16LE(6, TEMP_MAX, KELVIN, NA(NA_ONES | NA_ZERO)),
};
static const struct field f374_name[] = {TEXT_AT(0, 8, CELL_MIN_ID)};
static const struct field f375_name[] = {TEXT_AT(0, 8, CELL_MAX_ID)};
static const struct field f376_name[] = {TEXT_AT(0, 8, TEMP_MIN_ID)};
static const struct field f377_name[] = {TEXT_AT(0, 8, TEMP_MAX_ID)};
static const struct field f374[] = {PLACE(0, CELL_MIN_CELL)};
static const struct field f375[] = {PLACE(0, CELL_MAX_CELL)};
static const struct field f376[] = {PLACE(0, TEMP_MIN_CELL)};
static const struct field f377[] = {PLACE(0, TEMP_MAX_CELL)};
static const struct field f378[] = {
    U32LE(0, ENERGY_CHARGED, 100, NA(NA_ONES)),
    U32LE(4, ENERGY_DISCHARGED, 100, NA(NA_ONES)),
};
static const struct field f379[] = {U16LE(0, CAPACITY, 1000, NA(NA_ZERO | NA_ONES))};
static const struct field f380[] = {TEXT_PART(0, 8, SERIAL, 0)};
static const struct field f381[] = {TEXT_PART(0, 8, SERIAL, 8)};
static const struct field f382[] = {TEXT_AT(0, 8, FAMILY)};

/* --- rows --- */

#define ROW(id_, min_, ms, part_, fields_, ...)                                                    \
    {                                                                                              \
        .spec = {.id = (id_), .len = 8, .min_len = (min_), .every_ms = (ms), FIELDS(fields_)},     \
        .part = (part_), __VA_ARGS__                                                               \
    }
#define BLANK_ROW(id_, min_, ms, fields_, ...)                                                     \
    {                                                                                              \
        .spec = {.id = (id_),                                                                      \
                 .len = 8,                                                                         \
                 .min_len = (min_),                                                                \
                 .every_ms = (ms),                                                                 \
                 .blank_is_na = true,                                                              \
                 FIELDS(fields_)},                                                                 \
        __VA_ARGS__                                                                                \
    }
#define SIMPLE .edit = NULL

#define ROW351(ms) ROW(0x351, 6, ms, MANDATORY, f351, SIMPLE)
/* A length of 4 to 8 is seen: Pylontech 4, REC 6, BYD 8. */
#define ROW355(ms)                                                                                 \
    ROW(0x355, 4, ms, MANDATORY, f355_fine, .fits = fits_fine_soc),                                \
        ROW(0x355, 4, ms, MANDATORY, f355, SIMPLE)
#define ROW356(ms)                                                                                 \
    ROW(0x356, 6, ms, MANDATORY, f356_tenths, .fits = fits_tenths_of_volt),                        \
        ROW(0x356, 6, ms, MANDATORY, f356, SIMPLE)
#define ROW359 ROW(0x359, 4, 1000, ONCE_SEEN, f359, .edit = counted_are_online)
#define ROW35A(ms) ROW(0x35A, 8, ms, ONCE_SEEN, f35a, SIMPLE)
#define ROW35C(fields) ROW(0x35C, 1, 1000, ONCE_SEEN, fields, SIMPLE)
#define ROW35E(ms) ROW(0x35E, 2, ms, ASIDE, f35e, SIMPLE)
#define ROW37X(id, ms, letters, number)                                                            \
    ROW(id, 1, ms, ASIDE, letters, .fits = fits_letters), BLANK_ROW(id, 2, ms, number, SIMPLE)
#define ROW370(ms)                                                                                 \
    ROW(0x370, 8, ms, ASIDE, f370_name, .fits = fits_letters), BLANK_ROW(0x370, 8, ms, f370, SIMPLE)
#define ROW371(ms)                                                                                 \
    ROW(0x371, 8, ms, ASIDE, f371_name, .fits = fits_letters), BLANK_ROW(0x371, 8, ms, f371, SIMPLE)
#define ROWS372_379(ms)                                                                            \
    BLANK_ROW(0x372, 8, ms, f372, .edit = online_and_offline_are_all),                             \
        BLANK_ROW(0x373, 2, ms, f373, SIMPLE), ROW37X(0x374, ms, f374_name, f374),                 \
        ROW37X(0x375, ms, f375_name, f375), ROW37X(0x376, ms, f376_name, f376),                    \
        ROW37X(0x377, ms, f377_name, f377), ROW(0x378, 8, ms, ASIDE, f378, SIMPLE),                \
        ROW(0x379, 2, ms, ASIDE, f379, SIMPLE)
#define ROWS380_382(ms)                                                                            \
    ROW(0x380, 1, ms, ASIDE, f380, SIMPLE), ROW(0x381, 1, ms, ASIDE, f381, SIMPLE),                \
        ROW(0x382, 1, ms, ASIDE, f382, SIMPLE)

static const struct row pylontech[] = {
    ROW351(1000),
    ROW355(1000),
    ROW356(1000),
    ROW359,
    ROW35C(f35c),
    ROW35E(1000),
    ROW(0x379, 2, 1000, ASIDE, f379, SIMPLE), /* Sol-Ark */
};
static const struct row pylontech_v2[] = {
    ROW351(1000), ROW355(1000), ROW356(1000),      ROW359,
    ROW35A(1000), ROW35C(f35c), ROW35E(1000),      ROW(0x35F, 4, 1000, ASIDE, f35f, SIMPLE),
    ROW370(1000), ROW371(1000), ROWS372_379(1000), ROWS380_382(1000),
};
static const struct row victron[] = {
    ROW351(1000),
    ROW355(1000),
    ROW356(1000),
    ROW35A(1000),
    ROW35E(1000),
    ROW(0x35F, 4, 1000, ASIDE, f35f_left, SIMPLE),
    ROW(0x360, 1, 1000, ASIDE, f360, SIMPLE),
    ROW370(1000),
    ROW371(1000),
    ROWS372_379(1000),
    ROWS380_382(1000),
};
/* Periods: github.com/victronenergy/venus/issues/469. */
static const struct row byd_lvs[] = {
    ROW351(2000),
    ROW355(10000),
    ROW356(10000),
    ROW35A(10000),
    ROW35E(60000),
    ROW(0x35F, 4, 10000, ASIDE, f35f_left, SIMPLE),
    ROW(0x360, 1, 10000, ASIDE, f360, SIMPLE),
    ROW370(10000),
    ROW371(10000),
    ROWS372_379(10000),
    ROWS380_382(10000),
};
static const struct row sma[] = {
    ROW351(1000),      ROW355(1000), ROW356(1000),
    ROW35A(1000),      ROW35E(1000), ROW(0x35F, 4, 1000, ASIDE, f35f_sma, SIMPLE),
    ROWS380_382(1000),
};
static const struct row deye_dy[] = {
    ROW(0x351, 6, 1000, MANDATORY, f351, .edit = not_above_on_grid),
    ROW355(1000),
    ROW356(1000),
    ROW(0x359, 7, 1000, ONCE_SEEN, f359_dy, SIMPLE),
    ROW35C(f35c),
    ROW(0x35E, 2, 1000, ASIDE, f35e_dy, SIMPLE),
    ROW(0x361, 8, 1000, ASIDE, f361_dy, SIMPLE),
    ROW(0x364, 5, 1000, ASIDE, f364_dy, SIMPLE),
    ROW(0x371, 4, 1000, ONCE_SEEN, f371_dy, .edit = not_above_off_grid),
};
static const struct row luxpower[] = {
    ROW351(1000),
    ROW(0x355, 4, 1000, MANDATORY, f355_cells, .fits = fits_cells_in_355),
    ROW(0x355, 4, 1000, MANDATORY, f355, SIMPLE),
    ROW(0x356, 6, 1000, MANDATORY, f356_extremes, .edit = middle_temperature),
    ROW(0x359, 4, 1000, ONCE_SEEN, f359, .fits = fits_pn, .edit = counted_are_online),
    ROW(0x359, 4, 1000, ONCE_SEEN, f359_lux, .edit = counted_are_online),
    ROW35C(f35c_lux),
    ROW35E(1000),
};
/* 0x399, 0x3DA and 0x3DB are known by their ids; the document does not fix their bytes. */
static const struct row hybrid_li[] = {
    ROW351(1000),        ROW355(1000),
    ROW356(1000),        ROW(0x359, 4, 1000, ONCE_SEEN, f359_hybrid, SIMPLE),
    ROW35C(f35c_hybrid), ROW35E(1000),
};
/* 0x372 and 0x373 with four bytes are versions here. */
static const struct row discover[] = {
    ROW351(1000), ROW(0x354, 4, 1000, ASIDE, f354, SIMPLE),     ROW355(1000),
    ROW356(1000), ROW(0x35A, 7, 1000, ONCE_SEEN, f35a, SIMPLE), ROW35E(1000),
};

#define PROTOCOL(key_, rows_, title_, ...)                                                         \
    {                                                                                              \
        .key = (key_), .title = (title_), .rows = (rows_),                                         \
        .n_rows = sizeof(rows_) / sizeof((rows_)[0]), __VA_ARGS__                                  \
    }
#define IDLE_CLEARS .idle_clears = true
#define IDLE_IS_NOTHING .idle_clears = false

const struct protocol protocols[] = {
    PROTOCOL("pylontech", pylontech, "Pylontech V1.2, Deye 00, Sol-Ark, SEPLOS", IDLE_IS_NOTHING),
    PROTOCOL("pylontech-v2", pylontech_v2, "Pylontech V2.0.x: extremes, counts", IDLE_CLEARS),
    PROTOCOL("victron", victron, "Victron CAN-bus BMS", IDLE_CLEARS),
    PROTOCOL("byd-lvs", byd_lvs, "BYD Battery-Box LV: as victron, slow", IDLE_CLEARS),
    PROTOCOL("sma", sma, "SMA Sunny Island batteries", IDLE_IS_NOTHING),
    PROTOCOL("deye-dy", deye_dy, "Deye DY V3.3", .discharge_positive = true),
    PROTOCOL("luxpower", luxpower, "Luxpower V04.2", IDLE_IS_NOTHING),
    PROTOCOL("hybrid-li", hybrid_li, "Hybrid Li residential V1.0", IDLE_IS_NOTHING),
    PROTOCOL("discover", discover, "Discover serial CAN", IDLE_CLEARS),
};
const unsigned n_protocols = sizeof(protocols) / sizeof(protocols[0]);

const struct protocol *protocol_find(const char *key)
{
    for (unsigned i = 0; i < n_protocols; i++)
        if (strcmp(protocols[i].key, key) == 0)
            return &protocols[i];
    return NULL;
}

static bool stood_before(const struct protocol *p, unsigned i)
{
    for (unsigned k = 0; k + 1 < i; k++)
        if (p->rows[k].spec.id == p->rows[i].spec.id &&
            p->rows[i - 1].spec.id != p->rows[i].spec.id)
            return true;
    return false;
}

enum status protocol_check(const struct protocol *p)
{
    for (unsigned i = 0; i < p->n_rows; i++) {
        enum status st = frames_check(&p->rows[i].spec, 1);

        if (st)
            return st;
        if (p->rows[i].spec.ext || stood_before(p, i))
            return HUB_ESPEC;
    }
    return HUB_OK;
}

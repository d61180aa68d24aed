/* One text becomes one value, or a reason why not. Strict: the whole text counts, "100A",
 * "1e3", "0x10" and "1,5" are refused and not read as 100, 1, 0 and 1. */
#include "config_options.h"

#include <arpa/inet.h> /* inet_pton: text to bytes, no system call */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "model/profile.h"

#define DIGITS_MAX 12

bool word_at(const char *list, unsigned i, char *out, size_t size)
{
    static const char gaps[] = " \t,";

    for (;;) {
        list += strspn(list, gaps);
        size_t len = strcspn(list, gaps);
        if (len == 0)
            return false;
        if (i-- == 0) {
            snprintf(out, size, "%.*s", (int)len, list);
            return true;
        }
        list += len;
    }
}

bool number_parse(const char *text, int per, int64_t *out)
{
    bool minus = *text == '-';
    bool point = false;
    int digits = 0;
    int64_t n = 0;

    for (text += minus; *text; text++) {
        if (*text == '.' && !point && digits > 0 && per > 1 && text[1]) {
            point = true;
        } else if (isdigit((unsigned char)*text) && ++digits <= DIGITS_MAX) {
            n = n * 10 + (*text - '0');
            if (point && (per /= 10) == 0)
                return false; /* more decimals than there are */
        } else {
            return false;
        }
    }
    *out = (minus ? -n : n) * per;
    return digits > 0;
}

static bool in_range(const struct option *o, int64_t n)
{
    int64_t lo = 0;
    int64_t hi = 0;

    number_parse(o->lo, o->per, &lo);
    number_parse(o->hi, o->per, &hi);
    return (n >= lo && n <= hi) || (o->zero && n == 0);
}

static int decimals(int per)
{
    int n = 0;

    for (; per > 1; per /= 10)
        n++;
    return n;
}

static bool take_number(const struct option *o, const char *text, int64_t *n, char *why,
                        size_t size)
{
    char allowed[CONFIG_ALLOWED_MAX];

    option_allowed(o, allowed, sizeof(allowed));
    if (!number_parse(text, o->per, n)) {
        char places[48] = "";
        if (o->per > 1)
            snprintf(places, sizeof(places), ", as 1.5 with at most %d decimals", decimals(o->per));
        snprintf(why, size, "\"%.40s\" is not %s; allowed: %s%s", text,
                 o->per > 1 ? "a number" : "a whole number", allowed, places);
        return false;
    }
    if (!in_range(o, *n)) {
        snprintf(why, size, "%s is outside %s", text, allowed);
        return false;
    }
    return true;
}

static bool take_numbers(const struct option *o, const char *text, int64_t *first, char *why,
                         size_t size)
{
    char word[CONFIG_TEXT_MAX];
    int64_t n = 0;
    unsigned i = 0;

    for (; word_at(text, i, word, sizeof(word)); i++) {
        if (!take_number(o, word, &n, why, size))
            return false;
        if (i == 0)
            *first = n;
    }
    if (i > 0 && i >= (unsigned)o->least && i <= (unsigned)o->most)
        return true;
    if (o->least == o->most)
        snprintf(why, size, "%u number%s; allowed: %d", i, i == 1 ? "" : "s", o->most);
    else
        snprintf(why, size, "%u numbers; allowed: 1 to %d", i, o->most);
    return false;
}

/* The word as the table spells it goes out; a word that is a number counts as that. */
static bool take_word(const char *words, const char *text, struct value *v)
{
    char word[CONFIG_TEXT_MAX];

    for (unsigned i = 0; word_at(words, i, word, sizeof(word)); i++) {
        if (strcasecmp(word, text) != 0)
            continue;
        if (!number_parse(word, 1, &v->num))
            v->num = i;
        memcpy(v->text, word, sizeof(word));
        return true;
    }
    return false;
}

static bool take_listed(const struct option *o, const char *text, struct value *v, char *why,
                        size_t size)
{
    char allowed[CONFIG_ALLOWED_MAX];

    option_allowed(o, allowed, sizeof(allowed));
    if (take_word(allowed, text, v))
        return true;
    snprintf(why, size, "\"%.40s\" is not known; allowed: %s", text, allowed);
    return false;
}

bool listen_parse(const char *text, struct listen_address *out)
{
    char host[CONFIG_TEXT_MAX];
    int64_t port = 0;
    const char *colon = strrchr(text, ':');

    if (!colon || !number_parse(colon + 1, 1, &port) || port < 1 || port > UINT16_MAX)
        return false;
    *out = (struct listen_address){.port = (uint16_t)port, .ipv6 = *text == '['};
    snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
    if (!out->ipv6)
        return inet_pton(AF_INET, host, out->addr) == 1;
    size_t len = strlen(host);
    if (host[len - 1] != ']')
        return false;
    host[len - 1] = '\0';
    return inet_pton(AF_INET6, host + 1, out->addr) == 1;
}

static bool host_bits(const struct config_cidr *c)
{
    for (unsigned bit = c->bits; bit < (c->ipv6 ? 128u : 32u); bit++)
        if (c->addr[bit / 8] & (0x80u >> (bit % 8)))
            return true;
    return false;
}

bool cidr_parse(const char *text, struct config_cidr *out, const char **why)
{
    char host[CONFIG_TEXT_MAX];
    size_t len = strcspn(text, "/");
    int64_t bits = 0;

    *out = (struct config_cidr){.ipv6 = strchr(text, ':') != NULL};
    int64_t most = out->ipv6 ? 128 : 32;
    snprintf(host, sizeof(host), "%.*s", (int)len, text);
    *why = "is not an address block; write 192.168.1.0/24, 10.0.0.7 or fd00::/8";
    if (inet_pton(out->ipv6 ? AF_INET6 : AF_INET, host, out->addr) != 1)
        return false;
    if (!text[len])
        bits = most;
    else if (!number_parse(text + len + 1, 1, &bits) || bits < 0 || bits > most)
        return false;
    out->bits = (uint8_t)bits;
    *why = "has bits set beyond its prefix; write 192.168.1.0/24, not 192.168.1.7/24";
    return !host_bits(out);
}

static bool take_cidrs(const char *text, char *why, size_t size)
{
    char word[CONFIG_TEXT_MAX];
    struct config_cidr block;
    const char *reason;

    for (unsigned i = 0; word_at(text, i, word, sizeof(word)); i++)
        if (!cidr_parse(word, &block, &reason)) {
            snprintf(why, size, "\"%.50s\" %s", word, reason);
            return false;
        }
    return true;
}

static bool take_text(const struct option *o, const char *text, char *why, size_t size)
{
    struct config_link link;
    struct config_gpio gpio;
    struct listen_address address;
    const char *reason;

    if (text[strcspn(text, ";#\"'")]) {
        snprintf(why, size, "\"%.40s\": no quotes, ; or # in a value; a comment begins with \" ;\"",
                 text);
    } else if (o->kind == OPT_LINK && !config_link(text, &link, &reason)) {
        snprintf(why, size, "\"%.40s\": %s", text, reason);
    } else if (o->kind == OPT_TEXT && strlen(text) > (size_t)o->most) {
        snprintf(why, size, "longer than %d characters", o->most);
    } else if (o->kind == OPT_DEVICE && (text[0] != '/' || strchr(text, ' '))) {
        snprintf(why, size, "\"%.40s\" is not the path of a device; write %s", text, o->fallback);
    } else if (o->kind == OPT_SOCKET && (text[0] != '/' || strchr(text, ' '))) {
        snprintf(why, size, "\"%.40s\" is not an absolute path; write %s", text, o->fallback);
    } else if (o->kind == OPT_SOCKET && strlen(text) > CONFIG_SOCKET_MAX) {
        snprintf(why, size, "longer than %d characters", CONFIG_SOCKET_MAX);
    } else if (o->kind == OPT_GPIO && !config_gpio(text, &gpio)) {
        snprintf(why, size, "\"%.40s\" is not CHIP:LINE; write gpiochip0:17", text);
    } else if (o->kind == OPT_LISTEN && !listen_parse(text, &address)) {
        snprintf(why, size,
                 "\"%.50s\" is not ADDRESS:PORT; write 127.0.0.1:1502, 0.0.0.0:502 or [::1]:1502",
                 text);
    } else {
        return o->kind != OPT_CIDRS || take_cidrs(text, why, size);
    }
    return false;
}

static bool take_version(const char *text, int64_t *n, char *why, size_t size)
{
    char major[CONFIG_TEXT_MAX];
    size_t len = strcspn(text, ".");
    int64_t high = 0;
    int64_t low = 0;

    snprintf(major, sizeof(major), "%.*s", (int)len, text);
    if (!text[len] || !number_parse(major, 1, &high) || !number_parse(text + len + 1, 1, &low) ||
        high < 0 || high > UINT8_MAX || low < 0 || low > UINT8_MAX) {
        snprintf(why, size, "\"%.40s\" is not MAJOR.MINOR; write 3.57, or none", text);
        return false;
    }
    *n = high << 8 | low;
    return true;
}

/* Of the user's own, or built in. */
static bool take_profile(const struct option *o, const char *text, struct value *v, char *why,
                         size_t size)
{
    const char *path = profile_path(text);

    if (path && *path)
        return take_text(o, text, why, size);
    if (path) {
        snprintf(why, size, "there is no path behind file:");
        return false;
    }
    if (take_listed(o, text, v, why, size))
        return true;
    size_t n = strlen(why);
    snprintf(why + n, size - n, " or file:PATH");
    return false;
}

static bool take(const struct option *o, const char *text, struct value *v, char *why, size_t size)
{
    struct c_rates rates;

    if (o->kind == OPT_NUM)
        return take_number(o, text, &v->num, why, size);
    if (o->kind == OPT_NUMS)
        return take_numbers(o, text, &v->num, why, size);
    if (o->kind == OPT_ENUM)
        return take_listed(o, text, v, why, size);
    if (o->kind == OPT_PROFILE)
        return take_profile(o, text, v, why, size);
    if (o->kind == OPT_VERSION)
        return take_version(text, &v->num, why, size);
    if (o->kind == OPT_RATES)
        return rates_parse(text, &rates, why, size);
    return take_text(o, text, why, size);
}

bool option_take(const struct option *o, const char *text, struct value *out, char *why,
                 size_t why_size)
{
    struct value v = *out;
    bool good = true;

    if (strlen(text) >= sizeof(v.text)) {
        snprintf(why, why_size, "longer than %d characters", CONFIG_TEXT_MAX - 1);
        return false;
    }
    snprintf(v.text, sizeof(v.text), "%s", text);
    if (!*text && (*o->fallback || o->needed)) {
        snprintf(why, why_size, "there is no value behind the =");
        return false;
    }
    if (!*text || (o->none && strcasecmp(text, "none") == 0))
        v.num = 0;
    else
        good = take(o, text, &v, why, why_size);
    if (good)
        *out = v;
    return good;
}

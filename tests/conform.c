/* Plays tests/conformance/vectors.txt, where the language is told, against the engine and a framer,
 * without sockets and in told time.
 *
 *     conform tcp VECTORS      a stream of requests to unit 1
 *     conform rtu VECTORS      a line at 19200 Bd with address 5: 3.5 characters are 2006 us
 *     conform sweep            every address with FC 1 to 4, over both
 *
 * A failure names the vector and prints the bytes that were expected and those that came. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture_map.h"
#include "modbus/mbap.h"
#include "modbus/rtu.h"

enum { UNIT = 1, ADDRESS = 5, BAUD = 19200, GAP_US = 2006, REST_US = 10000, PAUSES = 16 };

/* One line of bytes, with the silences between them. */
struct bytes {
    uint8_t b[4096];
    size_t n, frame; /* where the frame begins that a checksum is for */
    size_t pause_at[PAUSES];
    unsigned pause_us[PAUSES], pauses;
};

struct player {
    bool serial;
    struct fixture fixture;
    struct modbus_map map;
    struct modbus_units units;
    struct mbap in;
    struct rtu line;
    mono_us now, answered, heard;
    uint8_t got[4096];
    size_t n_got;
    bool closed, bare, told; /* bare: the vector says PDUs; told: no time passes but what it says */
    char name[160];
    unsigned played, failed;
    bool bad;
};

/* --- bytes as text --- */

/* The second implementation: by bits of the message, highest power last. */
static unsigned checksum(const uint8_t *b, size_t n)
{
    unsigned crc = 0xFFFF;

    for (size_t bit = 0; bit < 8 * n; bit++) {
        bool out = (crc ^ (unsigned)b[bit / 8] >> bit % 8) & 1;

        crc >>= 1;
        if (out)
            crc ^= 0xA001;
    }
    return crc;
}

static void put(struct bytes *to, unsigned byte)
{
    if (to->n == sizeof(to->b))
        abort();
    to->b[to->n++] = (uint8_t)byte;
}

static void put_checksum(struct bytes *to)
{
    unsigned crc = checksum(to->b + to->frame, to->n - to->frame);

    put(to, crc & 0xFF);
    put(to, crc >> 8);
}

static void put_pause(struct bytes *to, const char *us)
{
    if (to->pauses == PAUSES)
        abort();
    to->pause_at[to->pauses] = to->frame = to->n;
    to->pause_us[to->pauses++] = (unsigned)atoi(us);
}

/* AA00, AA00*3 or 1000+3. */
static bool put_hex(struct bytes *to, const char *word)
{
    size_t digits = strspn(word, "0123456789ABCDEF");
    char then = word[digits];
    unsigned times = then ? (unsigned)atoi(word + digits + 1) : 1, byte;

    if (!digits || digits % 2 || (then && then != '*' && then != '+') || !times)
        return false;
    if (then == '+') {
        unsigned from = (unsigned)strtoul(word, NULL, 16);

        for (unsigned i = 0; i < times; i++)
            put(to, (from + i) >> 8 & 0xFF), put(to, (from + i) & 0xFF);
        return true;
    }
    for (unsigned i = 0; i < times; i++)
        for (size_t d = 0; d < digits && sscanf(word + d, "%2x", &byte) == 1; d += 2)
            put(to, byte);
    return true;
}

static bool read_bytes(char *text, struct bytes *to)
{
    memset(to, 0, sizeof(*to));
    for (char *rest, *word = strtok_r(text, " \n", &rest); word;
         word = strtok_r(NULL, " \n", &rest)) {
        if (*word == '"')
            for (word++; *word && *word != '"'; word++)
                put(to, (unsigned char)*word);
        else if (*word == '~')
            put_pause(to, word + 1);
        else if (strcmp(word, "crc") == 0)
            put_checksum(to);
        else if (!put_hex(to, word))
            return false;
    }
    return true;
}

/* Puts a head, or address and checksum, around a PDU. */
static void dress(const struct player *p, struct bytes *b)
{
    struct bytes pdu = *b;

    if (!p->bare || !b->n)
        return;
    memset(b, 0, sizeof(*b));
    if (p->serial) {
        put(b, ADDRESS);
    } else {
        for (unsigned i = 0; i < 4; i++)
            put(b, i == 1);
        put(b, (unsigned)(pdu.n + 1) >> 8);
        put(b, (unsigned)(pdu.n + 1) & 0xFF);
        put(b, UNIT);
    }
    for (size_t i = 0; i < pdu.n; i++)
        put(b, pdu.b[i]);
    if (p->serial)
        put_checksum(b);
}

/* --- the two transports --- */

static void start(struct player *p)
{
    p->map = fixture_map(&p->fixture);
    p->units = (struct modbus_units){.unit = p->serial ? ADDRESS : UNIT, .hub = &p->map};
    memset(&p->in, 0, sizeof(p->in));
    rtu_init(&p->line, BAUD, 0);
    p->line.broadcast_writes = true;
    p->n_got = 0;
    p->closed = p->bad = false;
}

static uint8_t *room_for(struct player *p, size_t n)
{
    if (p->n_got + n > sizeof(p->got))
        abort();
    return p->got + p->n_got;
}

static void stream(struct player *p, const uint8_t *bytes, size_t n)
{
    struct mbap_adu adu;
    enum mbap_got what;

    while (n && !p->closed) {
        size_t room, take;
        uint8_t *space = mbap_space(&p->in, &room);

        take = n < room ? n : room;
        memcpy(space, bytes, take);
        mbap_fed(&p->in, take);
        bytes += take;
        n -= take;
        while ((what = mbap_next(&p->in, &adu)) == MBAP_ADU)
            p->n_got += mbap_answer(&p->units, &fixture_who, &adu, room_for(p, MBAP_ADU_MAX));
        p->closed = what == MBAP_CLOSE;
    }
}

/* Lets time pass on the line; the framer is asked exactly when it wants to be. */
static void pass(struct player *p, mono_us us)
{
    mono_us end = p->now + us;

    while (p->serial && rtu_deadline(&p->line) <= end) {
        size_t n;

        p->now = mono_max(p->now, rtu_deadline(&p->line));
        n = rtu_answer(&p->line, p->now, &p->units, &fixture_who, room_for(p, RTU_ADU_MAX));
        if (n)
            p->answered = p->now;
        p->n_got += n;
    }
    p->now = end;
}

static void send_bytes(struct player *p, const struct bytes *b)
{
    size_t at = 0;

    for (unsigned i = 0; i <= b->pauses; i++) {
        size_t end = i < b->pauses ? b->pause_at[i] : b->n;

        if (p->serial)
            rtu_feed(&p->line, p->now, b->b + at, end - at);
        else
            stream(p, b->b + at, end - at);
        if (end > at)
            p->heard = p->now;
        if (i < b->pauses)
            pass(p, b->pause_us[i]);
        at = end;
    }
}

/* --- a vector --- */

static void print_bytes(const char *what, const uint8_t *b, size_t n)
{
    printf("     %s", what);
    for (size_t i = 0; i < n; i++)
        printf(" %02X", b[i]);
    puts(n ? "" : " nothing");
}

static void wrong(struct player *p, const char *what)
{
    if (!p->bad)
        printf("FAIL %s: %s\n", p->name, what);
    p->failed += !p->bad;
    p->bad = true;
}

/* An answer on a line starts 3.5 characters after the last byte, to the microsecond. */
static void expect(struct player *p, const struct bytes *want)
{
    size_t n = want->n;

    pass(p, n ? GAP_US : REST_US);
    if (p->n_got < n || (n == 0 && p->n_got) || memcmp(p->got, want->b, n) != 0) {
        wrong(p, "not the right answer");
        print_bytes("expected", want->b, n);
        print_bytes("got     ", p->got, p->n_got);
        p->n_got = 0;
        return;
    }
    if (n && p->serial && p->answered != p->heard + GAP_US)
        wrong(p, "not answered at 3.5 characters");
    p->n_got -= n;
    memmove(p->got, p->got + n, p->n_got);
}

/* Ends a vector: nothing may be left, and the next good request must be answered. */
static void finish(struct player *p)
{
    struct bytes ask, answer;
    char request[] = "04 0000 0001", reply[] = "04 02 2000";

    if (!p->name[0])
        return;
    p->played++;
    pass(p, REST_US);
    if (p->n_got)
        wrong(p, "more was answered than was expected");
    p->n_got = 0;
    p->bare = true;
    read_bytes(request, &ask);
    read_bytes(reply, &answer);
    dress(p, &ask);
    dress(p, &answer);
    if (p->closed || p->bad)
        return;
    send_bytes(p, &ask);
    expect(p, &answer);
    if (p->bad)
        puts("     that was the good request behind it");
}

/* Whether a vector of this kind is for the transport that is played. */
static bool ours(const struct player *p, const char *how)
{
    if (strcmp(how, "pdu") == 0)
        return true;
    return strstr(how, "tcp") ? !p->serial : p->serial;
}

static void head(struct player *p, const char *line)
{
    char number[32], how[16];
    int at = 0;

    finish(p);
    p->name[0] = 0;
    if (sscanf(line, "%31s %15s %n", number, how, &at) != 2 || !at)
        abort();
    if (!ours(p, how))
        return;
    snprintf(p->name, sizeof(p->name), "%s %.*s", number, (int)strcspn(line + at, "\n"), line + at);
    p->bare = strncmp(how, "pdu", 3) == 0;
    p->told = strcmp(how, "told") == 0;
    start(p);
}

static void step(struct player *p, char *line)
{
    struct bytes b;
    char what = line[strspn(line, " ")];

    if (what == 'x') {
        if (!p->closed || p->n_got)
            wrong(p, "not closed without an answer");
        return;
    }
    if (!read_bytes(strchr(line, what) + 1, &b)) {
        wrong(p, "a line of no bytes");
        return;
    }
    dress(p, &b);
    if (what == '<') {
        expect(p, &b);
        return;
    }
    if (!p->told)
        pass(p, REST_US);
    send_bytes(p, &b);
}

static int play(struct player *p, const char *path)
{
    char line[1000];
    FILE *in = fopen(path, "r");

    if (!in) {
        perror(path);
        return 2;
    }
    while (fgets(line, sizeof(line), in)) {
        if (line[0] == '#' || line[0] == '\n')
            continue;
        if (isdigit((unsigned char)line[0]))
            head(p, line);
        else if (p->name[0])
            step(p, line);
    }
    finish(p);
    fclose(in);
    printf("%u vectors over %s, %u failed\n", p->played, p->serial ? "a line" : "TCP", p->failed);
    return p->failed || !p->played;
}

/* --- 65: every address --- */

static unsigned size_of(unsigned function)
{
    return function <= 2 ? FIXTURE_BITS : FIXTURE_WORDS;
}

/* What the map's definition says of one element. */
static unsigned element(unsigned function, unsigned addr)
{
    switch (function) {
    case 1:
        return addr % 3 == 0;
    case 2:
        return addr % 2;
    case 3:
        return 0x1000 + addr;
    default:
        return 0x2000 + addr;
    }
}

static void ask_one(struct player *p, unsigned function, unsigned addr)
{
    struct bytes ask = {0}, want = {0};
    unsigned value = element(function, addr);

    put(&ask, function);
    put(&ask, addr >> 8), put(&ask, addr & 0xFF);
    put(&ask, 0), put(&ask, 1);
    if (addr >= size_of(function)) {
        put(&want, function | 0x80), put(&want, 2);
    } else if (function <= 2) {
        put(&want, function), put(&want, 1), put(&want, value);
    } else {
        put(&want, function), put(&want, 2);
        put(&want, value >> 8), put(&want, value & 0xFF);
    }
    dress(p, &ask);
    dress(p, &want);
    send_bytes(p, &ask);
    expect(p, &want);
}

static int sweep(struct player *p)
{
    for (unsigned serial = 0; serial < 2; serial++) {
        p->serial = serial;
        p->bare = true;
        start(p);
        snprintf(p->name, sizeof(p->name), "65 every address %s", serial ? "on a line" : "on TCP");
        for (unsigned function = 1; function <= 4; function++)
            for (unsigned addr = 0; addr < 65536 && !p->bad; addr++)
                ask_one(p, function, addr);
    }
    printf("all addresses with FC 1 to 4 over TCP and a line, %u failed\n", p->failed);
    return p->failed != 0;
}

int main(int argc, char **argv)
{
    static struct player p = {.now = 1000000};

    if (argc == 2 && strcmp(argv[1], "sweep") == 0)
        return sweep(&p);
    if (argc != 3 || (strcmp(argv[1], "tcp") != 0 && strcmp(argv[1], "rtu") != 0)) {
        fputs("usage: conform tcp|rtu VECTORS, or conform sweep\n", stderr);
        return 2;
    }
    p.serial = argv[1][0] == 'r';
    return play(&p, argv[2]);
}

/* The master of a Modbus RTU line: asks a server on a pty at the pace of the wire and measures.
 *
 * Usage: rtu_load [OPTION VALUE]... -- SERVER ARGUMENT...    ({} stands for the device)
 *   rtu_load --baud 19200 --requests 300 -- build/tests/modbus_fixture --rtu {} --baud 19200
 *
 *   --baud N        19200: 11 bits a character; 3.5 characters of silence, 1750 us above 19200 Bd
 *   --requests N    300       --registers N  10: how many are read by each
 *   --unit N        5         --first N      0: the first register; --span N  200: how many there
 * are
 *   --values any    for a server of other values than those of tests/fixture_map.h
 *   --paced no      requests go out at once and answers take no time; the silences stay
 *   --disturb yes   strays, half frames and foreign traffic between the requests, each with a gap
 *                   of 3.5 characters and --margin US (0) more behind it; --seed N (1)
 *   --settle MS     0: pause before the first request that counts
 *   --most-over US  fail when the median answer starts later than this after the 3.5 characters
 *   --least-part N  fail below so many thousandths of the wire's rate of polls
 *
 * A pty takes no time, so the master keeps the wire's: each byte of a request is written when its
 * stop bit would be over, an answer lasts from its first byte for all its characters, then comes
 * the silence. Prints "key value" lines. `turn` is from the last byte of the request (before its
 * write) to the first of the answer (after it was read). Exit: 0, 1 when an answer is missing,
 * wrong or early, or a limit is not kept, 2 when nothing could be measured. A request whose bytes
 * were torn apart by this program being held up is asked again, and counted as `torn`. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST = 8, ADU_MAX = 256, PATIENCE_MS = 1000, START_MS = 5000 };

static struct {
    long baud, requests, registers, unit, first, span, margin, seed, settle, most_over, least_part;
    bool any_value, unpaced, disturb;
} opt = {.baud = 19200,
         .requests = 300,
         .registers = 10,
         .unit = 5,
         .span = 200,
         .seed = 1,
         .most_over = -1,
         .least_part = -1};

static struct {
    unsigned long asked, answered, lost, wrong, early, torn, disturbed;
    double *turn, worst_write; /* us */
    double line_time;          /* us that the answered polls took */
} saw;

static int line;
static double char_us, gap_us, free_at; /* free_at: when the silence since the last byte is over */

/* ---- time ---- */

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void wait_until(double us)
{
    struct timespec t = {.tv_sec = (time_t)(us / 1e6)};

    t.tv_nsec = (long)((us - (double)t.tv_sec * 1e6) * 1e3);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}

/* ---- frames ---- */

static size_t sealed(uint8_t *adu, size_t n)
{
    unsigned crc = 0xFFFF;

    for (size_t i = 0; i < n; i++) {
        crc ^= adu[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1;
    }
    adu[n] = (uint8_t)crc;
    adu[n + 1] = (uint8_t)(crc >> 8);
    return n + 2;
}

static size_t make_read(uint8_t *adu, unsigned unit, unsigned addr, unsigned n)
{
    const uint8_t head[] = {(uint8_t)unit,     3,         (uint8_t)(addr >> 8), (uint8_t)addr,
                            (uint8_t)(n >> 8), (uint8_t)n};

    memcpy(adu, head, sizeof(head));
    return sealed(adu, sizeof(head));
}

static size_t make_answer(uint8_t *adu, unsigned unit, unsigned addr, unsigned n)
{
    adu[0] = (uint8_t)unit;
    adu[1] = 3;
    adu[2] = (uint8_t)(2 * n);
    for (unsigned i = 0; i < n; i++) {
        adu[3 + 2 * i] = (uint8_t)((0x1000 + addr + i) >> 8);
        adu[4 + 2 * i] = (uint8_t)(0x1000 + addr + i);
    }
    return sealed(adu, 3 + 2 * n);
}

static bool right(const uint8_t *got, size_t len, unsigned addr)
{
    uint8_t want[ADU_MAX], crc[ADU_MAX];

    if (len != make_answer(want, (unsigned)opt.unit, addr, (unsigned)opt.registers))
        return false;
    if (!opt.any_value)
        return memcmp(got, want, len) == 0;
    memcpy(crc, got, len);
    sealed(crc, len - 2);
    return memcmp(got, want, 3) == 0 && memcmp(got, crc, len) == 0;
}

/* ---- the line ---- */

static void put(const uint8_t *bytes, size_t n)
{
    if (write(line, bytes, n) != (ssize_t)n) {
        perror("rtu_load: the line takes no output");
        exit(2);
    }
}

/* Sends at the pace of the wire, in pieces of `piece`. Returns when the last byte went out at the
 * latest; *torn: the longest silence inside. */
static double say(const uint8_t *adu, size_t n, size_t piece, double *torn)
{
    double start = now_us(), last = 0, before = 0;

    *torn = 0;
    if (start < free_at)
        wait_until(free_at);
    start = now_us();
    for (size_t i = 0; i < n; i += piece) {
        size_t part = n - i < piece ? n - i : piece;
        if (!opt.unpaced)
            wait_until(start + char_us * (double)(i + part));
        before = now_us();
        put(adu + i, part);
        if (last > 0 && now_us() - last > *torn)
            *torn = now_us() - last;
        last = before;
    }
    free_at = now_us() + gap_us;
    return before;
}

/* Reads an answer of `want` bytes. Returns how many came; *first is when the first of them did. */
static size_t hear(uint8_t *adu, size_t want, double *first)
{
    struct pollfd p = {.fd = line, .events = POLLIN};
    double end = now_us() + PATIENCE_MS * 1e3;
    size_t len = 0;

    while (len < want && now_us() < end) {
        ssize_t n;
        if (poll(&p, 1, (int)((end - now_us()) / 1e3) + 1) <= 0)
            continue;
        n = read(line, adu + len, ADU_MAX - len);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            break;
        if (n > 0 && !len)
            *first = now_us();
        len += n > 0 ? (size_t)n : 0;
    }
    return len;
}

static void drop_input(void)
{
    uint8_t rest[ADU_MAX];

    while (read(line, rest, sizeof(rest)) > 0)
        ;
}

/* ---- what a master does ---- */

enum fate { ANSWERED, LOST, WRONG, TORN };

/* One poll; `turn` is set when it was answered. */
static enum fate poll_once(unsigned addr, double *turn)
{
    uint8_t adu[ADU_MAX];
    size_t want = 5 + 2 * (size_t)opt.registers, len;
    double start, last, first = 0, torn;

    drop_input();
    start = free_at > now_us() ? free_at : now_us();
    make_read(adu, (unsigned)opt.unit, addr, (unsigned)opt.registers);
    last = say(adu, REQUEST, opt.unpaced ? REQUEST : 1, &torn);
    len = hear(adu, want, &first);
    if (len < want && torn > 1.5 * char_us + 200)
        return TORN;
    if (!len)
        return LOST;
    if (!right(adu, len, addr))
        return WRONG;
    *turn = first - last;
    free_at = first + gap_us + (opt.unpaced ? 0 : char_us * (double)len);
    saw.line_time += free_at - start;
    return ANSWERED;
}

static double some(double from, double to)
{
    return from + (to - from) * ((double)rand() / RAND_MAX);
}

static void rest_a_little(void)
{
    free_at = now_us() + gap_us + (double)opt.margin + (rand() % 4 ? 0 : some(0, 3000));
}

static void stray(void)
{
    uint8_t noise[3];
    double torn;

    for (size_t i = 0; i < sizeof(noise); i++)
        noise[i] = (uint8_t)(rand() % 3 ? rand() : (rand() & 1 ? 0xFF : 0));
    say(noise, 1 + (size_t)rand() % sizeof(noise), 1, &torn);
}

/* What an interrupted master leaves: the beginning of a request to us. */
static void half_a_frame(void)
{
    uint8_t adu[ADU_MAX];
    double torn;

    make_read(adu, (unsigned)opt.unit, (unsigned)opt.first, (unsigned)opt.registers);
    say(adu, 1 + (size_t)rand() % (REQUEST - 1), 1, &torn);
}

/* A request to another address, and mostly its answer. */
static void others(void)
{
    unsigned unit = (unsigned)opt.unit + 1 + (unsigned)rand() % 20, n = 1 + (unsigned)rand() % 125;
    uint8_t adu[ADU_MAX];
    double torn;

    say(adu, make_read(adu, unit, (unsigned)rand() % 1000, n), 1, &torn);
    if (rand() % 4 == 0)
        return;
    rest_a_little();
    say(adu, make_answer(adu, unit, (unsigned)rand() % 1000, n), 32, &torn);
}

/* Returns what it did, for who looks for a loss. */
static const char *disturb(void)
{
    static const struct {
        const char *name;
        void (*act)(void);
    } all[] = {
        {"a stray byte",    stray       },
        {"half a frame",    half_a_frame},
        {"foreign traffic", others      },
    };
    unsigned which = (unsigned)rand() % 4;

    if (which == 3)
        return "nothing";
    rest_a_little();
    all[which].act();
    rest_a_little();
    saw.disturbed++;
    return all[which].name;
}

static void ask_all(void)
{
    unsigned places = (unsigned)(opt.span - opt.registers) + 1;
    double turn = 0;

    while (saw.asked < (unsigned long)opt.requests && saw.torn < (unsigned long)opt.requests) {
        unsigned addr = (unsigned)opt.first + (unsigned)saw.asked % places;
        const char *before = opt.disturb ? disturb() : "nothing";
        enum fate fate;

        fate = poll_once(addr, &turn);
        saw.torn += fate == TORN;
        if (fate == TORN)
            continue;
        saw.asked++;
        saw.lost += fate == LOST;
        saw.wrong += fate == WRONG;
        if (fate == LOST || fate == WRONG)
            fprintf(stderr, "request %lu is %s, after %s\n", saw.asked,
                    fate == LOST ? "lost" : "wrong", before);
        if (fate == ANSWERED) {
            saw.early += turn < gap_us;
            saw.turn[saw.answered++] = turn;
        }
    }
}

/* ---- results ---- */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static bool report(double cpu_us)
{
    double characters = REQUEST + 5 + 2 * (double)opt.registers;
    double cycle = 2 * gap_us + (opt.unpaced ? 0 : characters * char_us), over, part;
    unsigned long n = saw.answered;

    printf("baud %ld\nregisters %ld\nrequests %lu\nanswered %lu\n", opt.baud, opt.registers,
           saw.asked, n);
    printf("lost %lu\nwrong %lu\nearly %lu\ntorn %lu\ndisturbed %lu\n", saw.lost, saw.wrong,
           saw.early, saw.torn, saw.disturbed);
    if (!n)
        return false;
    qsort(saw.turn, n, sizeof(*saw.turn), by_size);
    over = saw.turn[n / 2] - gap_us;
    part = 1000 * cycle * (double)n / saw.line_time;
    printf(
        "gap_us %.0f\nturn_us_least %.0f\nturn_us_p50 %.0f\nturn_us_p99 %.0f\nturn_us_most %.0f\n",
        gap_us, saw.turn[0], saw.turn[n / 2], saw.turn[n * 99 / 100], saw.turn[n - 1]);
    printf("over_us_p50 %.0f\npolls_per_s %.2f\nwire_polls_per_s %.2f\nwire_thousandths %.0f\n",
           over, (double)n * 1e6 / saw.line_time, 1e6 / cycle, part);
    printf("server_cpu_us_per_request %.1f\n", cpu_us / (double)saw.asked);
    if (saw.lost || saw.wrong || saw.early)
        return false;
    return (opt.most_over < 0 || over <= (double)opt.most_over) &&
           (opt.least_part < 0 || part >= (double)opt.least_part);
}

/* ---- the server ---- */

static void open_line(char *device, size_t size)
{
    struct termios raw;
    int keep;

    line = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (line < 0 || grantpt(line) != 0 || unlockpt(line) != 0 ||
        ptsname_r(line, device, size) != 0 ||
        (keep = open(device, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0) {
        perror("rtu_load: no pty");
        exit(2);
    }
    tcgetattr(keep, &raw); /* kept open, so that the line has an end before and after the server */
    cfmakeraw(&raw);
    tcsetattr(keep, TCSANOW, &raw);
}

static pid_t start(char **argv, char *device)
{
    pid_t pid;

    for (int i = 0; argv[i]; i++)
        if (strcmp(argv[i], "{}") == 0)
            argv[i] = device;
    fflush(stdout);
    pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execvp(argv[0], argv);
    perror(argv[0]);
    _exit(127);
}

static bool comes_up(pid_t server)
{
    double end = now_us() + START_MS * 1e3, turn;

    while (now_us() < end) {
        if (poll_once((unsigned)opt.first, &turn) == ANSWERED)
            return true;
        if (waitpid(server, NULL, WNOHANG) == server)
            return false;
    }
    return false;
}

static void stop(pid_t server)
{
    double end = now_us() + 2e6;

    kill(server, SIGTERM);
    while (waitpid(server, NULL, WNOHANG) == 0) {
        if (now_us() > end)
            kill(server, SIGKILL);
        wait_until(now_us() + 5e3);
    }
}

static double cpu_of(pid_t server)
{
    clockid_t id;
    struct timespec t;

    if (clock_getcpuclockid(server, &id) != 0 || clock_gettime(id, &t) != 0)
        return 0;
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* ---- options ---- */

static bool take(const char *key, const char *value)
{
    static const struct {
        const char *key;
        long *value;
    } numbers[] = {
        {"--baud",       &opt.baud      },
        {"--requests",   &opt.requests  },
        {"--registers",  &opt.registers },
        {"--unit",       &opt.unit      },
        {"--first",      &opt.first     },
        {"--span",       &opt.span      },
        {"--margin",     &opt.margin    },
        {"--seed",       &opt.seed      },
        {"--settle",     &opt.settle    },
        {"--most-over",  &opt.most_over },
        {"--least-part", &opt.least_part},
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (strcmp(key, numbers[i].key) == 0) {
            *numbers[i].value = atol(value);
            return true;
        }
    if (strcmp(key, "--values") == 0)
        opt.any_value = strcmp(value, "any") == 0;
    else if (strcmp(key, "--paced") == 0)
        opt.unpaced = strcmp(value, "no") == 0;
    else if (strcmp(key, "--disturb") == 0)
        opt.disturb = strcmp(value, "yes") == 0;
    else
        return false;
    return true;
}

static bool fits(void)
{
    return opt.baud > 0 && opt.requests > 0 && opt.registers > 0 && opt.registers <= 125 &&
           opt.span >= opt.registers && opt.settle >= 0;
}

int main(int argc, char **argv)
{
    char device[64];
    double cpu;
    pid_t server;
    int at = 1;
    bool good;

    while (at + 1 < argc && strcmp(argv[at], "--") != 0 && take(argv[at], argv[at + 1]))
        at += 2;
    if (at + 1 >= argc || strcmp(argv[at], "--") != 0 || !fits()) {
        fprintf(stderr, "rtu_load [OPTION VALUE]... -- SERVER ARGUMENT...\n");
        return 2;
    }
    prctl(PR_SET_TIMERSLACK, 1);
    srand((unsigned)opt.seed);
    char_us = 11e6 / (double)opt.baud;
    gap_us = opt.baud > 19200 ? 1750 : 3.5 * char_us;
    saw.turn = calloc((size_t)opt.requests, sizeof(*saw.turn));
    open_line(device, sizeof(device));
    server = start(argv + at + 1, device);
    if (server < 0 || !saw.turn || !comes_up(server)) {
        fprintf(stderr, "rtu_load: the server does not answer\n");
        kill(server, SIGKILL);
        return 2;
    }
    wait_until(now_us() + (double)opt.settle * 1e3);
    saw.line_time = 0;
    cpu = cpu_of(server);
    ask_all();
    cpu = cpu_of(server) - cpu;
    stop(server);
    good = report(cpu);
    free(saw.turn);
    return good ? 0 : 1;
}

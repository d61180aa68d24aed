/* Load for a Modbus TCP server: one thread, epoll, every answer checked.
 *
 * Usage: load [HOST:]PORT [OPTION VALUE]...
 *     --connections N (1)   --depth N (1)        requests under way on each, at most 64
 *     --registers N (10)    --address N (0)      --function 3|4 (3)   --unit N (1)
 *     --seconds S (1)       --warmup S (0.1)     not counted, but checked
 *     --rate N (0)          requests/s of all together; 0: the next when an answer has come
 *     --from ADDRESS        what the connections come from
 *     --pid N               whose processor time is counted: the server's
 *     --grace S (2)         how long is waited for what is missing in the end
 *
 * With a rate, latency counts from the moment a request was due, whatever kept it from being sent:
 * a server that stalls is not let off what would have been asked meanwhile.
 * Prints `key value` lines. Exit 1 when anything was wrong or lost. */
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "histogram.h"
#include "load_spec.h"
#include "request.h"

enum { BATCH = 256 };
#define NS_PER_S 1000000000ull

struct client {
    int fd; /* -1: it was closed */
    bool connected, served;
    uint16_t next;                /* transaction */
    unsigned waiting;             /* answers that are due */
    uint64_t asked_at[DEPTH_MAX]; /* by transaction */
    uint64_t due;                 /* of the next request, when paced */
    uint64_t answered;            /* in the time that counts */
    size_t have;
    uint8_t in[DEPTH_MAX * ANSWER_MAX];
};

static struct client *client;
static int epoll_fd, timer_fd;
static uint64_t from_ns, until_ns, each_ns; /* what counts; the pace of one client */
static bool asking = true;
static unsigned n_connected, n_served, n_closed;
static uint64_t connected_at, served_at, lost, fault[FAULTS];
static struct histogram took;

static uint64_t clock_ns(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static uint64_t now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

static void fail(const char *what)
{
    perror(what);
    exit(2);
}

/* ---- one client ---- */

/* An answer that never came counts with its age. */
static void lose(struct client *c, uint64_t now)
{
    for (; c->waiting; c->waiting--) {
        uint64_t at = c->asked_at[(uint16_t)(c->next - c->waiting) % DEPTH_MAX];

        lost++;
        if (now > at)
            histogram_add(&took, now - at);
    }
}

/* What was due and could not even be asked. */
static void lose_unasked(struct client *c, uint64_t now)
{
    for (; each_ns && c->due < until_ns && c->due < now; c->due += each_ns) {
        lost++;
        histogram_add(&took, now - c->due);
    }
}

static void end(struct client *c, uint64_t now)
{
    lose(c, now);
    close(c->fd);
    c->fd = -1;
    n_closed++;
}

/* Asks as often as it may now, with one send. */
static void ask(struct client *c, uint64_t now)
{
    uint8_t out[DEPTH_MAX * REQUEST_LEN];
    size_t len = 0;

    for (; (asking || each_ns) && c->connected && c->waiting < spec.depth; len += REQUEST_LEN) {
        if (each_ns && (c->due > now || c->due >= until_ns))
            break;
        c->asked_at[c->next % DEPTH_MAX] = each_ns ? c->due : now;
        c->due += each_ns;
        request_put(&spec.ask, c->next++, out + len);
        c->waiting++;
    }
    /* what is under way is less than any socket takes: a short send is a broken connection */
    if (len && send(c->fd, out, len, MSG_NOSIGNAL) != (ssize_t)len)
        end(c, now);
}

static void served(struct client *c, uint64_t now)
{
    if (c->served)
        return;
    c->served = true;
    n_served++;
    served_at = now;
}

static void take_answer(struct client *c, const uint8_t *adu, uint64_t now)
{
    uint16_t id = (uint16_t)(c->next - c->waiting);
    uint64_t at = c->asked_at[id % DEPTH_MAX];
    enum fault f = c->waiting ? answer_check(&spec.ask, id, adu) : WRONG_ID;

    fault[f]++;
    if (!c->waiting)
        return;
    c->waiting--;
    if (f == ANSWER_RIGHT)
        served(c, now);
    if (at >= from_ns && at < until_ns)
        histogram_add(&took, now - at);
    if (f == ANSWER_RIGHT && now >= from_ns && now < until_ns)
        c->answered++;
}

/* Takes what is complete. false: the framing is broken. */
static bool take_all(struct client *c, uint64_t now)
{
    size_t at = 0;

    for (;;) {
        int len = answer_length(c->in + at, c->have - at);

        if (len < 0)
            fault[WRONG_LENGTH]++;
        if (len < 0)
            return false;
        if (len == 0 || (size_t)len > c->have - at)
            break;
        take_answer(c, c->in + at, now);
        at += (size_t)len;
    }
    c->have -= at;
    if (c->have)
        memmove(c->in, c->in + at, c->have);
    return true;
}

static void connected(struct client *c, uint64_t now)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

    c->connected = true;
    if (++n_connected == spec.connections)
        connected_at = now;
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &ev);
    ask(c, now);
}

static void ready(struct client *c, uint32_t events)
{
    ssize_t n;
    uint64_t now;

    if (c->fd < 0)
        return;
    if (!c->connected && !(events & (EPOLLERR | EPOLLHUP))) {
        connected(c, now_ns());
        return;
    }
    n = recv(c->fd, c->in + c->have, sizeof(c->in) - c->have, 0);
    now = now_ns();
    if (n < 0 && errno == EAGAIN)
        return;
    if (n > 0)
        c->have += (size_t)n;
    if (n <= 0 || !take_all(c, now))
        end(c, now);
    else
        ask(c, now);
}

static void start(struct client *c, uint64_t now, unsigned i)
{
    struct epoll_event ev = {.events = EPOLLOUT, .data.ptr = c};
    int on = 1;

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0)
        fail("socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    if (spec.from.sin_family && bind(c->fd, (struct sockaddr *)&spec.from, sizeof(spec.from)) != 0)
        fail("bind");
    if (connect(c->fd, (struct sockaddr *)&spec.to, sizeof(spec.to)) != 0 && errno != EINPROGRESS)
        fail("connect");
    c->due = now + each_ns * i / spec.connections;
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &ev);
}

/* ---- all of them ---- */

/* Asks what is due and sets the timer to what is due next. */
static void pace(uint64_t now)
{
    struct itimerspec at = {0};
    uint64_t next = UINT64_MAX;

    for (unsigned i = 0; i < spec.connections; i++) {
        struct client *c = &client[i];

        if (c->fd >= 0 && c->due <= now)
            ask(c, now);
        if (c->fd >= 0 && c->due > now && c->due < next)
            next = c->due;
    }
    if (next == UINT64_MAX)
        next = now + NS_PER_S / 1000; /* all are behind: answers wake us, too */
    at.it_value.tv_sec = (time_t)(next / NS_PER_S);
    at.it_value.tv_nsec = (long)(next % NS_PER_S);
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

/* Paced, what was due is still asked when the time is over. */
static bool anybody_waits(void)
{
    for (unsigned i = 0; i < spec.connections; i++) {
        const struct client *c = &client[i];

        if (c->fd >= 0 && (c->waiting || !c->connected || (each_ns && c->due < until_ns)))
            return true;
    }
    return false;
}

/* Serves events until a moment, or until nobody waits any more. */
static void run_until(uint64_t moment)
{
    struct epoll_event got[BATCH];
    uint64_t now;

    while ((now = now_ns()) < moment && (asking || anybody_waits())) {
        int ms = (int)((moment - now) / 1000000) + 1;
        int n = epoll_wait(epoll_fd, got, BATCH, ms);

        for (int i = 0; i < n; i++)
            if (got[i].data.ptr)
                ready(got[i].data.ptr, got[i].events);
        if (each_ns)
            pace(now_ns());
    }
}

static void open_all(uint64_t now)
{
    struct epoll_event ev = {.events = EPOLLIN};
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    client = calloc(spec.connections, sizeof(*client));
    epoll_fd = epoll_create1(0);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    if (!client || epoll_fd < 0 || timer_fd < 0)
        fail("load");
    if (each_ns)
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &ev);
    for (unsigned i = 0; i < spec.connections; i++)
        start(&client[i], now, i);
}

/* ---- what came of it ---- */

static uint64_t cpu_of(pid_t pid)
{
    clockid_t id;

    return pid && clock_getcpuclockid(pid, &id) == 0 ? clock_ns(id) : 0;
}

static void print_times(uint64_t started)
{
    printf("connect_ms %.3f\n", connected_at ? (double)(connected_at - started) / 1e6 : -1.0);
    printf("all_served_ms %.3f\n",
           n_served == spec.connections ? (double)(served_at - started) / 1e6 : -1.0);
    printf("p50_us %.1f\np99_us %.1f\np999_us %.1f\nmax_us %.1f\n", histogram_us(&took, 0.5),
           histogram_us(&took, 0.99), histogram_us(&took, 0.999), (double)took.most / 1e3);
}

/* Returns whether all was right. */
static bool print_faults(void)
{
    uint64_t wrong = 0;

    for (int f = WRONG_ID; f < FAULTS; f++) {
        printf("%s %llu\n", fault_name[f], (unsigned long long)fault[f]);
        wrong += fault[f];
    }
    printf("lost %llu\nclosed %u\nunserved %u\n", (unsigned long long)lost, n_closed,
           spec.connections - n_served);
    return !wrong && !lost && !n_closed && n_served == spec.connections;
}

static void print_rates(double seconds, uint64_t cpu, uint64_t own)
{
    uint64_t least = UINT64_MAX, most = 0, all = 0;

    for (unsigned i = 0; i < spec.connections; i++) {
        uint64_t n = client[i].answered;

        least = n < least ? n : least;
        most = n > most ? n : most;
        all += n;
    }
    printf("requests %llu\nrps %.0f\n", (unsigned long long)all, (double)all / seconds);
    printf("client_min %llu\nclient_max %llu\n", (unsigned long long)least,
           (unsigned long long)most);
    if (all && spec.pid)
        printf("cpu_us %.3f\n", (double)cpu / 1e3 / (double)all);
    if (all)
        printf("load_cpu_us %.3f\n", (double)own / 1e3 / (double)all);
}

int main(int argc, char **argv)
{
    uint64_t started, cpu, own, begin;
    bool right;

    read_options(argc, argv);
    if (spec.rate > 0)
        each_ns = (uint64_t)((double)spec.connections * (double)NS_PER_S / spec.rate);
    started = now_ns();
    from_ns = started + (uint64_t)(spec.warmup * (double)NS_PER_S);
    until_ns = from_ns + (uint64_t)(spec.seconds * (double)NS_PER_S);
    open_all(started);
    run_until(from_ns);
    begin = now_ns();
    cpu = cpu_of(spec.pid);
    own = cpu_of(getpid());
    run_until(until_ns);
    cpu = cpu_of(spec.pid) - cpu;
    own = cpu_of(getpid()) - own;
    print_rates((double)(now_ns() - begin) / (double)NS_PER_S, cpu, own);
    asking = false;
    run_until(until_ns + (uint64_t)(spec.grace * (double)NS_PER_S));
    for (unsigned i = 0; i < spec.connections; i++) {
        lose(&client[i], now_ns());
        lose_unasked(&client[i], now_ns());
    }
    print_times(started);
    right = print_faults();
    return right ? 0 : 1;
}

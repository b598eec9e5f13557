/*
 * Stands between a PostgreSQL client and its server and cuts their connections where it hurts.
 *
 *   pg_proxy -m MODE [-s SEED] [-n CUTS] PORT
 *
 * Listens on a free port of 127.0.0.1, which it prints, and connects to PORT there. The client must
 * use sslmode=disable and gssencmode=disable, so that the messages can be read. MODE is
 *   before   the client's COMMIT is not passed on
 *   after    it is, but the server's answer to it is not
 *   late     the client is cut off at once, but its COMMIT reaches the server up to 0.3 s later
 *   byte     the connection ends at a random byte, in either direction
 * After CUTS (1 to 3 by SEED) of them, at random among the commits, all goes through undisturbed.
 * Each cut is told on standard error. Runs until standard input ends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 32, BLOCK = 65536, KEPT = 64 };

enum mode { BEFORE, AFTER, LATE, BYTE, MODES };
static const char *const mode_names[MODES] = { "before", "after", "late", "byte" };

/* One direction of a connection: messages of a type (none in the client's first), a length and a
 * body, of which the beginning is kept. */
struct direction {
    bool first;           /* the message without a type is still to come */
    unsigned char head[5];
    size_t head_length;
    uint32_t body_left;
    char body[KEPT];
    size_t body_length;
};

struct connection {
    int client, server; /* descriptors; -1: closed */
    struct direction out, back;
};

struct proxy {
    enum mode mode;
    uint64_t random;
    unsigned cuts;      /* still to be made */
    unsigned skip;      /* commits to let through before the next */
    uint64_t bytes;     /* to let through before the next */
    in_port_t port;
    int listener;
    struct connection connections[MOST_CONNECTIONS];
    size_t count;
};

/* splitmix64, 0 to below `limit` */
static unsigned below(struct proxy *proxy, unsigned limit)
{
    uint64_t z = proxy->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((z ^ (z >> 31)) % limit);
}

__attribute__((noreturn)) static void stop_here(const char *what)
{
    fprintf(stderr, "pg_proxy: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void plan_cut(struct proxy *proxy)
{
    proxy->skip = below(proxy, 8);
    proxy->bytes = 1 + below(proxy, 1U << below(proxy, 21));
}

/* ---- messages -------------------------------------------------------------------------------- */

/* Takes a byte in. True at the last of a message, whose type and beginning are then known. */
static bool take_byte(struct direction *direction, char byte)
{
    size_t head_size = direction->first ? 4 : 5;
    if (direction->body_left == 0) {
        if (direction->head_length == head_size || direction->head_length == 0) {
            direction->head_length = direction->body_length = 0;
            memset(direction->body, 0, sizeof direction->body);
        }
        direction->head[direction->head_length++] = (unsigned char)byte;
        if (direction->head_length < head_size)
            return false;
        const unsigned char *length = direction->head + head_size - 4;
        direction->body_left = ((uint32_t)length[0] << 24 | (uint32_t)length[1] << 16
                                | (uint32_t)length[2] << 8 | length[3]) - 4;
        return direction->body_left == 0;
    }
    if (direction->body_length < KEPT - 1)
        direction->body[direction->body_length++] = byte;
    if (--direction->body_left > 0)
        return false;
    if (direction->first) {
        direction->first = false;
        direction->head[0] = 0; /* no type, so nothing that says_commit looks at */
        direction->head_length = 5;
    }
    return true;
}

/* Whether the message that has just ended is the client's COMMIT, or the server's answer to it. */
static bool says_commit(const struct direction *direction, bool from_client)
{
    const char *body = direction->body;
    if (from_client && direction->head[0] == 'P') /* the statement's name comes first */
        body += strlen(body) + 1;
    bool speaks = from_client ? direction->head[0] == 'Q' || direction->head[0] == 'P'
                              : direction->head[0] == 'C';
    return speaks && strncasecmp(body, "COMMIT", 6) == 0;
}

/* ---- connections ----------------------------------------------------------------------------- */

static int connect_to_server(struct proxy *proxy)
{
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = proxy->port,
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    if (server < 0 || connect(server, (struct sockaddr *)&address, sizeof address))
        stop_here("connecting to the server");
    return server;
}

static void take_connection(struct proxy *proxy)
{
    int client = accept(proxy->listener, NULL, NULL);
    if (client < 0)
        return;
    if (proxy->count == MOST_CONNECTIONS) {
        errno = EMFILE;
        stop_here("connections");
    }
    struct connection *connection = &proxy->connections[proxy->count++];
    *connection = (struct connection){ .client = client, .server = connect_to_server(proxy),
                                       .out = { .first = true } };
    const int yes = 1;
    setsockopt(connection->client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(connection->server, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

static void close_connection(struct connection *connection)
{
    close(connection->client);
    close(connection->server);
    connection->client = connection->server = -1;
}

/* Sends all of it; what cannot be sent any more is nobody's loss here. */
static void send_on(int descriptor, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(descriptor, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        length -= (size_t)sent;
    }
}

static void cut(struct proxy *proxy, struct connection *connection)
{
    fprintf(stderr, "pg_proxy: cut %s\n", mode_names[proxy->mode]);
    close_connection(connection);
    proxy->cuts--;
    plan_cut(proxy);
}

/* The client sees its connection end, then the server gets the message. */
static void cut_late(struct proxy *proxy, struct connection *connection, const char *bytes,
                     size_t length)
{
    shutdown(connection->client, SHUT_RDWR);
    const struct timespec time = { .tv_nsec = (long)below(proxy, 300) * 1000000 };
    nanosleep(&time, NULL);
    send_on(connection->server, bytes, length);
    cut(proxy, connection);
}

/* Whether the connection is to be cut at this commit, or the server's answer to one. */
static bool strikes(struct proxy *proxy, bool from_client)
{
    if (proxy->cuts == 0 || proxy->mode == BYTE || from_client == (proxy->mode == AFTER))
        return false;
    if (proxy->skip == 0)
        return true;
    proxy->skip--;
    return false;
}

/* Passes on what has come from one side, up to the cut if there is one. */
static void pass_on(struct proxy *proxy, struct connection *connection, bool from_client)
{
    static char block[BLOCK];
    int from = from_client ? connection->client : connection->server;
    int to = from_client ? connection->server : connection->client;
    struct direction *direction = from_client ? &connection->out : &connection->back;
    ssize_t length = recv(from, block, sizeof block, 0);
    if (length <= 0) {
        close_connection(connection);
        return;
    }
    size_t message = 0; /* where the one begins that is being read, in this block */
    for (size_t i = 0; i < (size_t)length; i++) {
        if (proxy->mode == BYTE && proxy->cuts > 0 && --proxy->bytes == 0) {
            send_on(to, block, i);
            cut(proxy, connection);
            return;
        }
        if (!take_byte(direction, block[i]))
            continue;
        if (says_commit(direction, from_client) && strikes(proxy, from_client)) {
            send_on(to, block, message);
            if (proxy->mode == LATE)
                cut_late(proxy, connection, block + message, i + 1 - message);
            else
                cut(proxy, connection);
            return;
        }
        message = i + 1;
    }
    send_on(to, block, (size_t)length);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void listen_somewhere(struct proxy *proxy)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof address;
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (proxy->listener < 0 || bind(proxy->listener, (struct sockaddr *)&address, size)
        || listen(proxy->listener, MOST_CONNECTIONS)
        || getsockname(proxy->listener, (struct sockaddr *)&address, &size))
        stop_here("listening");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
}

static void forget_closed(struct proxy *proxy)
{
    size_t kept = 0;
    for (size_t i = 0; i < proxy->count; i++)
        if (proxy->connections[i].client >= 0)
            proxy->connections[kept++] = proxy->connections[i];
    proxy->count = kept;
}

/* One round: false when standard input has ended. */
static bool serve(struct proxy *proxy)
{
    struct pollfd waits[2 + 2 * MOST_CONNECTIONS] = { { .fd = STDIN_FILENO, .events = POLLIN },
                                                      { .fd = proxy->listener,
                                                        .events = POLLIN } };
    size_t count = proxy->count;
    for (size_t i = 0; i < count; i++) {
        waits[2 + 2 * i] = (struct pollfd){ .fd = proxy->connections[i].client,
                                            .events = POLLIN };
        waits[3 + 2 * i] = (struct pollfd){ .fd = proxy->connections[i].server,
                                            .events = POLLIN };
    }
    poll(waits, 2 + 2 * (nfds_t)count, -1);
    char byte;
    if (waits[0].revents && read(STDIN_FILENO, &byte, 1) <= 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct connection *connection = &proxy->connections[i];
        if (waits[2 + 2 * i].revents)
            pass_on(proxy, connection, true);
        if (waits[3 + 2 * i].revents && connection->server >= 0)
            pass_on(proxy, connection, false);
    }
    if (waits[1].revents)
        take_connection(proxy);
    forget_closed(proxy);
    return true;
}

static enum mode mode_called(const char *name)
{
    for (int mode = 0; mode < MODES; mode++)
        if (strcmp(name, mode_names[mode]) == 0)
            return (enum mode)mode;
    fprintf(stderr, "pg_proxy: there is no mode %s\n", name);
    exit(2);
}

int main(int argc, char **argv)
{
    static struct proxy proxy;
    int option;
    while ((option = getopt(argc, argv, "m:s:n:")) != -1) {
        switch (option) {
        case 'm': proxy.mode = mode_called(optarg); break;
        case 's': proxy.random = strtoull(optarg, NULL, 10); break;
        case 'n': proxy.cuts = (unsigned)strtoul(optarg, NULL, 10); break;
        default: return 2;
        }
    }
    if (optind + 1 != argc) {
        fprintf(stderr, "usage: pg_proxy -m MODE [-s SEED] [-n CUTS] PORT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    proxy.port = htons((in_port_t)strtoul(argv[optind], NULL, 10));
    if (proxy.cuts == 0)
        proxy.cuts = 1 + below(&proxy, 3);
    plan_cut(&proxy);
    listen_somewhere(&proxy);
    while (serve(&proxy))
        continue;
    return 0;
}

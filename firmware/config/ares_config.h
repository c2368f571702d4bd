/*
 * ares_config.h: what is built of c-ares, and what it gets in place of an operating system.
 *
 * c-ares runs over ares_set_socket_functions_ex() only. Whatever else it would ask an operating
 * system for is cut off here: the clock and randomness lead to sp_port.h; files, the environment,
 * the host's name and BSD sockets do not exist for it. So it never reads the build machine's
 * resolv.conf or hosts, and virtual time holds.
 *
 * The functions are redirected by macros; the headers that declare them therefore come first.
 */
#ifndef SP_ARES_CONFIG_H
#define SP_ARES_CONFIG_H

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "sp_port.h"

/* Headers, types and functions that both glibc and newlib with our board headers have. */
#define HAVE_AF_INET6 1
#define HAVE_PF_INET6 1
#define HAVE_ARPA_INET_H 1
#define HAVE_ASSERT_H 1
#define HAVE_ERRNO_H 1
#define HAVE_FCNTL_H 1
#define HAVE_FCNTL_O_NONBLOCK 1 /* some way is demanded; fcntl() is cut off below */
#define HAVE_INTTYPES_H 1
#define HAVE_LIMITS_H 1
#define HAVE_LONGLONG 1
#define HAVE_NETDB_H 1
#define HAVE_NETINET_IN_H 1
#define HAVE_NETINET_TCP_H 1
#define HAVE_STDBOOL_H 1
#define HAVE_STDINT_H 1
#define HAVE_STDLIB_H 1
#define HAVE_STRINGS_H 1
#define HAVE_STRING_H 1
#define HAVE_STRCASECMP 1
#define HAVE_STRDUP 1
#define HAVE_STRNCASECMP 1
#define HAVE_STRNLEN 1
#define HAVE_STRUCT_ADDRINFO 1
#define HAVE_STRUCT_IN6_ADDR 1
#define HAVE_STRUCT_SOCKADDR_IN6 1
#define HAVE_STRUCT_SOCKADDR_IN6_SIN6_SCOPE_ID 1
#define HAVE_STRUCT_SOCKADDR_STORAGE 1
#define HAVE_STRUCT_TIMEVAL 1
#define HAVE_SYS_SOCKET_H 1
#define HAVE_SYS_TIME_H 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_SYS_UIO_H 1
#define HAVE_TIME_H 1
#define HAVE_UNISTD_H 1
#define HAVE_WRITEV 1

/* Not defined, on purpose: CARES_THREADS, HAVE_PIPE/POLL/EPOLL/KQUEUE (no event thread), HAVE_STAT,
 * HAVE_GETENV, HAVE_GETHOSTNAME, HAVE_GETIFADDRS, HAVE_IF_NAMETOINDEX, HAVE_IF_INDEXTONAME,
 * HAVE_GETRANDOM, CARES_RANDOM_FILE. */

/* Service names are looked up by the caller, never in a services file. */
#define getservbyname(name, proto) ((struct servent *)NULL)
#define getservbyport(port, proto) ((struct servent *)NULL)

#define RECVFROM_TYPE_ARG1 int
#define RECVFROM_TYPE_ARG2 void *
#define RECVFROM_TYPE_ARG3 size_t
#define RECVFROM_TYPE_ARG4 int
#define RECVFROM_TYPE_ARG5 struct sockaddr *
#define RECVFROM_QUAL_ARG5
#define RECVFROM_TYPE_RETV ssize_t
#define RECV_TYPE_ARG1 int
#define RECV_TYPE_ARG2 void *
#define RECV_TYPE_ARG3 size_t
#define RECV_TYPE_ARG4 int
#define RECV_TYPE_RETV ssize_t
#define SEND_TYPE_ARG1 int
#define SEND_TYPE_ARG2 const void *
#define SEND_TYPE_ARG3 size_t
#define SEND_TYPE_ARG4 int
#define SEND_TYPE_RETV ssize_t
#define GETHOSTNAME_TYPE_ARG2 size_t
#define GETNAMEINFO_QUAL_ARG1
#define GETNAMEINFO_TYPE_ARG1 struct sockaddr *
#define GETNAMEINFO_TYPE_ARG2 socklen_t
#define GETNAMEINFO_TYPE_ARG46 socklen_t
#define GETNAMEINFO_TYPE_ARG7 int

/* The clock. ares_tvnow() calls clock_gettime(), which cannot fail here. */
#define HAVE_CLOCK_GETTIME_MONOTONIC 1
static inline int sp_ares_clock(struct timespec *now)
{
    uint64_t ms = sp_port_mono_ms();

    now->tv_sec = (time_t)(ms / 1000U);
    now->tv_nsec = (long)(ms % 1000U) * 1000000L;
    return 0;
}
#define clock_gettime(clock, now) sp_ares_clock(now)
#define gettimeofday(now, zone) ((void)(now), -1)
/* Seeds the hash tables, and ages the hosts file that does not exist. */
#define time(out) ((time_t)(sp_port_mono_ms() / 1000U))

/* Randomness: query ids, 0x20, cookies. Going on without it would make answers forgeable. */
#define HAVE_ARC4RANDOM_BUF 1
static inline void sp_ares_random(void *p, size_t n)
{
    if (sp_port_random(p, n) != 0) {
        sp_port_assert_failed("no randomness for DNS", __FILE__, __LINE__);
    }
}
#define arc4random_buf(p, n) sp_ares_random(p, n)

/* Its own generator is for systems without one, and is never reached. */
#define rand() (sp_port_assert_failed("DNS without randomness", __FILE__, __LINE__), 0)
#define srand(seed) ((void)(seed))

/* Files: none is ever found. */
#define fopen(path, mode) ((void)(path), errno = ENOENT, (FILE *)NULL)
#define fclose(file) ((void)(file))
#define fread(p, size, n, file) ((size_t)0)
#define fseek(file, offset, whence) (-1)
#define ftell(file) (-1L)

/* BSD sockets: c-ares installs functions that call these before ours replace them. */
#define socket(domain, type, protocol) (errno = ENOSYS, -1)
#define close(fd) (errno = ENOSYS, -1)
#define connect(fd, address, n) (errno = ENOSYS, -1)
#define bind(fd, address, n) (errno = ENOSYS, -1)
#define getsockname(fd, address, n) (errno = ENOSYS, -1)
#define setsockopt(fd, level, name, value, n) (errno = ENOSYS, -1)
#define recv(fd, p, n, flags) (errno = ENOSYS, (ssize_t)-1)
#define recvfrom(fd, p, n, flags, address, length) (errno = ENOSYS, (ssize_t)-1)
#define send(fd, p, n, flags) (errno = ENOSYS, (ssize_t)-1)
#define sendto(fd, p, n, flags, address, length) (errno = ENOSYS, (ssize_t)-1)
#define fcntl(...) (errno = ENOSYS, -1)

#endif

/*
 * What c-ares compiles against in place of BSD sockets, which newlib does not have: types and
 * numbers only. No function is ever called (firmware/config/ares_config.h cuts them off), and no
 * number leaves the firmware; they only have to be distinct.
 */
#ifndef SP_SHIM_SYS_SOCKET_H
#define SP_SHIM_SYS_SOCKET_H

#include <stdint.h>
#include <sys/types.h>

typedef uint32_t socklen_t;
typedef uint16_t sa_family_t;

struct sockaddr {
    sa_family_t sa_family;
    char sa_data[14];
};

struct sockaddr_storage {
    sa_family_t ss_family;
    uint32_t ss_data[7]; /* struct sockaddr_in6 is the largest */
};

#define AF_UNSPEC 0
#define AF_INET 2
#define AF_INET6 10
#define PF_UNSPEC AF_UNSPEC
#define PF_INET AF_INET
#define PF_INET6 AF_INET6

#define SOCK_STREAM 1
#define SOCK_DGRAM 2

#define SOL_SOCKET 0xfff
#define SO_RCVBUF 1
#define SO_SNDBUF 2

#endif

/*
 * ares_build.h: the types in c-ares' public headers. It stands in for the file that c-ares' own
 * configuration would generate.
 */
#ifndef __CARES_BUILD_H
#define __CARES_BUILD_H

#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>

#define CARES_TYPEOF_ARES_SOCKLEN_T socklen_t
#define CARES_TYPEOF_ARES_SSIZE_T ssize_t
#define CARES_HAVE_SYS_TYPES_H
#define CARES_HAVE_SYS_SOCKET_H
#define CARES_HAVE_SYS_SELECT_H

#endif

/* c-ares brings its own conversions of addresses. */
#ifndef SP_SHIM_ARPA_INET_H
#define SP_SHIM_ARPA_INET_H

#include <netinet/in.h>

#endif

/* An option that c-ares names, as in sys/socket.h. */
#ifndef SP_SHIM_NETINET_TCP_H
#define SP_SHIM_NETINET_TCP_H

#define TCP_NODELAY 1

#endif

/* For c-ares, as in sys/socket.h. */
#ifndef SP_SHIM_SYS_UIO_H
#define SP_SHIM_SYS_UIO_H

#include <stddef.h>

struct iovec {
    void *iov_base;
    size_t iov_len;
};

#endif

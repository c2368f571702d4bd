/*
 * base/fence: tells the address sanitizer which memory nobody has, so that a use of it ends the
 * test that did it. In a build without the sanitizer, both do nothing (fence_none.c).
 */
#ifndef SP_BASE_FENCE_H
#define SP_BASE_FENCE_H

#include <stddef.h>

/* From here on n bytes at p are not to be touched; p is a multiple of 8. */
void sp_fence_close(const void *p, size_t n);
void sp_fence_open(const void *p, size_t n);

#endif

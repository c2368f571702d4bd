/* The interrupt table (vectors.c). */
#ifndef EMCRAFT_VECTORS_H
#define EMCRAFT_VECTORS_H

#include <stdint.h>

union vector {
    const uint32_t *stack; /* where the stack of interrupts begins */
    void (*handler)(void);
};

extern const union vector sp_vectors[];

#endif

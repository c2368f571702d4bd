/*
 * Eight regions; where two overlap, the higher number holds. What no region names keeps the
 * architecture's default: peripherals are accessible and not executable.
 *
 *   0  the whole DDR: nobody, so that a stray pointer is met
 *   1  address zero: nobody
 *   2  code and constants: read and execute
 *   3  data: read and write
 *   4  eSRAM: read and write
 *   5  eNVM: read
 *   6  the end of the interrupts' stack: nobody
 *   7  the end of the running task's stack: nobody
 */
#include "board.h"
#include "sf2.h"

#define DATA 0xa0100000U /* as in memory.ld */
#define DATA_EIGHTH 0x20000U

extern uint32_t sp_heap_end[];

enum access { NOBODY = 0, READ_WRITE = 1, READ = 5, EXECUTE = 6 };

/* Attributes: normal memory, cached; what is executed is not written and the reverse. */
static uint32_t attributes(enum access access, uint32_t log2_size)
{
    uint32_t never = access == EXECUTE ? 0 : MPU_RASR_XN_Msk;
    return never | (uint32_t)access << MPU_RASR_AP_Pos | 1U << MPU_RASR_C_Pos |
           (log2_size - 1) << MPU_RASR_SIZE_Pos | MPU_RASR_ENABLE_Msk;
}

static void set(uint32_t number, uint32_t base, uint32_t log2_size, enum access access)
{
    MPU->RNR = number;
    MPU->RASR = 0;
    MPU->RBAR = base;
    MPU->RASR = attributes(access, log2_size);
}

void sp_mpu_guard(const void *stack)
{
    /* One write: region 7, the guard's size and access stay. */
    MPU->RBAR = (uint32_t)(uintptr_t)stack | MPU_RBAR_VALID_Msk | 7U;
    __DSB();
    __ISB();
}

static bool is_within(uint32_t region, uint32_t address)
{
    MPU->RNR = region;
    return address - (MPU->RBAR & MPU_RBAR_ADDR_Msk) < MPU_GUARD;
}

bool sp_mpu_is_guard(uint32_t address)
{
    return is_within(6, address) || is_within(7, address);
}

void sp_mpu_unguard(void)
{
    MPU->RNR = 6;
    MPU->RASR = 0;
    MPU->RNR = 7;
    MPU->RASR = 0;
    __DSB();
    __ISB();
}

/* Data: a region of a megabyte, of which the eighths past the end of the heap are left out. */
static void set_data(void)
{
    uint32_t used = (uint32_t)(uintptr_t)sp_heap_end - DATA;
    uint32_t eighths = (used + DATA_EIGHTH - 1) / DATA_EIGHTH;
    set(3, DATA, 20, READ_WRITE);
    MPU->RASR |= (0xffU << eighths & 0xffU) << MPU_RASR_SRD_Pos;
}

void sp_mpu_start(void)
{
    set_data();
    set(0, 0xa0000000U, 26, NOBODY);
    set(1, 0, 18, NOBODY);
    set(4, 0x20000000U, 16, READ_WRITE);
    set(5, SF2_ENVM, 18, READ);
    set(6, (uint32_t)(uintptr_t)sp_interrupt_stack, 5, NOBODY);
    set(7, (uint32_t)(uintptr_t)sp_interrupt_stack, 5, NOBODY);
    __DSB();
    __ISB();
}

/*
 * From the reset to main. This file's own code lies in eNVM, which may be executed from the start;
 * the DDR, where all the rest lies, only once the MPU says so. It must not call anything there
 * before.
 *
 * On a real board a first stage has set up clocks, pins and the DDR controller, and has copied the
 * code from SPI flash to the DDR; README.md.
 */
#include "board.h"
#include "sf2.h"
#include "vectors.h"

#define BOOT __attribute__((section(".boot.text"), used, noinline))
#define CODE_SIZE_512K 18U /* log2, less one */

extern uint32_t sp_data_start[], sp_data_end[], sp_bss_start[], sp_bss_end[];
extern const uint32_t sp_data_image[];

BOOT void sp_reset(void);

__attribute__((section(".boot.vectors"), used)) static const union vector reset_vector[2] = {
    {.stack = &sp_interrupt_stack[INTERRUPT_STACK / 4]},
    {.handler = sp_reset},
};

static inline void make_code_executable(void)
{
    MPU->RNR = 2;
    MPU->RBAR = 0xa0000000U;
    MPU->RASR = 6U << MPU_RASR_AP_Pos | 1U << MPU_RASR_C_Pos | CODE_SIZE_512K << MPU_RASR_SIZE_Pos |
                MPU_RASR_ENABLE_Msk;
    MPU->CTRL = MPU_CTRL_ENABLE_Msk | MPU_CTRL_HFNMIENA_Msk | MPU_CTRL_PRIVDEFENA_Msk;
    __DSB();
    __ISB();
}

/* In C words, not by memcpy, which lies in the DDR; volatile keeps the compiler from calling it. */
static inline void fill_data(void)
{
    const uint32_t *from = sp_data_image;
    for (volatile uint32_t *to = sp_data_start; to != sp_data_end;) {
        *to++ = *from++;
    }
    for (volatile uint32_t *to = sp_bss_start; to != sp_bss_end;) {
        *to++ = 0;
    }
}

BOOT void sp_reset(void)
{
    int (*volatile go)(void) = main;
    __disable_irq();
    make_code_executable();
    fill_data();
    (void)go();
}

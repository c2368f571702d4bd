/*
 * The interrupt table, in the code region; main sets VTOR to it. Each entry is named here, so that
 * a missing handler does not link.
 */
#include "vectors.h"
#include "board.h"
#include "sf2.h"

/* FreeRTOS's port. */
void vPortSVCHandler(void);
void xPortPendSVHandler(void);
void xPortSysTickHandler(void);

uint32_t sp_interrupt_stack[INTERRUPT_STACK / 4] __attribute__((section(".stacks"), aligned(32)));

#define INTERRUPTS 82

__attribute__((section(".vectors"), used, aligned(512)))
const union vector sp_vectors[16 + INTERRUPTS] = {
    [0] = {.stack = &sp_interrupt_stack[INTERRUPT_STACK / 4]},
    [1] = {.handler = sp_reset},
    [2] = {.handler = crash_fault_entry}, /* nothing here raises an NMI */
    [16 + HardFault_IRQn] = {.handler = crash_fault_entry},
    [16 + MemoryManagement_IRQn] = {.handler = crash_fault_entry},
    [16 + BusFault_IRQn] = {.handler = crash_fault_entry},
    [16 + UsageFault_IRQn] = {.handler = crash_fault_entry},
    [16 + SVCall_IRQn] = {.handler = vPortSVCHandler},
    [16 + PendSV_IRQn] = {.handler = xPortPendSVHandler},
    [16 + SysTick_IRQn] = {.handler = xPortSysTickHandler},
    [16 + UART0_IRQn] = {.handler = board_uart_interrupt},
    [16 + EMAC_IRQn] = {.handler = board_emac_interrupt},
};

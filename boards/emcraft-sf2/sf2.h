/*
 * The SmartFusion2 as this board uses it: addresses, interrupts, clocks; and the core by CMSIS.
 */
#ifndef EMCRAFT_SF2_H
#define EMCRAFT_SF2_H

typedef enum {
    NonMaskableInt_IRQn = -14,
    HardFault_IRQn = -13,
    MemoryManagement_IRQn = -12,
    BusFault_IRQn = -11,
    UsageFault_IRQn = -10,
    SVCall_IRQn = -5,
    DebugMonitor_IRQn = -4,
    PendSV_IRQn = -2,
    SysTick_IRQn = -1,
    UART0_IRQn = 10,
    EMAC_IRQn = 12
} IRQn_Type;

#define __CM3_REV 0x0201U
#define __MPU_PRESENT 1U
#define __NVIC_PRIO_BITS 4U /* the real part's; QEMU's core has more */
#define __Vendor_SysTickConfig 0U
#include <core_cm3.h>

#define SF2_UART0 0x40000000U
#define SF2_SPI0 0x40001000U
#define SF2_TIMER1 0x40004000U
#define SF2_WATCHDOG 0x40005000U
#define SF2_GPIO 0x40013000U
#define SF2_EMAC 0x40041000U

#define SF2_CPU_HZ 142000000U
/* QEMU runs the timers at 100 MHz; on the board it is the APB bus, 71 MHz. */
#define SF2_TIMER_HZ 100000000U

#define SF2_ENVM 0x60000000U
#define SF2_ENVM_SIZE 0x40000U

static inline volatile uint32_t *sf2_register(uint32_t block, uint32_t offset)
{
    return (volatile uint32_t *)(block + offset);
}

#endif

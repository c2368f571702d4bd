/*
 * What the files of this board share.
 *
 *   boot.c        from the reset to main, in eNVM
 *   vectors.c     the interrupt table
 *   mpu.c         who may read, write and execute what
 *   main.c        devices, the service task, and the one for the console's keys
 *   supervisor.c  the task that blinks the light and watches over the service
 *   rtos.c        memory and hooks of FreeRTOS
 *   clock.c       the clock over a hardware timer
 *   probe.c       what the board tells of itself
 *   crash.c       faults: a record in eSRAM, and a restart
 *   libc.c, printf.c   what newlib needs, and a small printf in place of its large one
 */
#ifndef EMCRAFT_BOARD_H
#define EMCRAFT_BOARD_H

#include "hal/board.h"
#include "sf2_emac/sf2_emac.h"
#include "spi_nor/spi_nor.h"

#include <FreeRTOS.h>
#include <task.h>

#include <stdbool.h>

/* Bytes, of which MPU_GUARD at the end belong to nobody. `status` tells how many were used. */
#define SERVICE_STACK 6656U   /* an order and four handshakes took 4176 */
#define KEYS_STACK 672U       /* 336 were used by every kind of key */
#define SUPERVISOR_STACK 384U /* 112 were used; a standstill takes some 200 */
#define IDLE_STACK 512U       /* 80; tests/target prints from its idle hook */
#define INTERRUPT_STACK 512U  /* 152: two interrupts and the tick */

/* --- boot.c, vectors.c --- */
void sp_reset(void);
int main(void);
extern uint32_t sp_interrupt_stack[INTERRUPT_STACK / 4];

/* --- probe.c --- */
/* How far the heap has grown. */
void board_heap(struct sp_stack_use *out);
/* Gives malloc the whole heap at once. Piece by piece it would ask for whole pages, whatever it has
 * left at its end, and go without although there is room. Before anybody allocates. */
void board_begin_heap(void);
struct sp_hal_probe *board_probe(void);
/* So that its use can be seen; it is main's own until the scheduler starts. */
void board_paint_interrupt_stack(void);

/* --- mpu.c --- */
#define MPU_GUARD 32U /* bytes at a stack's end that nobody may touch */
/* Guards the end of the running task's stack. FreeRTOS calls it at each switch. */
void sp_mpu_guard(const void *stack);
/* Whether the address lies in a guard. */
bool sp_mpu_is_guard(uint32_t address);
/* Takes the guards away, for the fault handler. */
void sp_mpu_unguard(void);
/* The other regions; boot.c has made the code executable. */
void sp_mpu_start(void);

/* --- clock.c --- */
struct sp_hal_clock *board_clock_start(void);
uint64_t board_clock_ms(void);
uint64_t board_clock_ticks(void); /* of SF2_TIMER_HZ */
void board_clock_tick(void);      /* from FreeRTOS's tick */
void board_wait_us(uint32_t us);

/* --- main.c --- */
void board_uart_interrupt(void);
void board_emac_interrupt(void);
void board_panic_text(const char *text);
TaskHandle_t board_service_task(void);
struct sp_sf2_emac *board_emac(void);
const struct sp_spi_nor *board_flash_part(void);
extern StackType_t board_service_stack[SERVICE_STACK / sizeof(StackType_t)];
extern StackType_t board_keys_stack[KEYS_STACK / sizeof(StackType_t)];
extern StackType_t board_supervisor_stack[SUPERVISOR_STACK / sizeof(StackType_t)];

/* --- rtos.c --- */
extern StackType_t board_idle_stack[IDLE_STACK / sizeof(StackType_t)];

/* --- supervisor.c --- */
struct sp_hal_watchdog *board_watchdog(void);
struct sp_hal_led *board_light(void);
void board_supervisor(void *unused);

/* --- crash.c: each leaves a record and restarts --- */
struct sp_hal_crash *board_crash(void);
void crash_fault_entry(void);
_Noreturn void crash_abort(const void *caller);
_Noreturn void crash_assertion(const char *what, const char *file, int line, const void *caller);
/* That task, which is not the running one, makes no progress. */
_Noreturn void crash_standstill(TaskHandle_t task);
_Noreturn void board_restart(void);

#endif

/*
 * Faults. The record lies in eSRAM, which neither the reset nor the start touches. The handler uses
 * nothing that the fault may have broken: no heap, no lock, no task; and it begins its own stack
 * anew, since the old one may have run over.
 */
#include "base/err.h"
#include "board.h"
#include "sf2.h"
#include "sp_port.h"

#include <stdio.h>
#include <string.h>

#define MAGIC 0x53504353U
#define FRAME_LR 5U /* of the registers that the core has stacked */
#define FRAME_PC 6U
#define FRAME_WORDS 8U
#define SAVED_WORDS 8U /* that FreeRTOS stacks below them, of a task that does not run */
#define SCAN_WORDS (SERVICE_STACK / 4)

enum kind { HARD, MEMORY, BUS, USAGE, STACK, STANDSTILL, ASSERTION, ABORT };

static const char *const kinds[] = {
    [HARD] = "a fault",
    [MEMORY] = "an access that is not allowed",
    [BUS] = "a bus error",
    [USAGE] = "an instruction that does not exist",
    [STACK] = "a stack that ran over",
    [STANDSTILL] = "a standstill of the loop",
    [ASSERTION] = "a failed assertion",
    [ABORT] = "a call of abort",
};

struct record {
    uint32_t magic;
    uint32_t kind;
    struct sp_crash crash;
    uint32_t sum; /* of all before */
};

struct row { /* of crashes that came soon after a start; it outlives the record */
    uint32_t magic;
    uint32_t n;
    uint32_t sum;
};

static struct record kept __attribute__((section(".crash")));
static struct row row __attribute__((section(".crash")));

extern uint32_t sp_data_start[], sp_heap_end[], sp_text_start[], sp_text_end[];

static uint32_t sum_of(const void *p, size_t n)
{
    const uint8_t *bytes = p;
    uint32_t sum = 0x9e3779b9U;
    for (size_t i = 0; i < n; i++) {
        sum = (sum << 5 | sum >> 27) ^ bytes[i];
    }
    return sum;
}

_Noreturn void board_restart(void)
{
    NVIC_SystemReset();
}

/* --- leaving a record --- */

static const char *task_name(void)
{
    TaskHandle_t task = xTaskGetCurrentTaskHandle();
    return task != NULL ? pcTaskGetName(task) : "start";
}

static uint32_t count_row(uint64_t uptime_ms)
{
    bool known = row.magic == MAGIC && row.sum == sum_of(&row, offsetof(struct row, sum));
    row.n = known && uptime_ms < SP_CRASH_SOON_MS ? row.n + 1 : 1;
    row.magic = MAGIC;
    row.sum = sum_of(&row, offsetof(struct row, sum));
    return row.n;
}

static void begin(enum kind kind, uint32_t pc, uint32_t lr, const char *task)
{
    __disable_irq();
    memset(&kept, 0, sizeof kept);
    kept.kind = (uint32_t)kind;
    kept.crash.pc = pc;
    kept.crash.lr = lr;
    kept.crash.uptime_ms = board_clock_ms();
    kept.crash.utc = sp_port_utc_s();
    kept.crash.in_a_row = count_row(kept.crash.uptime_ms);
    strncpy(kept.crash.task, task, sizeof kept.crash.task - 1);
}

static _Noreturn void finish(void)
{
    kept.magic = MAGIC;
    kept.sum = sum_of(&kept, offsetof(struct record, sum));
    board_restart();
}

_Noreturn void crash_abort(const void *caller)
{
    begin(ABORT, (uint32_t)(uintptr_t)caller, 0, task_name());
    finish();
}

_Noreturn void crash_assertion(const char *what, const char *file, int line, const void *caller)
{
    const char *slash = strrchr(file, '/');
    begin(ASSERTION, (uint32_t)(uintptr_t)caller, 0, task_name());
    (void)snprintf(kept.crash.text, sizeof kept.crash.text, "%s:%d: %s",
                   slash != NULL ? slash + 1 : file, line, what);
    finish();
}

/* task does not run: FreeRTOS has stacked its registers, and its struct begins with where. */
_Noreturn void crash_standstill(TaskHandle_t task)
{
    const uint32_t *top = *(uint32_t *const *)(const void *)task;
    begin(STANDSTILL, top[SAVED_WORDS + FRAME_PC], top[SAVED_WORDS + FRAME_LR],
          pcTaskGetName(task));
    finish();
}

/* --- faults --- */

/* By the status, not by the exception: with interrupts off each becomes a HardFault. */
static enum kind kind_of(uint32_t status)
{
    if ((status & SCB_CFSR_MEMFAULTSR_Msk) != 0) {
        return MEMORY;
    }
    if ((status & SCB_CFSR_BUSFAULTSR_Msk) != 0) {
        return BUS;
    }
    return (status & SCB_CFSR_USGFAULTSR_Msk) != 0 ? USAGE : HARD;
}

static uint32_t address_of(uint32_t status)
{
    if ((status & SCB_CFSR_MMARVALID_Msk) != 0) {
        return SCB->MMFAR;
    }
    return (status & SCB_CFSR_BFARVALID_Msk) != 0 ? SCB->BFAR : 0;
}

/* An access to a guard, or registers that the core could not stack for one. */
static bool ran_over(uint32_t status, uint32_t address)
{
    if ((status & SCB_CFSR_MSTKERR_Msk) != 0) {
        return true;
    }
    return (status & SCB_CFSR_MMARVALID_Msk) != 0 && sp_mpu_is_guard(address);
}

/* Where nothing was stacked: the newest word on the stack that can be a return address. */
static uint32_t likely_return(const uint32_t *stack)
{
    for (unsigned i = 0; i < SCAN_WORDS && stack + i < sp_heap_end; i++) {
        if ((stack[i] & 1U) != 0 && stack[i] > (uintptr_t)sp_text_start &&
            stack[i] < (uintptr_t)sp_text_end) {
            return stack[i];
        }
    }
    return 0;
}

/* frame: where the core stacked the registers, if it could. */
__attribute__((used, noreturn)) static void fault(const uint32_t *frame)
{
    uint32_t status = SCB->CFSR;
    uint32_t address = address_of(status);
    bool over = ran_over(status, address);
    bool readable = frame >= sp_data_start && frame + FRAME_WORDS <= sp_heap_end;
    bool stacked = readable && (status & (SCB_CFSR_MSTKERR_Msk | SCB_CFSR_STKERR_Msk)) == 0;
    sp_mpu_unguard();
    begin(over ? STACK : kind_of(status), stacked ? frame[FRAME_PC] : 0,
          stacked    ? frame[FRAME_LR]
          : readable ? likely_return(frame)
                     : 0,
          task_name());
    kept.crash.status = status;
    kept.crash.address = address;
    finish();
}

__attribute__((naked)) void crash_fault_entry(void)
{
    __asm__ volatile("tst lr, #4\n"
                     "ite eq\n"
                     "mrseq r0, msp\n"
                     "mrsne r0, psp\n"
                     "ldr r1, =sp_vectors\n"
                     "ldr r1, [r1]\n"
                     "msr msp, r1\n"
                     "b fault\n"
                     ".ltorg\n");
}

/* --- the next start --- */

static int get(struct sp_hal_crash *hal, struct sp_crash *out)
{
    (void)hal;
    if (kept.magic != MAGIC || kept.sum != sum_of(&kept, offsetof(struct record, sum)) ||
        kept.kind >= sizeof kinds / sizeof kinds[0]) {
        return 0;
    }
    *out = kept.crash;
    strncpy(out->what, kinds[kept.kind], sizeof out->what - 1);
    return 1;
}

static void forget(struct sp_hal_crash *hal)
{
    (void)hal;
    memset(&kept, 0, sizeof kept);
}

static void assertion(struct sp_hal_crash *hal, const char *what, const char *file, int line,
                      const void *caller)
{
    (void)hal;
    crash_assertion(what, file, line, caller);
}

struct sp_hal_crash *board_crash(void)
{
    static struct sp_hal_crash hal = {.get = get, .forget = forget, .assertion = assertion};
    return &hal;
}

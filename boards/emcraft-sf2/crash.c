/*
 * Faults. The record lies in eSRAM, which neither the reset nor the start touches. The handler uses
 * nothing that the fault may have broken: no heap, no lock, no task.
 */
#include "base/log.h"
#include "board.h"
#include "sf2.h"

#include <stdio.h>
#include <string.h>

#define MAGIC 0x53504352U
#define WORDS (sizeof(struct crash_record) / 4 - 1)
#define FRAME_LR 5U /* of the registers that the core has stacked */
#define FRAME_PC 6U
#define FRAME_WORDS 8U

static struct crash_record kept __attribute__((section(".crash")));

extern uint32_t sp_data_start[], sp_heap_end[];

static uint32_t sum_of(const struct crash_record *record)
{
    uint32_t words[WORDS];
    uint32_t sum = 0x9e3779b9U;
    memcpy(words, record, sizeof words);
    for (size_t i = 0; i < WORDS; i++) {
        sum = (sum << 5 | sum >> 27) ^ words[i];
    }
    return sum;
}

_Noreturn void board_restart(void)
{
    NVIC_SystemReset();
}

static const char *task_name(void)
{
    TaskHandle_t task = xTaskGetCurrentTaskHandle();
    return task != NULL ? pcTaskGetName(task) : "start";
}

_Noreturn void crash(enum crash_kind kind, uint32_t pc, uint32_t lr)
{
    __disable_irq();
    memset(&kept, 0, sizeof kept);
    kept.magic = MAGIC;
    kept.kind = (uint32_t)kind;
    kept.pc = pc;
    kept.lr = lr;
    kept.status = SCB->CFSR;
    kept.address = (SCB->CFSR & SCB_CFSR_BFARVALID_Msk) != 0 ? SCB->BFAR : SCB->MMFAR;
    kept.uptime_ms = (uint32_t)board_clock_ms();
    strncpy(kept.task, task_name(), sizeof kept.task - 1);
    kept.sum = sum_of(&kept);
    board_restart();
}

static enum crash_kind kind_of(uint32_t exception)
{
    switch (exception) {
    case 4:
        return CRASH_MEMORY;
    case 5:
        return CRASH_BUS;
    case 6:
        return CRASH_USAGE;
    default:
        return CRASH_HARD;
    }
}

/* frame: where the core stacked the registers, if it could. */
__attribute__((used)) static void fault(const uint32_t *frame)
{
    bool readable = frame >= sp_data_start && frame + FRAME_WORDS <= sp_heap_end;
    sp_mpu_unguard();
    crash(kind_of(__get_IPSR()), readable ? frame[FRAME_PC] : 0, readable ? frame[FRAME_LR] : 0);
}

__attribute__((naked)) void crash_fault_entry(void)
{
    __asm__ volatile("tst lr, #4\n"
                     "ite eq\n"
                     "mrseq r0, msp\n"
                     "mrsne r0, psp\n"
                     "b fault\n");
}

void crash_report(void)
{
    static const char *const kinds[] = {"a fault",      "an access that is not allowed",
                                        "a bus error",  "an instruction that does not exist",
                                        "a standstill", "an assertion"};
    const struct crash_record record = kept;
    memset(&kept, 0, sizeof kept);
    if (record.magic != MAGIC || record.sum != sum_of(&record) ||
        record.kind >= sizeof kinds / sizeof kinds[0]) {
        return;
    }
    sp_log_error("board",
                 "restarted after %s: pc %08lx, lr %08lx, status %08lx, address %08lx, task %s, "
                 "%lu ms after its start",
                 kinds[record.kind], (unsigned long)record.pc, (unsigned long)record.lr,
                 (unsigned long)record.status, (unsigned long)record.address, record.task,
                 (unsigned long)record.uptime_ms);
}

/*
 * The reset, and what main does here. The board's own main runs for the boot alone; the linker
 * leads to the functions called __wrap_… (CMakeLists.txt).
 */
#include "board.h"
#include "count.h"
#include "sf2.h"
#include "vectors.h"

#define BOOT __attribute__((section(".boot.text"), used, noinline))
#define STACK 16384U /* bytes */
#define TIMER2 (SF2_TIMER1 + 0x18U)
#define INSTRUCTIONS_A_TICK 10U

enum { VALUE = 0, LOAD = 4, CONTROL = 12 }; /* of the timer, which counts down */

/* QEMU's loader puts the scenario's number there (tools/count), far behind the crash record. */
#define WANTED (*(volatile uint32_t *)0x2000ff00U)

void count_reset(void);
int __real_main(void);
int __wrap_main(void);
void __wrap_vApplicationIdleHook(void);
sp_time __real_sealpost_step(void);
sp_time __wrap_sealpost_step(void);

static uint64_t ready, telling; /* of a boot: its count; what "count-begin" took of it */
static bool stepped;            /* the service is up, and its loop has begun */
static uint32_t stack[STACK / 4] __attribute__((section(".stacks"), aligned(32)));

/* This object is the first to be linked: these lie where the core looks for them. */
__attribute__((section(".boot.vectors"), used)) static const union vector reset_vector[2] = {
    {.stack = &sp_interrupt_stack[INTERRUPT_STACK / 4]},
    {.handler = count_reset},
};

/* As boot.c says, nothing in the DDR may be called yet. */
BOOT void count_reset(void)
{
    *sf2_register(TIMER2, LOAD) = UINT32_MAX;
    *sf2_register(TIMER2, CONTROL) = 1;
    sp_reset();
}

uint64_t count_now(void)
{
    return (uint64_t)(UINT32_MAX - *sf2_register(TIMER2, VALUE)) * INSTRUCTIONS_A_TICK;
}

static void scenario(void)
{
    count_say("count-begin");
    count_service_start();
    switch (WANTED) {
    case COUNT_TLS:
        count_tls();
        break;
    case COUNT_FIND:
        count_find();
        break;
    case COUNT_ORDER:
        count_order();
        break;
    default:
        count_need(SP_E_INVALID, "the scenario's number");
        break;
    }
    count_end();
}

/* Goes on with what does not return, on a stack of its own: the board's are too small for it. */
static _Noreturn void go_on(void (*what)(void))
{
    sp_mpu_guard(stack);
    __asm__ volatile("mov sp, %0\n"
                     "blx %1\n" ::"r"(&stack[STACK / 4]),
                     "r"(what));
    __builtin_unreachable();
}

static _Noreturn void run_scenario(void)
{
    SCB->VTOR = (uint32_t)(uintptr_t)sp_vectors;
    sp_mpu_start();
    go_on(scenario);
}

int __wrap_main(void)
{
    if (*sf2_register(TIMER2, CONTROL) == 0) {
        count_need(SP_E_STATE, "count_boot.c is not the first object, the clock stands still");
    }
    if (WANTED == COUNT_BOOT) {
        telling = count_now();
        count_say("count-begin");
        telling = count_now() - telling;
        return __real_main();
    }
    run_scenario();
}

sp_time __wrap_sealpost_step(void)
{
    stepped = true;
    return __real_sealpost_step();
}

static void tell_boot(void)
{
    count_say(""); /* the console has its prompt there */
    count_need(stepped ? 0 : SP_E_STATE, "asleep before the loop's first step");
    count_report("ready", ready);
    count_report("mount", count_mount());
    count_end();
}

/* The idle task runs for the first time when the service's loop sleeps. */
void __wrap_vApplicationIdleHook(void)
{
    ready = count_now() - telling;
    __disable_irq();
    go_on(tell_boot);
}

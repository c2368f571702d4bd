/*
 * FreeRTOS: all memory is static; the tick keeps the hardware clock from wrapping unseen.
 */
#include "board.h"

static StaticTask_t idle_task;
StackType_t board_idle_stack[IDLE_STACK / sizeof(StackType_t)]
    __attribute__((section(".stacks"), aligned(32)));

void vApplicationGetIdleTaskMemory(StaticTask_t **task, StackType_t **stack, uint32_t *words);
void vApplicationTickHook(void);
void vApplicationIdleHook(void);

void vApplicationGetIdleTaskMemory(StaticTask_t **task, StackType_t **stack, uint32_t *words)
{
    *task = &idle_task;
    *stack = board_idle_stack;
    *words = IDLE_STACK / sizeof(StackType_t);
}

void vApplicationTickHook(void)
{
    board_clock_tick();
}

void vApplicationIdleHook(void)
{
    __asm__ volatile("wfi");
}

/*
 * FreeRTOSConfig.h: three tasks and an idle one, static memory only, notifications in place of
 * queues.
 */
#ifndef FREERTOS_CONFIG_H
#define FREERTOS_CONFIG_H

#include <stdint.h>

#define configUSE_PREEMPTION 1
#define configUSE_PORT_OPTIMISED_TASK_SELECTION 1
#define configUSE_TICKLESS_IDLE 0
#define configCPU_CLOCK_HZ 142000000UL
#define configTICK_RATE_HZ 1000
#define configMAX_PRIORITIES 4
#define configMINIMAL_STACK_SIZE 128 /* words */
#define configMAX_TASK_NAME_LEN 12
#define configUSE_16_BIT_TICKS 0
#define configIDLE_SHOULD_YIELD 1
#define configUSE_TASK_NOTIFICATIONS 1
#define configUSE_MUTEXES 0
#define configQUEUE_REGISTRY_SIZE 0
#define configUSE_TIME_SLICING 0
#define configSTACK_DEPTH_TYPE uint32_t /* as V9 and V10 have it anyway */

#define configSUPPORT_STATIC_ALLOCATION 1
#define configSUPPORT_DYNAMIC_ALLOCATION 0

#define configUSE_IDLE_HOOK 1
#define configUSE_TICK_HOOK 1
#define configCHECK_FOR_STACK_OVERFLOW 0 /* the MPU does it, at once */
#define configUSE_TRACE_FACILITY 0

#define INCLUDE_vTaskDelay 1
#define INCLUDE_vTaskDelayUntil 1
#define INCLUDE_uxTaskGetStackHighWaterMark 1
#define INCLUDE_xTaskGetCurrentTaskHandle 1
#define INCLUDE_xTaskGetSchedulerState 1

/* The four upper bits of a priority count on the real core. Interrupts that call FreeRTOS run at
 * BOARD_IRQ_PRIORITY. */
#define configPRIO_BITS 4
#define configKERNEL_INTERRUPT_PRIORITY (15U << 4)
#define configMAX_SYSCALL_INTERRUPT_PRIORITY (5U << 4)
#define BOARD_IRQ_PRIORITY 6U

/* Leaves a record and restarts (crash.c). */
_Noreturn void crash_assertion(const char *what, const char *file, int line, const void *caller);
#define configASSERT(true_)                                                                        \
    do {                                                                                           \
        if (!(true_)) {                                                                            \
            crash_assertion(#true_, __FILE__, __LINE__, __builtin_return_address(0));              \
        }                                                                                          \
    } while (0)

/* The running task's stack ends in a guard (mpu.c). */
void sp_mpu_guard(const void *stack);
#define traceTASK_SWITCHED_IN() sp_mpu_guard(pxCurrentTCB->pxStack)

#endif

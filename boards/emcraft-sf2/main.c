/*
 * Devices, tasks, and the service's loop. By priority: the supervisor, the console's keys, the
 * service.
 */
#include "board.h"
#include "sealpost.h"
#include "sf2.h"
#include "sf2_spi/sf2_spi.h"
#include "uart_16550/uart_16550.h"
#include "vectors.h"

#include <string.h>

#define SLEEP_MAX_MS 1000U /* the supervisor wants to see progress */
#define KEYS_PAUSE_MS 2U
#define KEYS_AGAIN_MS 8U
#define PHY 1U
#define SPI_DIVIDER 1U /* 71 MHz / 4 */

/* The factory's page at the end of eNVM: a word that says that it is written, and the address. */
#define FACTORY_PAGE (SF2_ENVM + SF2_ENVM_SIZE - 0x80U)
#define FACTORY_MAGIC 0x53504d43U

static struct sp_uart_16550 uart;
static struct sp_sf2_emac emac;
static struct sp_sf2_spi spi;
static struct sp_spi_nor nor;
static struct sp_board board;

static TaskHandle_t service_task, keys_task;
static StaticTask_t service_memory, keys_memory, supervisor_memory;
StackType_t board_service_stack[SERVICE_STACK / sizeof(StackType_t)]
    __attribute__((section(".stacks"), aligned(32)));
StackType_t board_keys_stack[KEYS_STACK / sizeof(StackType_t)]
    __attribute__((section(".stacks"), aligned(32)));
StackType_t board_supervisor_stack[SUPERVISOR_STACK / sizeof(StackType_t)]
    __attribute__((section(".stacks"), aligned(32)));

/* --- interrupts --- */

static void wake(TaskHandle_t task)
{
    BaseType_t switch_now = pdFALSE;
    vTaskNotifyGiveFromISR(task, &switch_now);
    portYIELD_FROM_ISR(switch_now);
}

void board_uart_interrupt(void)
{
    if (sp_uart_16550_interrupt(&uart)) {
        wake(keys_task);
        wake(service_task);
    }
}

void board_emac_interrupt(void)
{
    sp_sf2_emac_interrupt(&emac);
    wake(service_task);
}

TaskHandle_t board_service_task(void)
{
    return service_task;
}

struct sp_sf2_emac *board_emac(void)
{
    return &emac;
}

const struct sp_spi_nor *board_flash_part(void)
{
    return &nor;
}

static void enable(IRQn_Type irq)
{
    NVIC_SetPriority(irq, BOARD_IRQ_PRIORITY);
    NVIC_EnableIRQ(irq);
}

/* --- devices --- */

/* The factory's MAC address, or one that is locally administered when the page is empty. */
static void mac_address(uint8_t mac[6])
{
    static const uint8_t fallback[6] = {0x02, 0x53, 0x50, 0x46, 0x32, 0x01};
    const uint32_t *page = (const uint32_t *)FACTORY_PAGE;
    memcpy(mac, page[0] == FACTORY_MAGIC ? (const void *)&page[1] : fallback, 6);
}

static void spi_wait_us(struct sp_spi *bus, uint32_t us)
{
    (void)bus;
    board_wait_us(us);
}

static uint32_t spi_now_ms(struct sp_spi *bus)
{
    (void)bus;
    return (uint32_t)board_clock_ms();
}

static void open_devices(struct sp_hal_clock *clock)
{
    uint8_t mac[6];
    mac_address(mac);
    sp_uart_16550_start(&uart, SF2_UART0);
    sp_sf2_spi_start(&spi, SF2_SPI0, SPI_DIVIDER, spi_wait_us, spi_now_ms);
    sp_sf2_emac_start(&emac, SF2_EMAC, PHY, mac);
    board = (struct sp_board){
        .name = "emcraft-sf2",
        .flash = &nor.flash,
        .clock = clock,
        .nic = &emac.nic,
        .uart = &uart.uart,
        .led = board_light(),
        .watchdog = board_watchdog(),
        .probe = board_probe(),
        .crash = board_crash(),
    };
}

void board_panic_text(const char *text)
{
    sp_uart_16550_panic(&uart, text);
}

/* --- the service --- */

static _Noreturn void give_up(const char *what, int err)
{
    board_panic_text("\r\nsealpost: ");
    board_panic_text(what);
    board_panic_text(": ");
    board_panic_text(sp_err_text(err));
    board_panic_text("\r\n");
    board.led->set(board.led, SP_LED_FAULT);
    for (;;) {
        board.watchdog->feed(board.watchdog); /* a restart would not help */
        vTaskDelay(pdMS_TO_TICKS(SLEEP_MAX_MS));
    }
}

static void wait_until(sp_time until)
{
    sp_time now = board_clock_ms();
    sp_time wait = until > now ? until - now : 0;
    if (wait > 0) {
        (void)ulTaskNotifyTake(pdTRUE, pdMS_TO_TICKS(wait < SLEEP_MAX_MS ? wait : SLEEP_MAX_MS));
    }
}

static void service(void *unused)
{
    int err = sp_spi_nor_open(&nor, &spi.spi);
    (void)unused;
    if (err < 0) {
        give_up("the flash part", err);
    }
    enable(UART0_IRQn);
    enable(EMAC_IRQn);
    err = sealpost_start(&board);
    if (err < 0) {
        give_up("the service", err);
    }
    for (;;) {
        wait_until(sealpost_step());
    }
}

/* The pause bounds what a sender that never stops takes of the service's time. */
static void keys(void *unused)
{
    (void)unused;
    for (;;) {
        TickType_t most = sealpost_keys() ? pdMS_TO_TICKS(KEYS_AGAIN_MS) : portMAX_DELAY;
        (void)ulTaskNotifyTake(pdTRUE, most);
        vTaskDelay(pdMS_TO_TICKS(KEYS_PAUSE_MS));
    }
}

/* Vectors and clock come first: a fault wants a handler, and that wants to know when it was. */
int main(void)
{
    struct sp_hal_clock *clock;
    SCB->VTOR = (uint32_t)(uintptr_t)sp_vectors;
    clock = board_clock_start();
    SCB->SHCSR |= SCB_SHCSR_MEMFAULTENA_Msk | SCB_SHCSR_BUSFAULTENA_Msk | SCB_SHCSR_USGFAULTENA_Msk;
    board_paint_interrupt_stack();
    board_begin_heap();
    sp_mpu_start();
    open_devices(clock);
    service_task = xTaskCreateStatic(service, "service", SERVICE_STACK / sizeof(StackType_t), NULL,
                                     1, board_service_stack, &service_memory);
    keys_task = xTaskCreateStatic(keys, "keys", KEYS_STACK / sizeof(StackType_t), NULL, 2,
                                  board_keys_stack, &keys_memory);
    (void)xTaskCreateStatic(board_supervisor, "supervisor", SUPERVISOR_STACK / sizeof(StackType_t),
                            NULL, 3, board_supervisor_stack, &supervisor_memory);
    vTaskStartScheduler();
    return 0;
}

#include "app/part.h"

#include "base/err.h"
#include "store/layout.h"

#include <stdbool.h>

struct view {
    struct sp_flash flash; /* first */
    uint32_t first;        /* address of its begin in the whole part */
    bool erasing;          /* it asked for an erase that has not been seen to end */
    bool ended;            /* it ended while somebody else waited: */
    int result;            /* so, which erase_poll has yet to tell */
};

static struct {
    struct sp_flash *whole;
    struct view store, test;
} part;

static struct view *of(struct sp_flash *flash)
{
    return (struct view *)(void *)flash;
}

static void wait_for(struct view *view)
{
    while (view->erasing) {
        int left = sp_flash_erase_poll(part.whole);
        if (left <= 0) {
            view->erasing = false;
            view->ended = true;
            view->result = left;
        }
    }
}

static void wait_for_erase(void)
{
    wait_for(&part.store);
    wait_for(&part.test);
}

static int view_read(struct sp_flash *flash, uint32_t address, void *buf, size_t n)
{
    wait_for_erase();
    return sp_flash_read(part.whole, of(flash)->first + address, buf, n);
}

static int view_program(struct sp_flash *flash, uint32_t address, const void *buf, size_t n)
{
    wait_for_erase();
    return sp_flash_program(part.whole, of(flash)->first + address, buf, n);
}

static int view_erase_start(struct sp_flash *flash, uint32_t address)
{
    struct view *view = of(flash);
    int err;
    wait_for_erase();
    err = sp_flash_erase_start(part.whole, view->first + address);
    view->erasing = err == SP_OK;
    view->ended = false;
    return err;
}

static int view_erase_poll(struct sp_flash *flash)
{
    struct view *view = of(flash);
    if (view->ended) {
        view->ended = false;
        return view->result;
    }
    if (view->erasing) {
        int left = sp_flash_erase_poll(part.whole);
        view->erasing = left > 0;
        return left;
    }
    return 0;
}

static const struct sp_flash_ops ops = {
    .read = view_read,
    .program = view_program,
    .erase_start = view_erase_start,
    .erase_poll = view_erase_poll,
};

static void open_view(struct view *view, uint32_t first, uint32_t size)
{
    *view = (struct view){.flash = {.ops = &ops,
                                    .size = size,
                                    .block_size = part.whole->block_size,
                                    .page_size = part.whole->page_size},
                          .first = first};
}

void sp_part_start(struct sp_flash *whole)
{
    part.whole = whole;
    open_view(&part.store, 0, sp_layout_area_at(whole));
    open_view(&part.test, sp_layout_test_at(whole),
              sp_layout_area_size(whole) > 0 ? whole->block_size : 0);
}

struct sp_flash *sp_part_of_store(void)
{
    return &part.store.flash;
}

struct sp_flash *sp_part_of_test(void)
{
    return part.test.flash.size > 0 ? &part.test.flash : NULL;
}

uint32_t sp_part_area_size(void)
{
    return sp_layout_area_size(part.whole);
}

int sp_part_area_read(uint32_t offset, void *buf, size_t n)
{
    wait_for_erase();
    return sp_flash_read(part.whole, sp_layout_area_at(part.whole) + offset, buf, n);
}

#include "world.h"

#include "../../unit/mtasts/fake_store.h"

static struct sp_store store;
struct sp_store *world_store = &store;

void world_store_blank(void)
{
    fake_store_clear();
}

void world_store_reset(void)
{
    fake_store_reset();
}

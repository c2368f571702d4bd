/*
 * store/internal: what the store's own files tell each other.
 *
 *   part      reads and programs, counted
 *   blocks    the table of blocks: which is next, which is free, which is to be collected
 *   index     the array in RAM that finds a record's newest copy
 *   append    writing an entry and its record at the end of the log
 *   erase     condemn, erase and label a block
 *   collect   moving what lives out of a block, so that it can be erased
 *   mount     from flash to RAM
 *   read      a record's data, whole or piece by piece
 *   store     the other public functions
 *
 * All return 0 or a negative sp_err unless said otherwise. Addresses are in units.
 */
#ifndef SP_STORE_INTERNAL_H
#define SP_STORE_INTERNAL_H

#include "store/format.h"
#include "store/store.h"

#define SP_STORE_NONE UINT16_MAX
/* READY blocks that only collection may open: one to collect into, one for what power cuts spoil.
 */
#define SP_STORE_SPARE 2U
#define SP_STORE_TRIES 3 /* blocks that one append tries */

/* part */
int sp_part_read(struct sp_store *store, uint32_t block, uint32_t offset, void *buf, size_t n);
int sp_part_program(struct sp_store *store, uint32_t block, uint32_t offset, const void *buf,
                    size_t n);
/* Wipes what may have been a piece of a key; the compiler cannot leave it out. */
void sp_part_forget(void *p, size_t n);
/* Where the directory's entry of that number lies in its block. */
uint32_t sp_part_slot_offset(const struct sp_store *store, uint32_t slot);

/* A walk over a block's directory. */
struct sp_dir {
    uint32_t block;
    uint32_t slot;  /* of the next entry */
    uint32_t chunk; /* entries from this slot on are in bytes, last first; UINT32_MAX: none */
    uint8_t bytes[4 * SP_ENTRY_SIZE];
};

void sp_dir_start(struct sp_dir *dir, uint32_t block, uint32_t slot);
/* 1 and the next entry, 0 at the directory's end, or SP_E_IO. */
int sp_dir_next(struct sp_store *store, struct sp_dir *dir, enum sp_entry_state *state,
                struct sp_dir_entry *entry);

/* blocks */
uint32_t sp_blocks_count(const struct sp_store *store, enum sp_store_block_state state);
/* The READY block that is opened next, the block that is erased next; SP_STORE_NONE when none is.
 */
uint16_t sp_blocks_next_ready(const struct sp_store *store);
uint16_t sp_blocks_next_dirty(const struct sp_store *store);
/* The used block of the lowest sequence (or fewest erases, or least alive) that can be collected.
 */
uint16_t sp_blocks_oldest(const struct sp_store *store);
uint16_t sp_blocks_coldest(const struct sp_store *store);
uint16_t sp_blocks_emptiest(const struct sp_store *store);
/* No block but `except` has an entry older than this sequence. */
uint32_t sp_blocks_first_sequence(const struct sp_store *store, uint32_t except);
/* Whether the most erased block is far ahead of that one. */
bool sp_blocks_is_cold(const struct sp_store *store, uint16_t block);

/* index. A position is a number below entries_n. */
struct sp_found {
    uint32_t address;
    uint32_t size; /* class, sp_size_class */
    uint32_t key;
    uint8_t kind;
};

struct sp_found sp_index_at(const struct sp_store *store, uint32_t position);
/* The first position whose (key, kind) is not below. */
uint32_t sp_index_lower(const struct sp_store *store, uint32_t key, uint8_t kind);
bool sp_index_has(const struct sp_store *store, uint32_t position, uint32_t key, uint8_t kind);
/* Sets where the slot's newest copy is, and moves the live counts. SP_E_FULL: no entry is left. */
int sp_index_set(struct sp_store *store, const struct sp_dir_entry *entry, uint32_t block);
void sp_index_remove(struct sp_store *store, uint32_t position);

/* append */
typedef int (*sp_payload)(struct sp_store *store, uint32_t block, uint32_t offset, void *context);

/* Units of a block that records and entries can take. */
uint32_t sp_append_usable(const struct sp_store *store);
bool sp_append_fits(const struct sp_store *store, uint32_t units);
/* Sees to it that a record of that many units can go into the open block; opens the next when more
 * than `spare` are ready. SP_E_FULL when there is none; SP_E_IO when it was given up, as below. */
int sp_append_room(struct sp_store *store, uint32_t units, uint32_t spare);
/* Writes entry, payload (NULL: none), commit; then the index. The entry's offset is filled in.
 * There must be room. SP_E_IO: the open block was given up; try again after sp_append_room. */
int sp_append(struct sp_store *store, struct sp_dir_entry *entry, sp_payload payload,
              void *context);
void sp_append_close(struct sp_store *store);

/* erase */
void sp_erase_begin(struct sp_store *store, uint16_t block);
/* 1 while it goes on, 0 when none does. */
int sp_erase_tick(struct sp_store *store);
void sp_erase_wait(struct sp_store *store);

/* collect */
/* Chooses a victim if there is none yet: one that wins at least `gain` units, or one to be moved
 * for another reason. False: there is none. */
bool sp_collect_start(struct sp_store *store, uint32_t gain);
/* One piece of work on the victim: a record moved, or some directory entries looked at, or its
 * erase begun. On an error there is no victim any more: SP_E_FULL (no block to move to), SP_E_IO,
 * SP_E_AGAIN (it cannot be read and is left alone). */
int sp_collect_some(struct sp_store *store);
bool sp_collect_rotates(struct sp_store *store);
/* Makes room for a record of that many units that a user brings. SP_E_FULL. */
int sp_collect_room(struct sp_store *store, uint32_t units);

#endif

/*
 * The members of struct sp_store. Included by store/store.h alone; users leave them be.
 *
 * Sizes are counted in units of 16 bytes, addresses in units from the store's first block.
 */
#ifndef SP_STORE_STORE_STATE_H
#define SP_STORE_STORE_STATE_H

enum sp_store_block_state {
    SP_BLOCK_DIRTY,   /* nothing of worth: may be erased */
    SP_BLOCK_FOREIGN, /* another format's: erased when nothing else is left */
    SP_BLOCK_READY,   /* erased, with a header that says so; no entry yet */
    SP_BLOCK_USED,    /* has entries */
    SP_BLOCK_ERASING,
    SP_BLOCK_BAD /* failed in this session: left alone until the next mount */
};

struct sp_store_block {
    uint32_t sequence; /* its place in the log; 0 when it has none */
    uint32_t erases;
    uint16_t live;   /* units of its live records (rounded up to 4 each) and tombstones */
    uint8_t state;   /* enum sp_store_block_state */
    bool unsure : 1; /* lay there at mount: what power left behind is not told from blank (adopt) */
    bool stuck : 1;  /* cannot be read: not to be collected */
};

struct sp_store {
    struct sp_flash *flash;
    bool mounted;          /* false: every call fails, and the part is left alone */
    bool failing;          /* the part failed at the mount, or at the last write */
    uint32_t first, count; /* blocks of the part */
    uint32_t block_units;

    struct sp_store_entry *entries; /* sorted by key, then kind */
    uint32_t entries_n, entries_max;

    uint32_t sequence_next;
    uint32_t live;      /* units, of all records */
    uint32_t tombs;     /* tombstones in all blocks */
    uint32_t tombs_max; /* more than that make the oldest blocks be collected */
    uint32_t largest;   /* units of the largest record so far, with its entry */
    uint32_t rotate_to; /* blocks before this sequence are to be collected, for the tombstones */

    uint16_t open;     /* the block that is appended to, or SP_STORE_NONE */
    uint16_t open_end; /* units: where its next record goes */
    uint16_t open_slots;

    uint16_t victim; /* the block that is collected, or SP_STORE_NONE */
    uint16_t victim_slot;
    uint16_t erasing; /* the block that is erased, or SP_STORE_NONE */
    bool level_next;  /* the next victim is chosen for its low wear */

    bool touched;       /* since the last step */
    sp_time quiet_from; /* nobody has used the store for a while then */

    uint64_t read_bytes, program_bytes;
    uint32_t erases, mount_read_bytes, corrupt, torn;

    struct sp_store_block blocks[SP_STORE_BLOCKS_MAX];
};

#endif

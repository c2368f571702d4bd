/* store/lookup: from a name to its record in flash. */
#ifndef SP_STORE_LOOKUP_H
#define SP_STORE_LOOKUP_H

#include "store/internal.h"

struct sp_lookup {
    struct sp_record_header header; /* of the record found */
    uint32_t position;              /* in the index */
    uint32_t key;                   /* the record's, or one that is free for a new name */
};

/* 0 and the record's place and header. SP_E_NOT_FOUND, SP_E_FULL (not found, and no key is free),
 * SP_E_CORRUPT (position and key are of a record that can be no other, but is broken), SP_E_IO. */
int sp_lookup(struct sp_store *store, uint8_t kind, const char *name, struct sp_lookup *out);
/* As sp_lookup, for one that wants the record and has no use for a free key: a part that is not
 * mounted, and a name that no record can have, are seen to, and what is broken is counted. */
int sp_store_find(struct sp_store *store, enum sp_kind kind, const char *name,
                  struct sp_lookup *lookup);
/* Reads the header and name of the record at that position, name being SP_STORE_NAME_MAX + 1 bytes.
 * 0, SP_E_CORRUPT, SP_E_IO. */
int sp_lookup_name(struct sp_store *store, uint32_t position, struct sp_record_header *header,
                   char *name);

#endif

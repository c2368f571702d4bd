/*
 * app/area: the files that the image tool wrote into the part's read-only area; docs/image.md.
 *
 * The firmware knows the SHA-256 of the area's header, which holds those of the files: what does
 * not match is not used. The header is looked at on start, a file when it is opened; from then on
 * it is read where it lies, within its bounds.
 *
 * Memory: a few bytes; the header is read and checked anew for each file that is looked for.
 * Threads: service task. Time: opening reads and hashes the whole file: on the board about 50
 * instructions a byte.
 */
#ifndef SP_APP_AREA_H
#define SP_APP_AREA_H

#include "hal/board.h"

#define SP_AREA_FILES 8U
#define SP_AREA_NAME 16U /* bytes of a name, with its terminator */
#define SP_AREA_HASH 32U /* SHA-256 */

enum sp_area_state {
    SP_AREA_GOOD,
    SP_AREA_NONE,    /* the part is too small to have one */
    SP_AREA_BLANK,   /* never written */
    SP_AREA_FOREIGN, /* another firmware's, or changed */
    SP_AREA_DAMAGED  /* a file in it does not match, or it cannot be read */
};

struct sp_area_file {
    struct sp_hal_blob blob; /* first; to be used where hal/board's are */
    uint32_t at;             /* its offset in the area */
};

/* Looks at the header. hash: what its SHA-256 must be, kept by the caller. sp_part_start comes
 * before. */
void sp_area_start(const uint8_t hash[SP_AREA_HASH]);
enum sp_area_state sp_area_state(void);
/* "good", "none", "blank", "foreign", "damaged". */
const char *sp_area_state_text(enum sp_area_state state);
/* Checks the file and fills *out. 0; SP_E_NOT_FOUND; SP_E_CORRUPT when its hash is another one:
 * then the area's state is "damaged"; SP_E_IO. */
int sp_area_open(const char *name, struct sp_area_file *out);
/* The name of file i. 0; SP_E_NOT_FOUND past the last, or when the area is not good. */
int sp_area_name(unsigned i, char name[SP_AREA_NAME]);

#endif

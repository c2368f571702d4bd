/*
 * area_hash: the SHA-256 of the header of the read-only area that was built with this firmware;
 * tools/area, docs/image.md.
 */
#ifndef SP_AREA_HASH_H
#define SP_AREA_HASH_H

extern const unsigned char sp_area_hash[32];

#endif

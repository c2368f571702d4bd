/*
 * mtasts/domain_tags: the items of a domain's record, shared by the two directions.
 */
#ifndef SP_MTASTS_DOMAIN_TAGS_H
#define SP_MTASTS_DOMAIN_TAGS_H

#define SP_DOMAIN_RECORD_VERSION 1
#define SP_ITEM_HEAD 3 /* tag, length (2, little-endian) */

/* The numbers are what flash holds: they never change their meaning. */
enum sp_domain_tag {
    SP_TAG_POLICY = 1,
    SP_TAG_MX = 2,
    SP_TAG_RUA = 3,
    SP_TAG_STATE = 4,
    SP_TAG_SCHEDULE = 5,
    SP_TAG_SERVED = 6,
    SP_TAG_ERROR = 7,
    SP_TAG_CHECK = 8,
    SP_TAG_KEY = 9,
    SP_TAG_LEAF = 10,
    SP_TAG_LINK = 11,
    SP_TAG_COUNTS = 12,
    SP_TAG_SEEN = 13,
    SP_TAG_LEFT = 14,
    SP_TAG_RETIRE = 15,
    SP_TAG_AUTO = 16,
    SP_TAG_TURN = 17,
    SP_TAG_PUT = 18,
    SP_TAG_END /* not in flash */
};

/* Lengths of the fixed ones, and the fixed beginnings of the others. */
#define SP_POLICY_ITEM 5    /* mode 1, max_age 4 */
#define SP_STATE_ITEM 10    /* state 1, counted 1, since 8 */
#define SP_SCHEDULE_ITEM 20 /* next_try 8, next_check 8, failures 4 */
#define SP_SERVED_ITEM 12   /* max_age 4, since 8 */
#define SP_ERROR_ITEM 9     /* at 8, length of the id 1; id; sentence */
#define SP_CHECK_ITEM 10    /* index 1, result 1, changed 8; code */
#define SP_LEAF_ITEM 16     /* not_before 8, not_after 8; DER */
#define SP_SEEN_ITEM 13     /* fetched back 1, TTL 4, at 8; id */
#define SP_LEFT_ITEM 8      /* until 8; pattern */
#define SP_RETIRE_ITEM 8    /* from 8 */
#define SP_AUTO_ITEM 10     /* days 2, clean since 8 */
#define SP_TURN_ITEM 2      /* turn 2 */
#define SP_PUT_ITEM 16      /* a hash 4, for each of the four records */

#endif

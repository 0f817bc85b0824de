/* vc_table.h - short keys to small numbers, O(1), safe against chosen keys.
 *
 * Open addressing with linear probing over SipHash-1-3 under a random key; deletion shifts back, so there are no
 * tombstones and a busy table never needs rebuilding. */
#ifndef VC_TABLE_H
#define VC_TABLE_H
#include <stddef.h>
#include <stdint.h>

enum { VC_KEY_MAX = 20 };

typedef struct {
    uint8_t key[VC_KEY_MAX]; /* zero-padded */
    uint32_t hash;
    uint32_t value_plus_1; /* 0 = empty, so that fresh zeroed memory needs no touching */
} vc_entry;

typedef struct {
    vc_entry *entries;
    uint32_t mask, count, limit;
    uint8_t seed[16];
} vc_table;

/* SipHash-1-3 of 'length' bytes under a 16-byte key (Aumasson and Bernstein, 2012). */
uint64_t vc_siphash13(const uint8_t key[16], const uint8_t *data, size_t length);

/* A table for 'limit' entries.  VC_OK or VC_ERR_NOMEM; release with vc_table_free(). */
int vc_table_init(vc_table *table, uint32_t limit, const uint8_t seed[16]);
void vc_table_free(vc_table *table);

/* The value stored, or VC_ERR_NOT_FOUND.  Keys have at most VC_KEY_MAX bytes. */
int vc_table_get(const vc_table *table, const uint8_t *key, size_t length);
/* VC_OK, VC_ERR_EXISTS or VC_ERR_LIMIT; value >= 0. */
int vc_table_put(vc_table *table, const uint8_t *key, size_t length, int value);
/* VC_OK or VC_ERR_NOT_FOUND. */
int vc_table_remove(vc_table *table, const uint8_t *key, size_t length);
#endif

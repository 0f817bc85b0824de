#include "vc_table.h"

#include <stdlib.h>
#include <string.h>

#include "vc_engine.h"

typedef struct {
    uint64_t a, b, c, d;
} sip;

static uint64_t rotate(uint64_t x, int n)
{
    return (x << n) | (x >> (64 - n));
}

static void sip_round(sip *s)
{
    s->a += s->b;
    s->b = rotate(s->b, 13) ^ s->a;
    s->a = rotate(s->a, 32);
    s->c += s->d;
    s->d = rotate(s->d, 16) ^ s->c;
    s->a += s->d;
    s->d = rotate(s->d, 21) ^ s->a;
    s->c += s->b;
    s->b = rotate(s->b, 17) ^ s->c;
    s->c = rotate(s->c, 32);
}

static uint64_t load_le64(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static void sip_word(sip *s, uint64_t word)
{
    s->d ^= word;
    sip_round(s);
    s->a ^= word;
}

uint64_t vc_siphash13(const uint8_t key[16], const uint8_t *data, size_t length)
{
    uint64_t k0 = load_le64(key, 8), k1 = load_le64(key + 8, 8);
    sip s = {k0 ^ 0x736f6d6570736575ULL, k1 ^ 0x646f72616e646f6dULL, k0 ^ 0x6c7967656e657261ULL,
             k1 ^ 0x7465646279746573ULL};
    size_t whole = length & ~(size_t)7;
    for (size_t i = 0; i < whole; i += 8)
        sip_word(&s, load_le64(data + i, 8));
    sip_word(&s, load_le64(data + whole, length - whole) | ((uint64_t)length << 56));
    s.c ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(&s);
    return s.a ^ s.b ^ s.c ^ s.d;
}

int vc_table_init(vc_table *table, uint32_t limit, const uint8_t seed[16])
{
    uint32_t size = 16;
    while (size < limit * 2) /* at most half full: short probes */
        size *= 2;
    table->entries = calloc(size, sizeof *table->entries);
    table->mask = size - 1;
    table->count = 0;
    table->limit = limit;
    memcpy(table->seed, seed, 16);
    return table->entries ? VC_OK : VC_ERR_NOMEM;
}

void vc_table_free(vc_table *table)
{
    free(table->entries);
    table->entries = NULL;
}

static vc_entry padded(const vc_table *table, const uint8_t *key, size_t length)
{
    vc_entry e = {{0}, 0, 0};
    memcpy(e.key, key, length);
    e.hash = (uint32_t)vc_siphash13(table->seed, key, length);
    return e;
}

/* The position of 'want', or of the empty entry where it belongs. */
static uint32_t probe(const vc_table *table, const vc_entry *want)
{
    uint32_t at = want->hash & table->mask;
    for (;; at = (at + 1) & table->mask) {
        const vc_entry *e = &table->entries[at];
        if (e->value_plus_1 == 0 || (e->hash == want->hash && memcmp(e->key, want->key, VC_KEY_MAX) == 0))
            return at;
    }
}

int vc_table_get(const vc_table *table, const uint8_t *key, size_t length)
{
    vc_entry want = padded(table, key, length);
    uint32_t found = table->entries[probe(table, &want)].value_plus_1;
    return found == 0 ? VC_ERR_NOT_FOUND : (int)(found - 1);
}

int vc_table_put(vc_table *table, const uint8_t *key, size_t length, int value)
{
    vc_entry want = padded(table, key, length);
    uint32_t at = probe(table, &want);
    if (table->entries[at].value_plus_1 != 0)
        return VC_ERR_EXISTS;
    if (table->count == table->limit)
        return VC_ERR_LIMIT;
    want.value_plus_1 = (uint32_t)value + 1;
    table->entries[at] = want;
    table->count++;
    return VC_OK;
}

int vc_table_remove(vc_table *table, const uint8_t *key, size_t length)
{
    vc_entry want = padded(table, key, length);
    uint32_t hole = probe(table, &want);
    if (table->entries[hole].value_plus_1 == 0)
        return VC_ERR_NOT_FOUND;
    /* Pull back every later entry of the run whose home does not lie after the hole. */
    for (uint32_t at = (hole + 1) & table->mask; table->entries[at].value_plus_1 != 0; at = (at + 1) & table->mask) {
        uint32_t home = table->entries[at].hash & table->mask;
        if (((at - home) & table->mask) >= ((at - hole) & table->mask)) {
            table->entries[hole] = table->entries[at];
            hole = at;
        }
    }
    memset(&table->entries[hole], 0, sizeof table->entries[hole]);
    table->count--;
    return VC_OK;
}

/* SipHash (its values are compared with Python's own in tests/native/test_oracles.py); the table against a plain array, with removals that must shift back. */
#include "vc_table.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "vc_bytes.h"
#include "vc_engine.h"

static void siphash_differs_by_every_byte(void)
{
    uint8_t key[16], data[20] = {0};
    for (int i = 0; i < 16; i++)
        key[i] = (uint8_t)i;
    uint64_t plain = vc_siphash13(key, data, sizeof data);
    CHECK(plain == vc_siphash13(key, data, sizeof data));
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = 1;
        CHECK(vc_siphash13(key, data, sizeof data) != plain);
        data[i] = 0;
        CHECK(vc_siphash13(key, data, i) != plain);
    }
    key[15] ^= 1;
    CHECK(vc_siphash13(key, data, sizeof data) != plain);
}

enum { KEYS = 500, LIMIT = 200, STEPS = 200000 };

static void table_agrees_with_an_array(void)
{
    static int model[KEYS];
    uint8_t seed[16] = {1, 2, 3};
    vc_table table;
    int held = 0;
    CHECK(vc_table_init(&table, LIMIT, seed) == VC_OK);
    memset(model, 0xff, sizeof model);
    srand(7);
    for (int step = 0; step < STEPS; step++) {
        int k = rand() % KEYS;
        uint8_t key[18] = {0};
        vc_put32(key + 3, (uint32_t)k);
        CHECK(vc_table_get(&table, key, sizeof key) == (model[k] < 0 ? VC_ERR_NOT_FOUND : model[k]));
        if (rand() % 2) {
            int status = vc_table_put(&table, key, sizeof key, step);
            CHECK(status == (model[k] >= 0 ? VC_ERR_EXISTS : held == LIMIT ? VC_ERR_LIMIT : VC_OK));
            if (status == VC_OK) {
                model[k] = step;
                held++;
            }
        } else {
            CHECK(vc_table_remove(&table, key, sizeof key) == (model[k] < 0 ? VC_ERR_NOT_FOUND : VC_OK));
            held -= model[k] >= 0;
            model[k] = -1;
        }
    }
    CHECK_EQUAL(table.count, held);
    vc_table_free(&table);
}

int main(void)
{
    siphash_differs_by_every_byte();
    table_agrees_with_an_array();
    return check_report("table");
}

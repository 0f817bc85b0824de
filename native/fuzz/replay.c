/* replay.c - run a fuzz target over files, and over mutations of them, where there is no libFuzzer.
 *
 * usage: target [-rounds=N] [-seed=N] file... */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 1 << 16 };

static uint64_t state = 1;

static uint32_t draw(uint32_t below)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(state >> 33) % below;
}

static size_t mutate(uint8_t *bytes, size_t size)
{
    static const uint8_t interesting[] = {0, 1, 0x7f, 0x80, 0xff, 0xbe, 0xde, 0x10, 200, 201, 203};
    for (uint32_t n = 1 + draw(8); n > 0 && size > 0; n--) {
        uint32_t at = draw((uint32_t)size);
        switch (draw(5)) {
        case 0: bytes[at] ^= (uint8_t)(1u << draw(8)); break;
        case 1: bytes[at] = (uint8_t)draw(256); break;
        case 2: bytes[at] = interesting[draw(sizeof interesting)]; break;
        case 3: size -= draw((uint32_t)size); break;
        default: /* repeat a piece */
            if (size + (size - at) <= ROOM) {
                memcpy(bytes + size, bytes + at, size - at);
                size += size - at;
            }
        }
    }
    return size;
}

static int run_file(const char *path, uint32_t rounds)
{
    static uint8_t original[ROOM], copy[ROOM];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return 0;
    size_t size = fread(original, 1, ROOM, file);
    fclose(file);
    LLVMFuzzerTestOneInput(original, size);
    for (uint32_t i = 0; i < rounds; i++) {
        memcpy(copy, original, size);
        LLVMFuzzerTestOneInput(copy, mutate(copy, size));
    }
    return 1;
}

int main(int argc, char **argv)
{
    uint32_t rounds = 0;
    int files = 0;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "-rounds=", 8) == 0)
            rounds = (uint32_t)strtoul(argv[i] + 8, NULL, 10);
        else if (strncmp(argv[i], "-seed=", 6) == 0)
            state = strtoul(argv[i] + 6, NULL, 10);
        else
            files += run_file(argv[i], rounds);
    }
    printf("%-16s %5d inputs, %u mutations of each\n", strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0], files, rounds);
    return files == 0;
}

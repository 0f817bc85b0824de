/* replay.c - run a fuzz target over files, and over mutations of them, where there is no libFuzzer.
 *
 * usage: target [-rounds=N] [-seconds=N] [-seed=N] [-save=FILE] file...
 *
 * Each file is run as it is; then come mutations, N of each file, or of all in turn for N seconds.  What ends the
 * process badly is written to FILE. */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void __sanitizer_set_death_callback(void (*callback)(void));

enum { ROOM = 1 << 16, FILES_MAX = 256 };

typedef struct {
    uint8_t *bytes;
    size_t size;
} input;

static uint64_t state = 1;
static const char *save_path = "crash.bin";
static input inputs[FILES_MAX];
static uint32_t input_count;
static uint8_t current[ROOM];
static size_t current_size;

static uint32_t draw(uint32_t below)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(state >> 33) % below;
}

/* Keep the input that broke the target: a test of tomorrow. */
static void save(void)
{
    int file = open(save_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ssize_t written = write(file, current, current_size);
    if (written == (ssize_t)current_size)
        fprintf(stderr, "the input is in %s\n", save_path);
}

static void aborted(int number)
{
    save();
    signal(number, SIG_DFL);
    raise(number);
}

static void insert_piece(const uint8_t *bytes, size_t size)
{
    size_t length = 1 + draw((uint32_t)size), from = draw((uint32_t)(size - length + 1));
    size_t at = draw((uint32_t)current_size + 1);
    if (current_size + length > ROOM)
        return;
    memmove(current + at + length, current + at, current_size - at);
    memcpy(current + at, bytes + from, length);
    current_size += length;
}

static void mutate(void)
{
    static const uint8_t interesting[] = {0, 1, 0x7f, 0x80, 0xff, 0xbe, 0xde, 0x10, 200, 201, 203, 205, 206};
    static uint8_t self[ROOM];
    for (uint32_t n = 1 + draw(8); n > 0 && current_size > 0; n--) {
        uint32_t at = draw((uint32_t)current_size);
        const input *other = &inputs[draw(input_count)];
        switch (draw(7)) {
        case 0: current[at] ^= (uint8_t)(1u << draw(8)); break;
        case 1: current[at] = (uint8_t)draw(256); break;
        case 2: current[at] = interesting[draw(sizeof interesting)]; break;
        case 3: current_size -= draw((uint32_t)current_size); break;
        case 4: current[at] = (uint8_t)(current[at] + draw(9) - 4); break;
        case 5: /* a piece of its own once more */
            memcpy(self, current, current_size);
            insert_piece(self, current_size);
            break;
        default:
            if (other->size > 0)
                insert_piece(other->bytes, other->size);
        }
    }
}

static void run(const input *from, int mutated)
{
    memcpy(current, from->bytes, from->size);
    current_size = from->size;
    if (mutated)
        mutate();
    LLVMFuzzerTestOneInput(current, current_size);
}

static void load(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || input_count == FILES_MAX)
        exit(2);
    uint8_t *bytes = malloc(ROOM);
    size_t size = fread(bytes, 1, ROOM, file);
    fclose(file);
    inputs[input_count++] = (input){bytes, size};
}

static unsigned long run_for(uint32_t rounds, long seconds)
{
    unsigned long count = 0;
    for (uint32_t round = 0; round < rounds; round++)
        for (uint32_t i = 0; i < input_count; i++, count++)
            run(&inputs[i], 1);
    for (time_t end = time(NULL) + seconds; seconds > 0 && time(NULL) < end;)
        for (uint32_t i = 0; i < input_count; i++, count++)
            run(&inputs[i], 1);
    return count;
}

int main(int argc, char **argv)
{
    uint32_t rounds = 0;
    long seconds = 0;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "-rounds=", 8) == 0)
            rounds = (uint32_t)strtoul(argv[i] + 8, NULL, 10);
        else if (strncmp(argv[i], "-seconds=", 9) == 0)
            seconds = strtol(argv[i] + 9, NULL, 10);
        else if (strncmp(argv[i], "-seed=", 6) == 0)
            state = strtoul(argv[i] + 6, NULL, 10);
        else if (strncmp(argv[i], "-save=", 6) == 0)
            save_path = argv[i] + 6;
        else
            load(argv[i]);
    }
    signal(SIGABRT, aborted);
    __sanitizer_set_death_callback(save);
    for (uint32_t i = 0; i < input_count; i++)
        run(&inputs[i], 0);
    unsigned long mutations = run_for(rounds, seconds);
    const char *slash = strrchr(argv[0], '/');
    printf("%-16s %4u inputs, %lu mutations\n", slash ? slash + 1 : argv[0], input_count, mutations);
    for (uint32_t i = 0; i < input_count; i++)
        free(inputs[i].bytes);
    return input_count == 0;
}

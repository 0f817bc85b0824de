/* replay.c - run a fuzz target over files, and over mutations of them, where there is no libFuzzer.
 *
 * usage: target [-rounds=N] [-seconds=N] [-seed=N] [-save=FILE] file...
 *
 * Each file is run as it is; then come mutations, N for each file, or as many as fit into N seconds of the processor
 * or until SIGTERM. An input that reaches branches none before it did, or reaches them more often, is mutated on from
 * then. What ends the process badly, or takes too long, is written to FILE and, its beginning, to stderr. */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void __sanitizer_set_death_callback(void (*callback)(void));
void __sanitizer_cov_trace_pc(void);

enum {
    ROOM = 1 << 16,
    MUTATED_MAX = 1 << 14,
    INPUTS_MAX = 4096,
    EDGES = 1 << 16,
    HANG_S = 5, /* the slowest input takes some ten milliseconds */
    SHOWN_BYTES = 2000,
};

typedef struct {
    uint8_t *bytes;
    size_t size;
} input;

static uint64_t state = 1;
static const char *save_path = "crash.bin";
static input inputs[INPUTS_MAX];
static uint32_t input_count, file_count;
static uint8_t current[ROOM];
static size_t current_size;
static unsigned long run_count;
static volatile sig_atomic_t is_over;
static pid_t parent;

/* Pairs of blocks that ran one after the other: how often in this run, which of them at all, and which of the classes
 * of "how often" were seen before. */
static uint8_t hits[EDGES], classes_seen[EDGES];
static uint16_t touched[EDGES];
static uint32_t touched_count, edge_count;
static uintptr_t block_before;

void __sanitizer_cov_trace_pc(void)
{
    uintptr_t block = (uintptr_t)__builtin_return_address(0) - (uintptr_t)LLVMFuzzerTestOneInput;
    uint64_t pair = (uint64_t)(block ^ (block_before << 24)) * 0x9e3779b97f4a7c15ULL;
    uint16_t edge = (uint16_t)(pair >> 48);
    block_before = block;
    if (hits[edge] == 0)
        touched[touched_count++] = edge;
    hits[edge] = (uint8_t)(hits[edge] + (hits[edge] < 255));
}

/* Forget this run's edges; true when one of them is news. */
static bool was_news(void)
{
    bool is_news = false;
    for (uint32_t i = 0; i < touched_count; i++) {
        uint16_t edge = touched[i];
        uint8_t n = hits[edge], class = (uint8_t)(1u << (n < 4 ? n - 1 : n < 8 ? 3 : n < 16 ? 4 : n < 32 ? 5 : n < 128 ? 6 : 7));
        is_news = is_news || (classes_seen[edge] & class) == 0;
        edge_count += classes_seen[edge] == 0;
        classes_seen[edge] |= class;
        hits[edge] = 0;
    }
    touched_count = 0;
    block_before = 0;
    return is_news;
}

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
    if (written != (ssize_t)current_size)
        return;
    fprintf(stderr, "the input is in %s, in hexadecimal:", save_path);
    for (size_t i = 0; i < current_size && i < SHOWN_BYTES; i++)
        fprintf(stderr, "%s%02x", i % 50 == 0 ? "\n" : "", current[i]);
    fprintf(stderr, "%s\n", current_size > SHOWN_BYTES ? " and so on" : "");
}

static void aborted(int number)
{
    save();
    signal(number, SIG_DFL);
    raise(number);
}

/* Every HANG_S of the processor. */
static void look(int number)
{
    static unsigned long count_before;
    if (getppid() != parent)
        _exit(1); /* nobody waits for the result */
    if (run_count == count_before) {
        fprintf(stderr, "one input takes more than %d s\n", HANG_S);
        aborted(SIGABRT);
    }
    count_before = run_count;
    (void)number;
}

static void stop(int number)
{
    is_over = number;
}

static void insert_piece(const uint8_t *bytes, size_t size)
{
    size_t length = 1 + draw((uint32_t)size), from = draw((uint32_t)(size - length + 1));
    size_t at = draw((uint32_t)current_size + 1);
    if (current_size + length > MUTATED_MAX)
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

static void keep_current(void)
{
    if (input_count == INPUTS_MAX)
        return;
    uint8_t *bytes = malloc(current_size ? current_size : 1);
    memcpy(bytes, current, current_size);
    inputs[input_count++] = (input){bytes, current_size};
}

static void run(const input *from, bool is_mutated)
{
    memcpy(current, from->bytes, from->size);
    current_size = from->size;
    if (is_mutated)
        mutate();
    run_count++;
    touched_count = 0;
    LLVMFuzzerTestOneInput(current, current_size);
    if (was_news() && is_mutated)
        keep_current();
}

static void load(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || input_count == INPUTS_MAX)
        exit(2);
    current_size = fread(current, 1, ROOM, file);
    fclose(file);
    keep_current();
    file_count = input_count;
}

static double spent_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* Every other time a file, so that none is forgotten among all that was found since. */
static const input *choose(void)
{
    return &inputs[draw(draw(2) ? file_count : input_count)];
}

static void watch(void)
{
    struct itimerval every = {{HANG_S, 0}, {HANG_S, 0}};
    parent = getppid();
    signal(SIGTERM, stop);
    signal(SIGABRT, aborted);
    signal(SIGPROF, look);
    setitimer(ITIMER_PROF, &every, NULL);
    __sanitizer_set_death_callback(save);
}

int main(int argc, char **argv)
{
    unsigned long rounds = 0;
    double seconds = 0;
    watch();
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "-rounds=", 8) == 0)
            rounds = strtoul(argv[i] + 8, NULL, 10);
        else if (strncmp(argv[i], "-seconds=", 9) == 0)
            seconds = strtod(argv[i] + 9, NULL);
        else if (strncmp(argv[i], "-seed=", 6) == 0)
            state = strtoul(argv[i] + 6, NULL, 10);
        else if (strncmp(argv[i], "-save=", 6) == 0)
            save_path = argv[i] + 6;
        else
            load(argv[i]);
    }
    if (file_count == 0)
        return 1;
    for (uint32_t i = 0; i < file_count; i++)
        run(&inputs[i], false);
    uint32_t edges_of_files = edge_count;
    while (!is_over && (run_count < (rounds + 1) * file_count || spent_s() < seconds))
        run(choose(), true);
    const char *slash = strrchr(argv[0], '/');
    printf("%-16s %4u files, %lu inputs in %.1f s, %u edges, %u of them new, %u inputs kept\n", slash ? slash + 1 : argv[0],
           file_count, run_count, spent_s(), edge_count, edge_count - edges_of_files, input_count - file_count);
    for (uint32_t i = 0; i < input_count; i++)
        free(inputs[i].bytes);
    return 0;
}

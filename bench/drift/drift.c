/* drift.c - hours of a voice room in seconds: the real engine under a clock that this program turns.
 *
 * usage: drift HOURS PEOPLE
 * It is linked with the engine's own sources; clock_gettime and sendmmsg are wrapped (ld --wrap), so that time is
 * virtual and sending free, and SRTP is a stand-in that looks at every packet the engine wants to send.
 *
 * Everybody hears everybody.  People speak in turns, are silent with Opus DTX (a packet every 400 ms, timestamps going
 * on), are muted by the server, take their track away (both numbers stand still); a hundredth of what they send is
 * lost, and now and then a network holds back up to 300 ms and lets it go at once.  Every second person's sound card
 * is 50 parts in a million too fast or slow.
 *
 * says, at every tenth of the time
 *   MINUTES EVEN_US SKEWED_US ENDING_US REPEATS RSS_KIB FDS ENGINE_BYTES SENT
 * where EVEN_US and SKEWED_US are how far a slot's timestamps were from the wall clock at most, for people with an even
 * and a skewed sound card, ENDING_US the same for the frame of silence that ends a muted stream, and REPEATS how often
 * a slot's sequence number did not go up. */
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "vc_apply.h"
#include "vc_bytes.h"
#include "vc_forward.h"
#include "vc_input.h"
#include "vc_repair.h"
#include "vc_report.h"
#include "vc_state.h"

enum {
    PEOPLE_MAX = 64,
    PT = 111,
    LEVEL_EXT = 1,
    CLOCK = 48000,
    FRAME_US = 20000,
    FRAME_TICKS = 960,
    DTX_FRAMES = 20,
    HEADER = 20,
    PAYLOAD = 80,
    DTX_PAYLOAD = 1,
    SKEW_PER_MILLION = 50,
    HELD_MAX = 15, /* frames of a stall */
    OUT_SSRC = 0x1000,
};

typedef enum { TALKS, IS_SILENT, IS_MUTED, IS_AWAY } mood;

typedef struct {
    mood mood;
    unsigned frames_left; /* of the mood */
    uint16_t seq;
    uint32_t ts;
    double skew;    /* of the sound card, of 1 */
    double next_us; /* of its next frame, by the wall */
    unsigned held;  /* frames the network holds back */
    unsigned hold_left;
    bool was_muted;
} person;

typedef struct {
    bool started;
    uint32_t first_ts, last_ts, wraps;
    uint32_t last_ext;
    uint64_t first_us;
} slot_seen;

static struct {
    vc_engine *engine;
    int people;
    person persons[PEOPLE_MAX];
    slot_seen slots[PEOPLE_MAX][PEOPLE_MAX]; /* by listener, speaker */
    vc_sockaddr names[PEOPLE_MAX];
    uint64_t now_us, random;
    int64_t worst_us[3]; /* of even and skewed cards, and of what the engine itself ends a stream with */
    uint64_t repeats, sent;
    bool is_commanded; /* what is sent now comes of a command, not of a packet */
    bool is_late;      /* what is delivered now was held back: its timestamp is rightly of before */
} room = {.now_us = 1000000000, .random = 88172645463325252u};

int __wrap_clock_gettime(clockid_t id, struct timespec *out);
int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);

int __wrap_clock_gettime(clockid_t id, struct timespec *out)
{
    uint64_t us = room.now_us + (id == CLOCK_REALTIME ? 1700000000000000u : 0);
    *out = (struct timespec){(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
    return 0;
}

int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    (void)fd;
    (void)flags;
    for (unsigned i = 0; i < count; i++)
        messages[i].msg_len = (unsigned)messages[i].msg_hdr.msg_iov->iov_len;
    return (int)count;
}

static void must(int status)
{
    if (status != VC_OK) {
        fprintf(stderr, "the engine refused: %d\n", status);
        exit(1);
    }
}

static uint64_t chance(uint64_t of)
{
    room.random ^= room.random << 13;
    room.random ^= room.random >> 7;
    room.random ^= room.random << 17;
    return room.random % of;
}

/* ---- what the engine sends ---- */

static void note(slot_seen *s, uint32_t speaker, uint16_t seq, uint32_t ts)
{
    room.sent++;
    if (!s->started) {
        *s = (slot_seen){.started = true, .first_ts = ts, .last_ts = ts, .last_ext = seq, .first_us = room.now_us};
        return;
    }
    uint32_t ext = s->last_ext + (uint16_t)(seq - (uint16_t)s->last_ext);
    if (ext == s->last_ext || (uint16_t)(seq - (uint16_t)s->last_ext) >= 0x8000) {
        room.repeats++;
        return;
    }
    s->last_ext = ext;
    if (ts < s->last_ts && s->last_ts - ts > UINT32_MAX / 2)
        s->wraps++;
    s->last_ts = ts;
    int64_t ticks = ((int64_t)s->wraps << 32) + ts - s->first_ts;
    int64_t off_us = ticks * 1000 / (CLOCK / 1000) - (int64_t)(room.now_us - s->first_us);
    int64_t *worst = &room.worst_us[room.is_commanded ? 2 : speaker % 2];
    if (!room.is_late && llabs(off_us) > *worst)
        *worst = llabs(off_us);
}

static int look_and_protect(void *session, void *packet, int *length)
{
    const uint8_t *data = packet;
    uint32_t ssrc = vc_get32(data + 8) - OUT_SSRC, listener = ssrc / PEOPLE_MAX, speaker = ssrc % PEOPLE_MAX;
    (void)session;
    (void)length;
    if (listener < PEOPLE_MAX)
        note(&room.slots[listener][speaker], speaker, vc_get16(data + 2), vc_get32(data + 4));
    return 0;
}

static int pass(void *session, void *packet, int *length)
{
    (void)session;
    (void)packet;
    (void)length;
    return 0;
}

/* ---- the engine ---- */

static void settle(void)
{
    static uint8_t out[1 << 16];
    room.is_commanded = true;
    do
        while (vc_engine_pop(room.engine, out, sizeof out) > 0)
            ;
    while (vc_apply_commands(room.engine));
    room.is_commanded = false;
}

static int open_socket(void)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) != 0)
        exit(1);
    return fd;
}

static void open_engine(void)
{
    vc_config config = {
        .udp4_fd = open_socket(), .udp6_fd = -1, .max_peers = PEOPLE_MAX, .max_tracks = PEOPLE_MAX,
        .max_slots = PEOPLE_MAX * PEOPLE_MAX, .max_receivers = PEOPLE_MAX,
        .ring_bytes = 1 << 16, /* small: its pages are all touched soon */
        .command_depth = 1 << 14, .stun_per_s = 1000, .audio_per_s = 250, .hash_key = "0123456789abcde",
        .protect = (uintptr_t)look_and_protect, .unprotect = (uintptr_t)pass, .protect_rtcp = (uintptr_t)pass,
        .unprotect_rtcp = (uintptr_t)pass,
    };
    room.engine = vc_engine_new(&config);
    if (room.engine == NULL)
        exit(1);
}

static void join(int p)
{
    vc_engine *e = room.engine;
    uint8_t addr[VC_ADDR_BYTES] = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = (uint8_t)p, [16] = 0x20};
    uint16_t port = htons(0x2000);
    room.names[p].v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port};
    memcpy(&room.names[p].v4.sin_addr, addr + 12, 4);
    must(vc_engine_peer_add(e, p, 1, 0));
    must(vc_engine_tuple_add(e, p, addr, 0));
    must(vc_engine_peer_keys(e, p, (uintptr_t)&room, (uintptr_t)&room, 0));
    must(vc_engine_track_add(e, p, p, VC_MEDIA_AUDIO, 100 + (uint32_t)p, PT, CLOCK, LEVEL_EXT, 0));
}

static void open_slots(int listener)
{
    for (int speaker = 0; speaker < room.people; speaker++) {
        int slot = listener * PEOPLE_MAX + speaker;
        if (speaker == listener)
            continue;
        must(vc_engine_slot_add(room.engine, slot, listener, OUT_SSRC + (uint32_t)slot, PT, CLOCK, LEVEL_EXT, "d", 0));
        must(vc_engine_route_set(room.engine, slot, speaker, 0, 0));
    }
    settle();
}

static void deliver(int p, bool is_voice)
{
    static uint8_t data[VC_PACKET_ROOM];
    const person *who = &room.persons[p];
    memset(data, 0, HEADER + PAYLOAD);
    vc_rtp fields = {.pt = PT, .seq = who->seq, .ts = who->ts, .ssrc = 100 + (uint32_t)p};
    size_t length = vc_rtp_write(data, &fields, LEVEL_EXT, is_voice ? 30 : 127);
    length += is_voice ? PAYLOAD : DTX_PAYLOAD;
    vc_clock_read(&room.engine->clock);
    vc_datagram datagram = {
        .data = data, .length = length, .arrived_ns = room.engine->clock.real_ns, .from = &room.names[p]};
    vc_input_datagram(room.engine, &datagram);
    vc_forward_flush(room.engine, &room.engine->links[0]);
}

static void take_timers(void)
{
    vc_clock_read(&room.engine->clock);
    vc_report_due(room.engine);
    vc_repair_due(room.engine);
    vc_forward_sweep(room.engine);
    vc_forward_flush(room.engine, &room.engine->links[0]);
    settle();
}

/* ---- the people ---- */

static unsigned frames(unsigned least_s, unsigned most_s)
{
    return 50 * (least_s + (unsigned)chance(most_s - least_s + 1));
}

/* About a sixth of the time everybody talks: four of twenty-five at once. */
static void change_mood(int p)
{
    person *who = &room.persons[p];
    uint64_t next = chance(20);
    who->mood = who->mood == TALKS || next >= 12 ? IS_SILENT : next < 9 ? TALKS : next < 11 ? IS_MUTED : IS_AWAY;
    who->frames_left = who->mood == TALKS ? frames(1, 8) : who->mood == IS_SILENT ? frames(2, 20) : frames(1, 60);
    bool is_muted = who->mood == IS_MUTED;
    if (is_muted != who->was_muted)
        must(vc_engine_track_mute(room.engine, p, is_muted, 0));
    who->was_muted = is_muted;
}

static void speak(int p)
{
    person *who = &room.persons[p];
    if (who->frames_left-- == 0)
        change_mood(p);
    if (who->mood == IS_AWAY)
        return;
    who->ts += FRAME_TICKS;
    bool is_voice = who->mood != IS_SILENT;
    if (!is_voice && who->frames_left % DTX_FRAMES != 0)
        return;
    who->seq++;
    if (chance(100) != 0)
        deliver(p, is_voice);
}

/* One frame of somebody's sound card; what the network holds back comes all at once. */
static void live(int p)
{
    person *who = &room.persons[p];
    who->next_us += FRAME_US * who->skew;
    if (who->hold_left == 0 && chance(5000) == 0)
        who->hold_left = 1 + (unsigned)chance(HELD_MAX);
    if (who->hold_left > 0) {
        who->held++;
        if (--who->hold_left > 0)
            return;
        room.is_late = true;
        for (; who->held > 1; who->held--)
            speak(p);
        room.is_late = false;
        who->held = 0;
    }
    speak(p);
}

static int next_person(void)
{
    int next = 0;
    for (int p = 1; p < room.people; p++)
        if (room.persons[p].next_us < room.persons[next].next_us)
            next = p;
    return next;
}

/* ---- the report ---- */

static long rss_kib(void)
{
    long pages = 0, resident = 0;
    FILE *in = fopen("/proc/self/statm", "r");
    if (in == NULL || fscanf(in, "%ld %ld", &pages, &resident) != 2)
        resident = 0;
    if (in != NULL)
        fclose(in);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static int open_fds(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder != NULL && readdir(folder) != NULL)
        count++;
    if (folder != NULL)
        closedir(folder);
    return count;
}

static void say(uint64_t start_us)
{
    unsigned long long minutes = (room.now_us - start_us) / 60000000;
    const int64_t *worst = room.worst_us;
    printf("%llu %lld %lld %lld %llu ", minutes, (long long)worst[0], (long long)worst[1], (long long)worst[2],
           (unsigned long long)room.repeats);
    printf("%ld %d %zu %llu\n", rss_kib(), open_fds(), vc_engine_total_bytes(room.engine),
           (unsigned long long)room.sent);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    double hours = argc == 3 ? atof(argv[1]) : 0;
    room.people = argc == 3 ? atoi(argv[2]) : 0;
    if (hours <= 0 || room.people < 2 || room.people > PEOPLE_MAX)
        return 2;
    open_engine();
    for (int p = 0; p < room.people; p++)
        join(p);
    for (int p = 0; p < room.people; p++)
        open_slots(p);
    uint64_t start = room.now_us, length = (uint64_t)(hours * 3600e6), said = 0, timers = start;
    for (int p = 0; p < room.people; p++) {
        int sign = p % 2 == 0 ? 0 : p % 4 == 1 ? 1 : -1;
        room.persons[p] = (person){.mood = IS_AWAY, .frames_left = 1, .ts = (uint32_t)chance(1u << 31),
                                   .skew = 1 + sign * SKEW_PER_MILLION / 1e6, .next_us = (double)start + p * 800};
    }
    while (said < 10) {
        int p = next_person();
        room.now_us = (uint64_t)room.persons[p].next_us;
        for (; timers + 10000 <= room.now_us; timers += 10000)
            take_timers();
        live(p);
        if (room.now_us - start >= (said + 1) * length / 10) {
            said++;
            say(start);
        }
    }
    return vc_engine_free(room.engine) == VC_OK ? 0 : 1;
}

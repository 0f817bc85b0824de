#include "vc_twcc.h"

#include <string.h>

#include "vc_bytes.h"

enum {
    HEADER = 20,
    TICK_US = 250,
    TICKS_PER_REFERENCE = 256, /* 64 ms */
    RUN_MIN = 14,              /* shorter ones fit a vector */
};

/* Packet status symbols. */
enum { LOST = 0, SMALL = 1, LARGE = 2 };

/* What one feedback says of its packets. */
typedef struct {
    int count;
    uint8_t symbols[VC_TWCC_PACKETS_MAX + RUN_MIN]; /* behind 'count' zeros, so that a vector may look ahead */
    int16_t deltas[VC_TWCC_PACKETS_MAX];
    int64_t reference;
    size_t delta_bytes;
} told;

static uint64_t *arrival(vc_twcc *t, uint32_t ext)
{
    return &t->arrived_us[ext & (VC_TWCC_WINDOW - 1)];
}

void vc_twcc_init(vc_twcc *t, uint64_t now_us)
{
    memset(t, 0, sizeof *t);
    t->told_us = now_us;
}

static void move_on(vc_twcc *t, uint32_t ext)
{
    if (ext - t->newest_ext >= VC_TWCC_WINDOW)
        memset(t->arrived_us, 0, sizeof t->arrived_us);
    else
        for (uint32_t i = t->newest_ext + 1; i != ext + 1; i++)
            *arrival(t, i) = 0;
    t->newest_ext = ext;
    if (ext - t->next_ext >= VC_TWCC_WINDOW) /* nobody told for long, or a leap: the oldest stay untold */
        t->next_ext = ext - VC_TWCC_WINDOW + 1;
}

void vc_twcc_arrived(vc_twcc *t, uint16_t seq, uint64_t now_us)
{
    if (!t->started) {
        t->started = true;
        t->newest_ext = t->next_ext = 0x10000u + seq;
    }
    int64_t distance = (int16_t)(uint16_t)(seq - (uint16_t)t->newest_ext);
    uint32_t ext = (uint32_t)(t->newest_ext + distance);
    if ((int32_t)(ext - t->newest_ext) > 0)
        move_on(t, ext);
    else if (t->newest_ext - ext >= VC_TWCC_WINDOW)
        return; /* too old to matter to any estimate */
    if (*arrival(t, ext) != 0)
        return;
    *arrival(t, ext) = now_us == 0 ? 1 : now_us;
    if ((int32_t)(ext - t->next_ext) < 0)
        t->next_ext = ext;
}

bool vc_twcc_is_due(const vc_twcc *t, uint64_t now_us)
{
    return now_us >= t->told_us + VC_TWCC_INTERVAL_US;
}

/* Take packets from the first untold one on, as many as one feedback may hold. */
static void collect(vc_twcc *t, told *f)
{
    int64_t before = 0;
    bool has_reference = false;
    uint32_t ext = t->next_ext;
    /* Where all of these are lost; the newest did arrive. */
    f->reference = (int64_t)(*arrival(t, t->newest_ext) / TICK_US / TICKS_PER_REFERENCE);
    for (; f->count < VC_TWCC_PACKETS_MAX && (int32_t)(t->newest_ext - ext) >= 0; ext++, f->count++) {
        if (*arrival(t, ext) == 0)
            continue;
        int64_t ticks = (int64_t)(*arrival(t, ext) / TICK_US);
        if (!has_reference) {
            f->reference = ticks / TICKS_PER_REFERENCE;
            before = f->reference * TICKS_PER_REFERENCE;
            has_reference = true;
        }
        int64_t delta = ticks - before;
        if (delta < INT16_MIN || delta > INT16_MAX)
            break; /* eight seconds apart: with a reference of its own */
        before = ticks;
        f->deltas[f->count] = (int16_t)delta;
        f->symbols[f->count] = delta >= 0 && delta <= 255 ? SMALL : LARGE;
        f->delta_bytes += f->symbols[f->count];
    }
    t->next_ext = ext;
}

static int run_at(const told *f, int i)
{
    int n = 1;
    while (i + n < f->count && f->symbols[i + n] == f->symbols[i])
        n++;
    return n;
}

/* One chunk for the packets from i on: how many it covers. */
static int put_chunk(uint8_t *out, const told *f, int i)
{
    int run = run_at(f, i);
    if (run >= RUN_MIN) {
        vc_put16(out, (uint16_t)(f->symbols[i] << 13 | run));
        return run;
    }
    bool has_large = memchr(&f->symbols[i], LARGE, RUN_MIN) != NULL;
    int covered = has_large ? 7 : 14, bits = has_large ? 2 : 1;
    uint16_t chunk = has_large ? 0xc000 : 0x8000;
    for (int k = 0; k < covered; k++)
        chunk = (uint16_t)(chunk | f->symbols[i + k] << (bits * (covered - 1 - k)));
    vc_put16(out, chunk);
    return covered;
}

static size_t put_deltas(uint8_t *out, const told *f)
{
    size_t size = 0;
    for (int i = 0; i < f->count; i++) {
        if (f->symbols[i] == SMALL) {
            out[size++] = (uint8_t)f->deltas[i];
        } else if (f->symbols[i] == LARGE) {
            vc_put16(out + size, (uint16_t)f->deltas[i]);
            size += 2;
        }
    }
    return size;
}

size_t vc_twcc_write(vc_twcc *t, uint8_t *out, size_t cap, uint32_t sender, uint32_t ssrc, uint64_t now_us)
{
    t->told_us = now_us;
    if (!t->started || (int32_t)(t->newest_ext - t->next_ext) < 0 || cap < VC_TWCC_BYTES_MAX)
        return 0;
    told f = {0};
    uint32_t base = t->next_ext;
    collect(t, &f);
    size_t size = HEADER;
    for (int i = 0; i < f.count; size += 2)
        i += put_chunk(out + size, &f, i);
    size += put_deltas(out + size, &f);
    while (size % 4 != 0)
        out[size++] = 0;
    out[0] = 0x80 | VC_RTCP_FB_TRANSPORT;
    out[1] = VC_RTCP_RTPFB;
    vc_put16(out + 2, (uint16_t)(size / 4 - 1));
    vc_put32(out + 4, sender);
    vc_put32(out + 8, ssrc);
    vc_put16(out + 12, (uint16_t)base);
    vc_put16(out + 14, (uint16_t)f.count);
    vc_put32(out + 16, (uint32_t)((uint64_t)f.reference << 8) | t->feedbacks++);
    return size;
}

/* ---- what others tell ---- */

/* The symbols of one chunk, no more than 'room'; how many. */
static int read_chunk(uint16_t chunk, uint8_t *symbols, int room)
{
    if ((chunk & 0x8000) == 0) {
        int run = (chunk & 0x1fff) < room ? chunk & 0x1fff : room;
        memset(symbols, chunk >> 13, (size_t)run);
        return run;
    }
    bool has_large = (chunk & 0x4000) != 0;
    int held = has_large ? 7 : 14, bits = has_large ? 2 : 1;
    int n = held < room ? held : room;
    for (int i = 0; i < n; i++)
        symbols[i] = (uint8_t)(chunk >> (bits * (held - 1 - i)) & (has_large ? 3 : 1));
    return n;
}

int vc_twcc_read(const vc_rtcp_packet *packet, vc_twcc_feedback *out)
{
    size_t at = HEADER - 4, delta_bytes = 0; /* the body begins behind the first word */
    if (packet->type != VC_RTCP_RTPFB || packet->count != VC_RTCP_FB_TRANSPORT || packet->length < at)
        return VC_ERR_RANGE;
    const uint8_t *p = packet->body;
    out->base = vc_get16(p + 8);
    out->count = vc_get16(p + 10);
    out->reference = vc_get32(p + 12) >> 8;
    if (out->count == 0 || out->count > VC_TWCC_READ_MAX)
        return VC_ERR_RANGE;
    for (int n = 0; n < out->count; at += 2) {
        if (packet->length - at < 2)
            return VC_ERR_RANGE;
        n += read_chunk(vc_get16(p + at), out->symbols + n, out->count - n);
    }
    for (int i = 0; i < out->count; i++) {
        if (out->symbols[i] > LARGE)
            return VC_ERR_RANGE;
        delta_bytes += out->symbols[i];
    }
    out->deltas = p + at;
    return delta_bytes <= packet->length - at ? VC_OK : VC_ERR_RANGE;
}

bool vc_twcc_step(const vc_twcc_feedback *feedback, int i, const uint8_t **at, int64_t *arrived_us)
{
    uint8_t symbol = feedback->symbols[i];
    if (symbol == LOST)
        return false;
    *arrived_us += TICK_US * (symbol == SMALL ? **at : (int16_t)vc_get16(*at));
    *at += symbol;
    return true;
}

/* However a stream is cut into reads, the same frames come out, and the same end; none reaches past what came. Sent on
 * in pieces of that size, they are the same stream. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vc_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    const uint8_t *bytes;
    size_t size, at;
} oracle;

/* The whole stream at once, in six lines. */
static int oracle_next(oracle *o, const uint8_t **data, size_t *length)
{
    if (o->size - o->at < 2)
        return 0;
    *length = (size_t)o->bytes[o->at] << 8 | o->bytes[o->at + 1];
    if (*length == 0 || *length > VC_DATAGRAM_MAX)
        return VC_ERR_RANGE;
    if (o->size - o->at - 2 < *length)
        return 0;
    *data = o->bytes + o->at + 2;
    o->at += 2 + *length;
    return 1;
}

/* What came, framed anew, on its way out. */
typedef struct {
    vc_framer queue;
    const uint8_t *expected; /* the stream from what goes next */
    size_t piece;
    uint8_t room[2 * (VC_DATAGRAM_MAX + VC_FRAME_HEADER)];
} outlet;

/* Send until no more than 'left' bytes wait. */
static void drain(outlet *out, size_t left)
{
    const uint8_t *pending;
    for (size_t n; (n = vc_framer_pending(&out->queue, &pending)) > left; out->expected += n) {
        n = n < out->piece ? n : out->piece;
        if (memcmp(pending, out->expected, n) != 0)
            abort();
        vc_framer_sent(&out->queue, n);
    }
}

/* Take all that is there, sending it on framed; false when the stream is over. */
static bool take(vc_unframer *in, oracle *expected, outlet *out)
{
    const uint8_t *got, *wanted;
    size_t length, wanted_length;
    int status;
    while ((status = vc_unframer_next(in, &got, &length)) == 1) {
        if (oracle_next(expected, &wanted, &wanted_length) != 1 || length != wanted_length ||
            memcmp(got, wanted, length) != 0)
            abort();
        while (vc_framer_put(&out->queue, got, length) != VC_OK) /* as much as that has to fit */
            drain(out, sizeof out->room - length - VC_FRAME_HEADER);
    }
    if (status != 0 && oracle_next(expected, &wanted, &wanted_length) != status)
        abort();
    return status == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t piece = data[0] == 0 ? size : data[0]; /* the first byte says how large the reads are */
    oracle expected = {data + 1, size - 1, 0};
    static outlet out;
    out.expected = expected.bytes;
    out.piece = piece;
    vc_framer_init(&out.queue, out.room, sizeof out.room);
    vc_unframer *in = malloc(sizeof *in);
    in->start = in->end = 0;
    bool goes_on = true;
    for (size_t at = 0, room, n; goes_on && at < expected.size; at += n) {
        uint8_t *to = vc_unframer_room(in, &room);
        if (room == 0)
            abort();
        n = expected.size - at < piece ? expected.size - at : piece;
        n = n < room ? n : room;
        memcpy(to, expected.bytes + at, n);
        vc_unframer_received(in, n);
        goes_on = take(in, &expected, &out);
    }
    drain(&out, 0);
    const uint8_t *wanted;
    size_t length;
    if (out.expected != expected.bytes + expected.at)
        abort();
    if (goes_on && expected.size > 0 && oracle_next(&expected, &wanted, &length) == 1)
        abort(); /* one was missed */
    free(in);
    return 0;
}

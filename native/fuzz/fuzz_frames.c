/* However a stream is cut into reads, the same frames come out, and the same end; none reaches past what came. */
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

/* Take all that is there, sending it back framed; false when the stream is over. */
static bool take(vc_unframer *in, oracle *expected)
{
    static uint8_t room[VC_DATAGRAM_MAX + VC_FRAME_HEADER];
    vc_framer out;
    const uint8_t *got, *wanted, *pending;
    size_t length, wanted_length;
    int status;
    while ((status = vc_unframer_next(in, &got, &length)) == 1) {
        if (oracle_next(expected, &wanted, &wanted_length) != 1 || length != wanted_length ||
            memcmp(got, wanted, length) != 0)
            abort();
        vc_framer_init(&out, room, sizeof room);
        if (vc_framer_put(&out, got, length) != VC_OK || vc_framer_pending(&out, &pending) != length + 2 ||
            memcmp(pending, wanted - 2, length + 2) != 0)
            abort();
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
        goes_on = take(in, &expected);
    }
    const uint8_t *wanted;
    size_t length;
    if (goes_on && expected.size > 0 && oracle_next(&expected, &wanted, &length) == 1)
        abort(); /* one was missed */
    free(in);
    return 0;
}

/* RFC 4571 framing: whatever the pieces a stream comes in, the frames are the same; bad lengths end it. */
#include <string.h>

#include "check.h"
#include "vc_bytes.h"
#include "vc_frame.h"

static vc_unframer in;
static vc_framer out;
static uint8_t out_bytes[16384];

static void feed(const uint8_t *bytes, size_t length)
{
    size_t room;
    uint8_t *at = vc_unframer_room(&in, &room);
    CHECK(length <= room);
    memcpy(at, bytes, length);
    vc_unframer_received(&in, length);
}

static int next_is(const char *text)
{
    const uint8_t *data;
    size_t length;
    int status = vc_unframer_next(&in, &data, &length);
    if (status == 1)
        CHECK(length == strlen(text) && memcmp(data, text, length) == 0);
    return status;
}

static void byte_by_byte(void)
{
    static const uint8_t stream[] = {0, 3, 'o', 'n', 'e', 0, 1, 'x'};
    in = (vc_unframer){0};
    for (size_t i = 0; i < sizeof stream; i++) {
        feed(stream + i, 1);
        CHECK_EQUAL(next_is(i == 4 ? "one" : "x"), i == 4 || i == 7);
    }
}

static void glued_together(void)
{
    static const uint8_t stream[] = {0, 3, 'o', 'n', 'e', 0, 3, 't', 'w', 'o', 0};
    in = (vc_unframer){0};
    feed(stream, sizeof stream);
    CHECK_EQUAL(next_is("one"), 1);
    CHECK_EQUAL(next_is("two"), 1);
    CHECK_EQUAL(next_is(""), 0);
    feed((const uint8_t *)"\3end", 4);
    CHECK_EQUAL(next_is("end"), 1);
}

static void lengths(void)
{
    static const struct {
        uint16_t length;
        int status;
    } cases[] = {{0, VC_ERR_RANGE},    {1, 0},
                 {VC_DATAGRAM_MAX, 0}, {VC_DATAGRAM_MAX + 1, VC_ERR_RANGE},
                 {65535, VC_ERR_RANGE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t header[2];
        vc_put16(header, cases[i].length);
        in = (vc_unframer){0};
        feed(header, 2);
        CHECK_EQUAL(next_is(""), cases[i].status);
        CHECK_EQUAL(next_is(""), cases[i].status); /* and stays so */
    }
}

static void there_is_room_for_the_longest_frame_behind_a_partial_one(void)
{
    static uint8_t frame[VC_FRAME_HEADER + VC_DATAGRAM_MAX];
    const uint8_t *data;
    size_t length, room, fed = 0, frames = 0;
    vc_put16(frame, VC_DATAGRAM_MAX);
    in = (vc_unframer){0};
    for (int turn = 0; turn < 100; turn++) {
        uint8_t *at = vc_unframer_room(&in, &room);
        CHECK(room >= sizeof frame);
        for (size_t i = 0; i < room; i++)
            at[i] = frame[fed++ % sizeof frame];
        vc_unframer_received(&in, room);
        while (vc_unframer_next(&in, &data, &length) == 1) {
            CHECK_EQUAL(length, VC_DATAGRAM_MAX);
            frames++;
        }
    }
    CHECK_EQUAL(frames, fed / sizeof frame);
}

static void what_finds_no_room_is_refused_whole(void)
{
    static uint8_t packet[VC_DATAGRAM_MAX];
    const uint8_t *data;
    size_t put = 0;
    vc_framer_init(&out, out_bytes, sizeof out_bytes);
    while (vc_framer_put(&out, packet, sizeof packet) == VC_OK)
        put++;
    CHECK_EQUAL(put, sizeof out_bytes / (sizeof packet + VC_FRAME_HEADER));
    CHECK_EQUAL(vc_framer_pending(&out, &data), put * (sizeof packet + VC_FRAME_HEADER));
    CHECK_EQUAL(vc_framer_put(&out, packet, sizeof packet), VC_ERR_FULL);
    vc_framer_sent(&out, sizeof packet + VC_FRAME_HEADER + 1); /* one and the first byte of the second */
    CHECK_EQUAL(out.begun, sizeof packet + VC_FRAME_HEADER - 1);
    CHECK_EQUAL(vc_framer_put(&out, packet, sizeof packet), VC_OK);
    size_t pending = vc_framer_pending(&out, &data);
    CHECK_EQUAL(pending, put * (sizeof packet + VC_FRAME_HEADER) - 1);
    CHECK_EQUAL(data[0], VC_DATAGRAM_MAX & 0xff);
    vc_framer_sent(&out, pending);
    CHECK_EQUAL(out.begun, 0);
    CHECK_EQUAL(vc_framer_pending(&out, &data), 0);
}

int main(void)
{
    byte_by_byte();
    glued_together();
    lengths();
    there_is_room_for_the_longest_frame_behind_a_partial_one();
    what_finds_no_room_is_refused_whole();
    return check_report("frames");
}

/* Video: what its packets say, numbers that go on over switches, and what is remembered of them. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "vc_codec.h"
#include "vc_layer.h"
#include "vc_rewrite.h"
#include "vc_rtcp.h"
#include "vc_view.h"

enum { MALFORMED = -1 };

/* 1 where a keyframe begins, 0 where not, MALFORMED. */
static int keyframe(vc_codec codec, const char *bytes, size_t length)
{
    vc_picture picture;
    uint8_t *exact = malloc(length > 0 ? length : 1); /* so that the sanitizer sees one byte too many */
    memcpy(exact, bytes, length);
    int status = vc_codec_read(codec, exact, length, &picture);
    free(exact);
    return status != VC_OK ? MALFORMED : picture.is_keyframe;
}

#define KEYFRAME(codec, bytes) keyframe(codec, bytes, sizeof bytes - 1)

static void keyframes_of_vp8(void)
{
    CHECK_EQUAL(KEYFRAME(VC_CODEC_VP8, "\x10\x00"), 1);
    CHECK_EQUAL(KEYFRAME(VC_CODEC_VP8, "\x10\x01"), 0);                     /* P: predicted */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_VP8, "\x00\x00"), 0);                     /* in the middle */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_VP8, "\x11\x00"), 0);                     /* the second partition */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_VP8, "\x90\xf0\x81\x02\x03\x04\x00"), 1); /* all fields */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_VP8, "\x90\x80\x01\x00"), 1);             /* a short picture id */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_VP8, "\x90\xf0\x81\x02\x03\x04"), MALFORMED);
    CHECK_EQUAL(KEYFRAME(VC_CODEC_VP8, "\x90\x80\x81"), MALFORMED);
    CHECK_EQUAL(KEYFRAME(VC_CODEC_VP8, "\x90"), MALFORMED);
    CHECK_EQUAL(KEYFRAME(VC_CODEC_VP8, ""), MALFORMED);
}

static void keyframes_of_vp9(void)
{
    CHECK_EQUAL(KEYFRAME(VC_CODEC_VP9, "\x08x"), 1);
    CHECK_EQUAL(KEYFRAME(VC_CODEC_VP9, "\x48x"), 0);                 /* P */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_VP9, "\x00x"), 0);                 /* no beginning */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_VP9, "\xa8\x81\x02\x01\x07x"), 1); /* picture id, lowest layer, TL0PICIDX */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_VP9, "\xa8\x81\x02\x02\x07x"), 0); /* the second spatial layer */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_VP9, "\xb8\x01\x00x"), 1);         /* flexible: no TL0PICIDX */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_VP9, "\xa8\x81\x02\x01"), MALFORMED);
    CHECK_EQUAL(KEYFRAME(VC_CODEC_VP9, "\x08"), MALFORMED);
}

static void keyframes_of_h264(void)
{
    CHECK_EQUAL(KEYFRAME(VC_CODEC_H264, "\x67x"), 1);                       /* SPS alone */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_H264, "\x78\0\2\x67x\0\1\x68"), 1);       /* STAP-A of SPS and PPS */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_H264, "\x78\0\1\x09\0\2\x67x"), 1);       /* behind a delimiter */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_H264, "\x65x"), 0);                       /* IDR without what it needs */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_H264, "\x41x"), 0);
    CHECK_EQUAL(KEYFRAME(VC_CODEC_H264, "\x7c\x85x"), 0);                   /* FU-A */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_H264, "\x78\0\3\x67x"), MALFORMED);
    CHECK_EQUAL(KEYFRAME(VC_CODEC_H264, "\x78\0\0\x67"), MALFORMED);
    CHECK_EQUAL(KEYFRAME(VC_CODEC_H264, "\x78\0\1\x67\0"), MALFORMED);
    CHECK_EQUAL(KEYFRAME(VC_CODEC_H264, ""), MALFORMED);
}

static void keyframes_of_av1(void)
{
    CHECK_EQUAL(KEYFRAME(VC_CODEC_AV1, "\x08\x02\x08x\x01\x30"), 1);   /* N, lengths: sequence header, frame */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_AV1, "\x18\x08xyz"), 1);             /* one element without length */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_AV1, "\x28\x02\x08x\x30"), 1);       /* two, the last without */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_AV1, "\x28\x01\x10\x08x"), 1);       /* behind a temporal delimiter */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_AV1, "\x18\x30xyz"), 0);             /* N without a sequence header */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_AV1, "\x10\x08xyz"), 0);             /* the header without N */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_AV1, "\x98\x08xyz"), 0);             /* the rest of an element */
    CHECK_EQUAL(KEYFRAME(VC_CODEC_AV1, "\x08\x09\x08"), MALFORMED);
    CHECK_EQUAL(KEYFRAME(VC_CODEC_AV1, "\x08\xff\xff\xff\xff\xff\xff"), MALFORMED);
    CHECK_EQUAL(KEYFRAME(VC_CODEC_AV1, "\x08\x00\x08"), MALFORMED);
    CHECK_EQUAL(KEYFRAME(VC_CODEC_AV1, "\x08"), MALFORMED);
}

static void other_types_are_no_video(void)
{
    CHECK_EQUAL(KEYFRAME(VC_CODEC_NONE, "\x10\x00"), MALFORMED);
    CHECK_EQUAL(KEYFRAME(VC_CODEC_OPUS, "\x10\x00"), MALFORMED);
    CHECK_EQUAL(KEYFRAME((vc_codec)77, "\x10\x00"), MALFORMED);
}

static void numbers_are_put_where_they_were_read(void)
{
    uint8_t wide[] = {0x90, 0xc0, 0xff, 0xfe, 9, 0, 5}, narrow[] = {0x90, 0x80, 0x7f, 0};
    vc_picture picture;
    CHECK_EQUAL(vc_codec_read(VC_CODEC_VP8, wide, sizeof wide, &picture), VC_OK);
    CHECK_EQUAL(vc_codec_id(&picture, wide), 0x7ffe);
    CHECK_EQUAL(vc_codec_tl0(&picture, wide), 9);
    vc_codec_set(&picture, wide, 0x1234, 77);
    CHECK(memcmp(wide, "\x90\xc0\x92\x34\x4d\x00\x05", 7) == 0);
    CHECK_EQUAL(vc_codec_read(VC_CODEC_VP8, narrow, sizeof narrow, &picture), VC_OK);
    CHECK_EQUAL(vc_codec_id(&picture, narrow), 0x7f);
    vc_codec_set(&picture, narrow, 0x1234, 77);
    CHECK(memcmp(narrow, "\x90\x80\x34\x00", 4) == 0);
}

static void pictures_go_on_over_switches(void)
{
    const vc_picture both = {.id_bytes = 2, .has_tl0 = true};
    vc_pictures p = {0};
    uint16_t id = 0x7ffe;
    uint8_t tl0 = 254;
    vc_pictures_next(&p, &both, &id, &tl0, true, true);
    CHECK(id == 0x7ffe && tl0 == 254); /* the first source's own */
    id = 0x7fff, tl0 = 255;
    vc_pictures_next(&p, &both, &id, &tl0, false, true);
    CHECK(id == 0x7fff && tl0 == 255);
    id = 500, tl0 = 3;
    vc_pictures_next(&p, &both, &id, &tl0, true, true);
    CHECK(id == 0 && tl0 == 0);
    id = 502, tl0 = 4;
    vc_pictures_next(&p, &both, &id, &tl0, false, true);
    CHECK(id == 2 && tl0 == 1);
    id = 501, tl0 = 3;
    vc_pictures_next(&p, &both, &id, &tl0, false, false); /* overtaken */
    CHECK(id == 1 && tl0 == 0);
    id = 9, tl0 = 9;
    vc_pictures_next(&p, &both, &id, &tl0, true, true);
    CHECK(id == 3 && tl0 == 2);
}

static void views_forget_at_once(void)
{
    vc_view *view = calloc(1, sizeof *view);
    vc_view_init(view, 7, 0xffff, 100);
    CHECK_EQUAL(view->rtx_seq, 0x7fff);
    vc_view_put(view, &(vc_view_packet){.serial = 101, .seq = 5});
    CHECK(vc_view_find(view, 5) != NULL);
    CHECK(vc_view_find(view, 5 + VC_VIEW_PACKETS) == NULL);
    vc_view_forget(view, 101);
    CHECK(vc_view_find(view, 5) == NULL);
    vc_view_put(view, &(vc_view_packet){.serial = 102, .seq = 5});
    CHECK(vc_view_find(view, 5) != NULL);
    vc_view_put(view, &(vc_view_packet){.serial = 0, .seq = 6}); /* was not stored */
    CHECK(vc_view_find(view, 6) == NULL);
    free(view);
}

/* One that is watched for days, while the engine stores packets of many others. */
static void views_remember_when_serials_have_gone_round(void)
{
    vc_view *view = calloc(1, sizeof *view);
    vc_view_init(view, 7, 0, 100);
    for (uint32_t i = 1; i <= 400; i++) {
        vc_view_put(view, &(vc_view_packet){.serial = 100 + (i << 24), .seq = (uint16_t)i});
        if (vc_view_find(view, (uint16_t)i) == NULL)
            CHECK_EQUAL(i, 0);
    }
    CHECK(vc_view_find(view, 399) != NULL && vc_view_find(view, 300) == NULL);
    free(view);
}

static void a_late_number_is_sent_once_and_while_that_is_known(void)
{
    vc_view *view = calloc(1, sizeof *view);
    vc_view_init(view, 7, 0, 100);
    vc_view_put(view, &(vc_view_packet){.serial = 101, .seq = 65535});
    CHECK(vc_view_may_send(view, 4, 4));
    CHECK(vc_view_may_send(view, 0, 4));
    CHECK(!vc_view_may_send(view, 65535, 4));
    CHECK(vc_view_may_send(view, (uint16_t)(5 - VC_VIEW_PACKETS), 4));
    CHECK(!vc_view_may_send(view, (uint16_t)(4 - VC_VIEW_PACKETS), 4));
    free(view);
}

static void a_limit_gives_two_seconds_then_its_rate(void)
{
    vc_layer *layer = calloc(1, sizeof *layer);
    vc_layer_init(layer, 1000000);
    int passed = 0;
    for (int i = 0; i < 1000; i++)
        passed += vc_layer_takes(layer, 1250, 0); /* 10 ms each */
    CHECK_EQUAL(passed, 200);
    for (uint64_t ms = 1; ms <= 1000; ms++)
        passed += vc_layer_takes(layer, 1250, ms * 1000);
    CHECK_EQUAL(passed, 300);
    CHECK(!vc_layer_takes(layer, 0, 1000000)); /* nothing is free of charge */
    vc_layer_init(layer, 0);
    CHECK(vc_layer_takes(layer, 1500, 0));
    free(layer);
}

static void video_follows_the_clock_in_any_step(void)
{
    vc_rewriter r;
    vc_rewritten out;
    vc_rewriter_init_video(&r, 0xffff, 77);
    CHECK_EQUAL(vc_rewriter_next(&r, 10, 1000, 1000000, &out), VC_OK);
    CHECK(out.seq == 0x7fff && out.ts == 77 && out.starts_stretch);
    vc_rewriter_cut(&r);
    CHECK_EQUAL(vc_rewriter_next(&r, 9000, 5, 1033000, &out), VC_OK); /* another layer, 33 ms later */
    CHECK(out.seq == 0x8000 && out.ts == 77 + 33 * 90 && out.starts_stretch);
    CHECK_EQUAL(vc_rewriter_next(&r, 9001, 5 + 8 * 90000, 1034000, &out), VC_OK); /* no pause, however still */
    CHECK(!out.starts_stretch && out.ts == 77 + 33 * 90 + 8 * 90000);
    vc_rewriter_cut(&r);
    CHECK_EQUAL(vc_rewriter_next(&r, 1, 1, 1034000, &out), VC_OK); /* at the same instant: still forward */
    CHECK_EQUAL(out.ts - (77 + 33 * 90 + 8 * 90000), 90);
}

static void requests_are_read_to_their_end(void)
{
    uint8_t pli[12] = {0x81, VC_RTCP_PSFB, 0, 2, [11] = 9}, fir[20] = {0x84, VC_RTCP_PSFB, 0, 4, [15] = 9, [16] = 7};
    uint8_t out[12], seq = 0, short_of[11];
    uint32_t ssrc = 0;
    size_t offset = 0;
    vc_rtcp_packet packet;
    CHECK(vc_rtcp_next(pli, sizeof pli, &offset, &packet));
    CHECK_EQUAL(vc_rtcp_pli(&packet, &ssrc), VC_OK);
    CHECK_EQUAL(ssrc, 9);
    CHECK_EQUAL(vc_rtcp_fir(&packet, 0, &ssrc, &seq), VC_ERR_RANGE);
    packet.length = 7;
    CHECK_EQUAL(vc_rtcp_pli(&packet, &ssrc), VC_ERR_RANGE);
    offset = 0;
    CHECK(vc_rtcp_next(fir, sizeof fir, &offset, &packet));
    CHECK_EQUAL(vc_rtcp_fir(&packet, 0, &ssrc, &seq), VC_OK);
    CHECK(ssrc == 9 && seq == 7);
    CHECK_EQUAL(vc_rtcp_fir(&packet, 1, &ssrc, &seq), VC_ERR_RANGE);
    CHECK_EQUAL(vc_rtcp_fir(&packet, -1, &ssrc, &seq), VC_ERR_RANGE);
    CHECK_EQUAL(vc_rtcp_write_pli(out, sizeof out, 0, 9), 12);
    CHECK(memcmp(out, pli, sizeof pli) == 0);
    CHECK_EQUAL(vc_rtcp_write_pli(short_of, sizeof short_of, 0, 9), 0);
}

int main(void)
{
    keyframes_of_vp8();
    keyframes_of_vp9();
    keyframes_of_h264();
    keyframes_of_av1();
    other_types_are_no_video();
    numbers_are_put_where_they_were_read();
    pictures_go_on_over_switches();
    views_forget_at_once();
    views_remember_when_serials_have_gone_round();
    a_late_number_is_sent_once_and_while_that_is_known();
    a_limit_gives_two_seconds_then_its_rate();
    video_follows_the_clock_in_any_step();
    requests_are_read_to_their_end();
    return check_report("video");
}

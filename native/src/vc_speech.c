#include "vc_speech.h"

/* Loudness is 127 - level.  Speech into a quiet microphone is around -45 dBov, a room's noise below -60. */
enum {
    START = 72,         /* -55 dBov */
    GO_ON = 67,         /* -60 dBov */
    FLOOR = 56,         /* the average never falls lower, so two packets of quiet speech lift it over START */
    HALF_LIFE_US = 20000,
    HANG_US = 350000,   /* between syllables and words */
};

static uint32_t smoothed(uint32_t old_256, uint32_t target_256, uint32_t duration_us)
{
    /* Half of the way per 20 ms, by duration and not by packet: 10 ms frames count less, 60 ms frames more. */
    uint32_t weight = duration_us >= 2 * HALF_LIFE_US ? 192 : duration_us * 128 / HALF_LIFE_US;
    if (weight < 16)
        weight = 16;
    return (old_256 * (256 - weight) + target_256 * weight) / 256;
}

static vc_speech_change stop_if_quiet(vc_speech *s, uint64_t now_us)
{
    if (!s->is_speaking || now_us < s->loud_us + HANG_US)
        return VC_SPEECH_SAME;
    s->is_speaking = false;
    return VC_SPEECH_STOPPED;
}

vc_speech_change vc_speech_add(vc_speech *s, uint8_t level, uint32_t duration_us, uint64_t now_us)
{
    uint32_t loudness = level > 127 ? 0 : 127u - level;
    if (s->loudness_256 < FLOOR * 256)
        s->loudness_256 = FLOOR * 256;
    s->loudness_256 = smoothed(s->loudness_256, loudness * 256, duration_us);
    if (s->loudness_256 >= GO_ON * 256)
        s->loud_us = now_us;
    if (!s->is_speaking && s->loudness_256 >= START * 256) {
        s->is_speaking = true;
        s->began_us = now_us;
        return VC_SPEECH_STARTED;
    }
    return stop_if_quiet(s, now_us);
}

vc_speech_change vc_speech_sweep(vc_speech *s, uint64_t now_us)
{
    return stop_if_quiet(s, now_us);
}

vc_speech_change vc_speech_silence(vc_speech *s)
{
    bool was = s->is_speaking;
    s->is_speaking = false;
    s->loudness_256 = 0;
    return was ? VC_SPEECH_STOPPED : VC_SPEECH_SAME;
}

uint8_t vc_speech_level(const vc_speech *s)
{
    return (uint8_t)(127 - (s->loudness_256 >> 8));
}

/* vc_speech.h - is someone speaking: smoothed level with hysteresis and a hang time. */
#ifndef VC_SPEECH_H
#define VC_SPEECH_H
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint32_t loudness_256; /* 127 - level, smoothed, times 256 */
    bool is_speaking;
    uint64_t began_us;
    uint64_t loud_us; /* when it was last loud enough to go on */
} vc_speech;

typedef enum { VC_SPEECH_SAME, VC_SPEECH_STARTED, VC_SPEECH_STOPPED } vc_speech_change;

/* Take the level (-dBov, 0..127) of a packet lasting 'duration_us'. */
vc_speech_change vc_speech_add(vc_speech *s, uint8_t level, uint32_t duration_us, uint64_t now_us);

/* Notice that packets stopped coming. */
vc_speech_change vc_speech_sweep(vc_speech *s, uint64_t now_us);

/* Muted: silent at once. */
vc_speech_change vc_speech_silence(vc_speech *s);

/* Smoothed level in -dBov. */
uint8_t vc_speech_level(const vc_speech *s);
#endif

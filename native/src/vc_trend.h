/* vc_trend.h - is the queue before a receiver growing?  From when packets were sent and when they arrived: groups of
 * 5 ms, a line through the delays of the last 20 of them, and a threshold that adapts to the jitter of the path
 * (draft-ietf-rmcat-gcc-02, §5.2 to §5.4, with the trendline that libwebrtc put in place of the Kalman filter). */
#ifndef VC_TREND_H
#define VC_TREND_H
#include <stdbool.h>
#include <stdint.h>

enum { VC_TREND_POINTS = 20 };

typedef enum { VC_TREND_STEADY = 0, VC_TREND_GROWS = 1, VC_TREND_SHRINKS = 2 } vc_trend_queue;

/* Packets sent within 5 ms, or that a link let through in one go.  Microseconds. */
typedef struct {
    int64_t first_sent, last_sent;
    int64_t first_arrived, last_arrived;
} vc_trend_group;

typedef struct {
    vc_trend_queue queue;
    int groups; /* two are known when it is 2 */
    vc_trend_group group, before;
    uint32_t deltas; /* measured, up to some number */
    double delay_ms, smooth_ms;
    double at_ms[VC_TREND_POINTS], smooth_at_ms[VC_TREND_POINTS];
    int64_t origin_us;
    double slope;
    double threshold;
    double over_ms; /* for how long it has been above the threshold; below 0 = it is not */
    int overs;
    int64_t adapted_us;
} vc_trend;

void vc_trend_init(vc_trend *t);

/* A packet sent at 'sent_us' arrived at 'arrived_us' by the receiver's clock.  What leaps begins anew. */
void vc_trend_arrived(vc_trend *t, int64_t sent_us, int64_t arrived_us);
#endif

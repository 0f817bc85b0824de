/* How much a publisher may send, over a link made of arithmetic that loses what it cannot carry. */
#include "check.h"
#include "vc_uplink.h"

enum { MOST = 4000000, PACKET = 1000 };

typedef struct {
    vc_uplink uplink;
    uint64_t now_us, bytes;
    double sent_bps; /* in the last step */
    int told, fell;
} path;

static path path_open(uint32_t most_bps)
{
    path p = {.now_us = 1000000000};
    vc_uplink_bound(&p.uplink, most_bps);
    CHECK(vc_uplink_is_due(&p.uplink, p.now_us));
    vc_uplink_look(&p.uplink, p.bytes, 0, 0, p.now_us);
    CHECK_EQUAL(vc_uplink_news(&p.uplink, p.now_us), 0);
    return p;
}

/* Half a second at that rate over a link of that capacity, with that share lost besides. */
static void step(path *p, double bps, double capacity_bps, double share)
{
    double sent = bps / 2 / 8 / PACKET, carried = capacity_bps / 2 / 8 / PACKET;
    double came = (sent < carried ? sent : carried) * (1 - share);
    p->now_us += VC_UPLINK_LOOK_US;
    p->bytes += (uint64_t)came * PACKET;
    CHECK(vc_uplink_is_due(&p->uplink, p->now_us));
    vc_uplink_look(&p->uplink, p->bytes, (uint32_t)sent, (uint32_t)(sent - came), p->now_us);
    uint32_t news = vc_uplink_news(&p->uplink, p->now_us);
    if (news == 0)
        return;
    p->fell += p->uplink.told_bps > news;
    p->told++;
    vc_uplink_told(&p->uplink, news, p->now_us);
}

/* A publisher that sends what it is told, 'least_bps' at first, and never more than it has. */
static void follow(path *p, int steps, double has_bps, double capacity_bps, double share)
{
    for (int i = 0; i < steps; i++) {
        double may_bps = p->uplink.told_bps > 0 ? p->uplink.told_bps : 300000;
        step(p, may_bps < has_bps ? may_bps : has_bps, capacity_bps, share);
    }
}

static void it_rises_to_the_bound_within_seconds(void)
{
    path p = path_open(MOST);
    follow(&p, 20, 1e9, 1e9, 0);
    CHECK_EQUAL(p.uplink.told_bps, MOST);
    CHECK_EQUAL(p.told, 10); /* once a second */
    vc_uplink_bound(&p.uplink, MOST / 2);
    follow(&p, 1, 1e9, 1e9, 0);
    CHECK_EQUAL(p.uplink.told_bps, MOST / 2); /* at once */
}

static void it_settles_at_what_a_link_carries(void)
{
    path p = path_open(MOST);
    follow(&p, 60, 1e9, 1e6, 0);
    for (int i = 0; i < 60; i++) {
        follow(&p, 1, 1e9, 1e6, 0);
        CHECK(p.uplink.told_bps > 0.6 * 1e6 && p.uplink.told_bps < 1.35 * 1e6);
    }
    follow(&p, 60, 1e9, 3e6, 0);
    CHECK(p.uplink.told_bps > 0.6 * 3e6);
}

static void a_fall_is_told_at_once(void)
{
    path p = path_open(MOST);
    follow(&p, 20, 1e9, 1e9, 0);
    p.told = p.fell = 0;
    step(&p, MOST, 1e9, 0.3);
    CHECK_EQUAL(p.told, 1);
    step(&p, p.uplink.told_bps, 1e9, 0.3);
    CHECK_EQUAL(p.fell, 2);
    CHECK(p.uplink.told_bps < 0.75 * MOST);
}

static void few_losses_leave_it_and_small_samples_say_nothing(void)
{
    path p = path_open(MOST);
    follow(&p, 4, 1e9, 1e9, 0);
    uint32_t before = (uint32_t)p.uplink.bps;
    follow(&p, 20, 1e9, 1e9, 0.05);
    CHECK_EQUAL(p.uplink.told_bps, before);
    follow(&p, 20, 200000, 1e9, 0.5); /* 12 packets each time */
    CHECK(p.uplink.told_bps >= before);
}

static void little_to_show_holds_nobody_down(void)
{
    path p = path_open(MOST);
    follow(&p, 20, 1e9, 1e9, 0);
    follow(&p, 60, 50000, 1e9, 0);
    CHECK_EQUAL(p.uplink.told_bps, MOST);
    p.now_us += 60000000; /* and a pause neither */
    step(&p, 1e6, 1e9, 0.9);
    CHECK_EQUAL(p.uplink.told_bps, MOST);
}

static void it_stays_within_its_bounds(void)
{
    path p = path_open(MOST);
    follow(&p, 40, 1e9, 1e9, 1);
    CHECK(p.uplink.bps >= 100000 && p.uplink.bps <= MOST);
    vc_uplink_bound(&p.uplink, 0);
    CHECK(!vc_uplink_is_due(&p.uplink, p.now_us + 1000000000));
}

int main(void)
{
    it_rises_to_the_bound_within_seconds();
    it_settles_at_what_a_link_carries();
    a_fall_is_told_at_once();
    few_losses_leave_it_and_small_samples_say_nothing();
    little_to_show_holds_nobody_down();
    it_stays_within_its_bounds();
    return check_report("uplink");
}

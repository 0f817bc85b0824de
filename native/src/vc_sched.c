#include "vc_sched.h"

#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    FIFO_PRIORITY = 5, /* above every ordinary process, below the kernel's own threads (50) */
    SLICE_NS = 100000, /* the shortest the kernel grants */
    FLAG_RESET_ON_FORK = 1,
};

static bool get_attr(vc_sched_saved *attr)
{
    memset(attr, 0, sizeof *attr);
    return syscall(SYS_sched_getattr, 0, attr, (unsigned)sizeof *attr, 0u) == 0;
}

static bool set_attr(const vc_sched_saved *attr)
{
    return syscall(SYS_sched_setattr, 0, attr, 0u) == 0;
}

vc_sched vc_sched_raise(vc_sched_saved *saved)
{
    if (!get_attr(saved)) {
        saved->size = 0; /* nothing to restore */
        return VC_SCHED_DEFAULT;
    }
    vc_sched_saved wish = {.size = sizeof wish, .policy = SCHED_FIFO, .priority = FIFO_PRIORITY,
                           .flags = FLAG_RESET_ON_FORK};
    if (set_attr(&wish))
        return VC_SCHED_FIFO;
    wish = *saved;
    wish.size = sizeof wish;
    wish.runtime = SLICE_NS;
    vc_sched_saved got;
    if (saved->policy == SCHED_OTHER && set_attr(&wish) && get_attr(&got) && got.runtime == SLICE_NS)
        return VC_SCHED_SLICE; /* older kernels take the wish and forget it */
    return VC_SCHED_DEFAULT;
}

void vc_sched_restore(const vc_sched_saved *saved)
{
    vc_sched_saved before = *saved;
    if (before.size == 0)
        return;
    before.size = sizeof before;
    set_attr(&before);
}

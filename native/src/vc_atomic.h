/* vc_atomic.h - figures written by the media thread alone and read by anyone: relaxed, no locked instruction. */
#ifndef VC_ATOMIC_H
#define VC_ATOMIC_H
#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic uint64_t vc_figure;
typedef _Atomic uint32_t vc_figure32;

static inline uint64_t vc_figure_get(const vc_figure *f)
{
    return atomic_load_explicit(f, memory_order_relaxed);
}

static inline void vc_figure_set(vc_figure *f, uint64_t v)
{
    atomic_store_explicit(f, v, memory_order_relaxed);
}

/* One writer, so load and store need not be one step. */
static inline void vc_figure_add(vc_figure *f, uint64_t n)
{
    vc_figure_set(f, vc_figure_get(f) + n);
}

static inline uint32_t vc_figure32_get(const vc_figure32 *f)
{
    return atomic_load_explicit(f, memory_order_relaxed);
}

static inline void vc_figure32_set(vc_figure32 *f, uint32_t v)
{
    atomic_store_explicit(f, v, memory_order_relaxed);
}
#endif

#include "vc_cmdq.h"

#include <stdlib.h>

int vc_cmdq_init(vc_cmdq *queue, uint32_t depth)
{
    uint32_t size = 16;
    while (size < depth)
        size *= 2;
    queue->slots = calloc(size, sizeof *queue->slots);
    queue->mask = size - 1;
    atomic_init(&queue->tail, 0);
    atomic_init(&queue->head, 0);
    return queue->slots ? VC_OK : VC_ERR_NOMEM;
}

void vc_cmdq_free(vc_cmdq *queue)
{
    free(queue->slots);
    queue->slots = NULL;
}

/* The stores and loads of tail and head are sequentially consistent for the reason given in vc_ring_push(). */
int vc_cmdq_push(vc_cmdq *queue, const vc_command *command)
{
    uint32_t before = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    if (before - atomic_load_explicit(&queue->head, memory_order_acquire) > queue->mask)
        return VC_ERR_FULL;
    queue->slots[before & queue->mask] = *command;
    atomic_store(&queue->tail, before + 1);
    return atomic_load(&queue->head) == before;
}

bool vc_cmdq_pop(vc_cmdq *queue, vc_command *out)
{
    uint32_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);
    if (head == atomic_load(&queue->tail))
        return false;
    *out = queue->slots[head & queue->mask];
    atomic_store(&queue->head, head + 1);
    return true;
}

bool vc_cmdq_is_empty(const vc_cmdq *queue)
{
    return atomic_load(&queue->head) == atomic_load(&queue->tail);
}

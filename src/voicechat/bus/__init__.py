"""Redis: news between nodes, rate limits, and what may be forgotten. The only room that knows redis.

bus.publish_nowait(topic, payload)          never waits; dropped and counted while Redis is away
nursery.start(bus.receive, deliver, lost)   what other nodes published, and when some may be missing
bus.take(bucket, capacity=…, per_s=…)       one token bucket for all nodes; a local one while Redis is away
bus.get / set / add / getdel / delete       values with a time to live
"""

from voicechat.bus.buckets import Grant
from voicechat.bus.bus import Bus, open_bus

__all__ = ["Bus", "Grant", "open_bus"]

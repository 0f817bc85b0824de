"""Who follows what in this process, and the bounded queue of each follower.

hub.publish(topic, event)      sync: encoded once, to every follower, listener and other node
hub.follow(topic, outbox)      a connection receives the topic's events; leave / drop end it
hub.listen(prefix, listener)   a room of the server hears all topics that begin so
"""

from voicechat.fanout.hub import Hub, Listener, Relay
from voicechat.fanout.outbox import Outbox, Overflowed

__all__ = ["Hub", "Listener", "Outbox", "Overflowed", "Relay"]

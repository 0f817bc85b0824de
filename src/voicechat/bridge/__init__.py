"""The bridge: one thread that runs asyncio, for the libraries that need it, and the way across.

async with open_bridge() as aio:
    row = await aio.call(coroutine_function, *arguments)      # Trio → asyncio → Trio, once per unit of work
    outlet = aio.open_outlet(1000)                            # asyncio → Trio, values in order
"""

from voicechat.bridge.bridge import Bridge, open_bridge
from voicechat.bridge.outlet import Outlet

__all__ = ["Bridge", "Outlet", "open_bridge"]

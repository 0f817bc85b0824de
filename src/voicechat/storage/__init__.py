"""PostgreSQL: a pool of connections, units of work, migrations. The only room that knows asyncpg.

A unit is a coroutine function that runs whole on the asyncio side with a connection as its first argument:

    async def insert_guild(conn: Connection, guild_id: str, name: str) -> Guild: ...
    guild = await db.transaction(insert_guild, new_id(), "friends")

Ids are text in and out of uuid columns, jsonb is any JSON value, timestamptz is an aware datetime.
"""

from voicechat.storage.connection import Connection, Row
from voicechat.storage.database import Database, open_database
from voicechat.storage.failures import violated_constraint
from voicechat.storage.migrate import migrate

__all__ = ["Connection", "Database", "Row", "migrate", "open_database", "violated_constraint"]

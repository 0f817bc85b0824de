"""PostgreSQL and Redis for one machine: started with the server under its data folder, stopped with it.

    hold_folder(data_dir)      one server for each data folder
    open_postgres(data_dir)    → DSN
    open_redis(data_dir)       → URL

Both run as an unprivileged user when the server is root (account.py), die with the server however that ends
(launch.py), are started again when they die (service.py), and what a killed server left behind is ended by
the next start (orphan.py).
"""

from voicechat.embedded.folder import hold_folder
from voicechat.embedded.postgres import open_postgres
from voicechat.embedded.programs import postgres_program
from voicechat.embedded.redis import open_redis

__all__ = ["hold_folder", "open_postgres", "open_redis", "postgres_program"]

"""What PostgreSQL's and asyncpg's errors mean to us."""

from __future__ import annotations

import asyncpg

from voicechat.errors import Unavailable

# Two transactions stood in each other's way; PostgreSQL undid one, which may simply be done again.
REPEATABLE = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)

# The server is not there, going, coming up, or full. TimeoutError is an OSError; InternalClientError is what
# asyncpg raises on a connection that was told of the server's end but has not seen its socket close yet.
_AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InternalClientError,
)
_SLOW = (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError)


def violated_constraint(problem: BaseException) -> str | None:
    """Return the name of the constraint (unique, foreign key, check, …) that `problem` reports, if any."""
    if isinstance(problem, asyncpg.IntegrityConstraintViolationError):
        name: str | None = problem.constraint_name
        return name
    return None


def is_away(problem: BaseException) -> bool:
    """Tell whether `problem` means that there is no server to talk to, rather than that it refused."""
    return isinstance(problem, _AWAY)


def refusal(problem: BaseException, *, is_closed: bool) -> Unavailable | None:
    """Turn `problem` into the refusal that callers may see; None when it is a bug or the unit's own affair.

    `is_closed` tells whether the connection was closed, as asyncpg reports its use like any misuse.
    """
    if is_away(problem) or (is_closed and isinstance(problem, asyncpg.InterfaceError)):
        return Unavailable("the database is away; try again shortly")
    return too_busy() if isinstance(problem, _SLOW) else None


def too_busy() -> Unavailable:
    """Make the refusal for work that PostgreSQL gave up."""
    return Unavailable("the database is too busy; try again shortly")

"""What a unit of work sees of its connection: the part of asyncpg's that rooms use, typed."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Sequence, ValuesView
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, overload


class Row(Protocol):
    """One row: by position, by column name, or in order (`Message(*row)`)."""

    @overload
    def __getitem__(self, key: int | str) -> Any: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[Any, ...]: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __len__(self) -> int: ...
    def get(self, key: str, default: Any = None) -> Any: ...
    def keys(self) -> KeysView[str]: ...
    def values(self) -> ValuesView[Any]: ...
    def items(self) -> ItemsView[str, Any]: ...


class Connection(Protocol):
    """A connection lent to a unit; it must not be kept, and its session settings must not be changed.

    Statements are prepared and cached by their text, so a query is a constant with `$1`, `$2`, … .
    """

    async def execute(self, query: str, *args: Any) -> str:
        """Run a statement; return its status line (`UPDATE 3`)."""

    async def executemany(self, command: str, args: Iterable[Sequence[Any]]) -> None:
        """Run a statement for each sequence of arguments, in one transaction and few round trips."""

    async def fetch(self, query: str, *args: Any) -> list[Row]:
        """Return all rows."""

    async def fetchrow(self, query: str, *args: Any) -> Row | None:
        """Return the first row, or None when there is none."""

    async def fetchval(self, query: str, *args: Any) -> Any:
        """Return the first column of the first row, or None when there is none."""

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """Open a savepoint inside `Database.transaction`: what fails in it can be survived."""

"""Ids are ordered by time, unique, and canonical."""

from __future__ import annotations

import threading
import uuid

from voicechat.ids import is_id, new_id


def test_ids_grow_and_never_repeat_across_threads() -> None:
    made: list[list[str]] = [[] for _ in range(4)]

    def work(mine: list[str]) -> None:
        mine.extend(new_id() for _ in range(5_000))

    threads = [threading.Thread(target=work, args=(mine,)) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(mine == sorted(mine) for mine in made)
    assert len({text for mine in made for text in mine}) == 20_000


def test_an_id_is_a_version_7_uuid() -> None:
    parsed = uuid.UUID(new_id())
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)


def test_only_the_canonical_form_is_an_id() -> None:
    good = new_id()
    assert is_id(good)
    for bad in (good.upper(), f"{{{good}}}", good.replace("-", ""), good + "\n", "", "../etc"):
        assert not is_id(bad), bad

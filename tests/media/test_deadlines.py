"""The heap of deadlines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voicechat.media.deadlines import Deadlines


def test_the_earliest_deadline_is_next_and_due_keys_are_disarmed() -> None:
    deadlines = Deadlines()
    assert deadlines.next_at() is None
    assert deadlines.arm("a", 10.0)
    assert not deadlines.arm("b", 20.0)
    assert deadlines.arm("c", 5.0)
    assert deadlines.due(10.0) == ["c", "a"]
    assert deadlines.due(10.0) == []
    assert deadlines.next_at() == 20.0


def test_a_deadline_may_move_either_way_or_go() -> None:
    deadlines = Deadlines()
    deadlines.arm("a", 10.0)
    deadlines.arm("a", 30.0)
    assert deadlines.due(20.0) == []
    assert deadlines.arm("a", 15.0)
    deadlines.arm("a", None)
    assert deadlines.next_at() is None


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.one_of(st.none(), st.integers(0, 20))), max_size=30))
def test_it_agrees_with_a_plain_table(steps: list[tuple[str, int | None]]) -> None:
    deadlines, table = Deadlines(), dict[str, float]()
    for key, at in steps:
        deadlines.arm(key, at)
        if at is None:
            table.pop(key, None)
        else:
            table[key] = at
        assert deadlines.next_at() == min(table.values(), default=None)
    assert sorted(deadlines.due(10)) == sorted(key for key, at in table.items() if at <= 10)

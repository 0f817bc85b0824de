"""Which layers fit a viewer's network, and how steady the choice is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicechat.rtc.layers import (
    DARK_MAX_S,
    HOLD_S,
    LADDER,
    MARGIN,
    MAX_CAUTION,
    PATIENCE_S,
    TRIAL_S,
    Chooser,
    Layer,
    Preference,
    Wanted,
    fit,
    height,
    within,
)

LOW, MEDIUM, HIGH = LADDER
Streams = Sequence[Wanted[str]]


def stream(key: str, *rates: float, is_screen: bool = False) -> Wanted[str]:
    return Wanted(key, is_screen, tuple(zip(LADDER, rates, strict=False)))


def single(key: str, rate: float, *, is_screen: bool = False) -> Wanted[str]:
    return Wanted(key, is_screen, ((HIGH, rate),))


@st.composite
def streams(draw: st.DrawFn) -> list[Wanted[str]]:
    wanted = []
    for number in range(draw(st.integers(1, 6))):
        layers = sorted(draw(st.sets(st.sampled_from(LADDER), min_size=1)), key=height)
        rates = sorted(draw(st.lists(st.integers(1, 50), min_size=len(layers), max_size=len(layers))))
        wanted.append(Wanted(str(number), draw(st.booleans()), tuple(zip(layers, rates, strict=True))))
    return wanted


def cost(wanted: Streams, chosen: dict[str, Layer | None]) -> float:
    return sum(dict(stream.rates).get(layer, 0.0) for stream in wanted if (layer := chosen[stream.key]))


def everything(wanted: Streams) -> dict[str, Layer | None]:
    """A viewer that is sent the best of all, for whom no margin counts."""
    return {stream.key: HIGH for stream in wanted}


@given(streams(), st.integers(0, 300))
def test_what_is_chosen_fits(wanted: Streams, budget: int) -> None:
    assert cost(wanted, fit(budget, wanted, everything(wanted))) <= budget


@given(streams(), st.integers(0, 300))
def test_nothing_more_would_fit(wanted: Streams, budget: int) -> None:
    chosen = fit(budget, wanted, everything(wanted))
    left = budget - cost(wanted, chosen)
    for one in wanted:
        rates = dict(one.rates)
        better = [layer for layer in rates if height(layer) > height(chosen[one.key])]
        if better:
            step = min(better, key=height)
            already = chosen[one.key]
            assert rates[step] - (0 if already is None else rates[already]) > left


@given(streams(), st.integers(0, 300))
def test_webcams_take_from_screens_no_more_than_their_lowest_layers(wanted: Streams, budget: int) -> None:
    modest = [one if one.is_screen else Wanted(one.key, False, one.rates[:1]) for one in wanted]
    chosen, modestly = (fit(budget, some, everything(some)) for some in (wanted, modest))
    assert all(chosen[one.key] == modestly[one.key] for one in wanted if one.is_screen)


def test_everybody_is_seen_before_anybody_is_seen_better() -> None:
    wanted = [stream("a", 10, 20, 40), stream("b", 10, 20, 40), stream("s", 10, 20, 40, is_screen=True)]
    assert fit(30, wanted, everything(wanted)) == {"a": LOW, "b": LOW, "s": LOW}
    assert fit(65, wanted, everything(wanted)) == {"a": LOW, "b": LOW, "s": HIGH}
    assert fit(85, wanted, everything(wanted)) == {"a": MEDIUM, "b": MEDIUM, "s": HIGH}
    assert fit(15, wanted, everything(wanted)) == {"a": None, "b": None, "s": LOW}


def test_what_is_not_sent_yet_needs_some_room() -> None:
    wanted = [stream("a", 100, 200)]
    assert fit(200, wanted, {"a": LOW}) == {"a": LOW}
    assert fit(100 * MARGIN + 100 * MARGIN, wanted, {"a": LOW}) == {"a": MEDIUM}
    assert fit(200, wanted, {"a": MEDIUM}) == {"a": MEDIUM}


@pytest.mark.parametrize(
    ("preference", "layers", "allowed"),
    [
        (Preference.AUTO, (HIGH, LOW), (LOW, HIGH)),
        (Preference.MEDIUM, LADDER, (LOW, MEDIUM)),
        (Preference.LOW, LADDER, (LOW,)),
        (Preference.LOW, (HIGH,), (HIGH,)),
        (Preference.OFF, LADDER, ()),
        (Preference.HIGH, (), ()),
    ],
)
def test_a_preference_is_a_ceiling(
    preference: Preference, layers: Sequence[Layer], allowed: Sequence[Layer]
) -> None:
    assert within(preference, layers) == tuple(allowed)


SIMULCAST = [stream("a", 100, 400, 1600)]


def test_without_an_estimate_the_best_is_sent() -> None:
    assert Chooser[str]().choose(0, None, SIMULCAST) == {"a": HIGH}


def test_down_goes_at_once_and_up_when_it_has_fitted_for_a_while() -> None:
    chooser = Chooser[str]()
    assert chooser.choose(0.0, 10_000, SIMULCAST) == {"a": HIGH}
    assert chooser.choose(0.5, 500, SIMULCAST) == {"a": MEDIUM}
    assert chooser.choose(1.0, 10_000, SIMULCAST) == {"a": MEDIUM}
    assert chooser.choose(1.0 + HOLD_S - 0.1, 10_000, SIMULCAST) == {"a": MEDIUM}
    assert chooser.choose(1.0 + HOLD_S, 10_000, SIMULCAST) == {"a": HIGH}


def test_a_relapse_begins_the_wait_anew() -> None:
    chooser = Chooser[str]()
    chooser.choose(0.0, 500, SIMULCAST)
    chooser.choose(1.0, 10_000, SIMULCAST)
    chooser.choose(2.0, 500, SIMULCAST)
    assert chooser.choose(1.0 + HOLD_S, 10_000, SIMULCAST) == {"a": MEDIUM}
    assert chooser.choose(1.0 + 2 * HOLD_S, 10_000, SIMULCAST) == {"a": HIGH}


def seconds_until_high(chooser: Chooser[str], now: float) -> float:
    start = now
    while chooser.choose(now, 10_000, SIMULCAST) != {"a": HIGH}:
        now += 0.5
    return now - start


def test_an_up_taken_back_makes_the_next_wait_longer_up_to_a_bound() -> None:
    chooser = Chooser[str]()
    chooser.choose(0.0, 500, SIMULCAST)
    now, waits = 1.0, []
    for _ in range(7):
        waits.append(seconds_until_high(chooser, now))
        now += waits[-1] + 1
        chooser.choose(now, 500, SIMULCAST)
    assert waits == [3, 6, 12, 24, 48, 3 * MAX_CAUTION, 3 * MAX_CAUTION]


def test_after_a_long_good_time_the_wait_is_short_again() -> None:
    chooser = Chooser[str]()
    chooser.choose(0.0, 500, SIMULCAST)
    now = 1.0
    for until_trouble in (1, 100):
        now += seconds_until_high(chooser, now) + until_trouble
        chooser.choose(now, 500, SIMULCAST)
    seconds_until_high(chooser, now)
    chooser.choose(now + 100, 500, SIMULCAST)
    assert seconds_until_high(chooser, now + 101) == HOLD_S


def choices(
    chooser: Chooser[str], wanted: Streams, budgets: Mapping[float, float]
) -> list[dict[str, Layer | None]]:
    """Choose at these times with these budgets."""
    return [dict(chooser.choose(now, budget, wanted)) for now, budget in budgets.items()]


def test_when_all_is_paused_the_most_important_stream_is_tried_now_and_then() -> None:
    wanted = [stream("a", 100), stream("s", 300, is_screen=True)]
    times = (
        0.0,
        HOLD_S,
        HOLD_S + TRIAL_S - 0.1,
        HOLD_S + TRIAL_S,
        2 * HOLD_S + TRIAL_S,
        3 * HOLD_S + TRIAL_S,
    )
    chosen = choices(Chooser(), wanted, dict.fromkeys(times, 50))
    assert [one["s"] for one in chosen] == [None, LOW, LOW, None, None, LOW]
    assert {one["a"] for one in chosen} == {None}


def test_who_is_sent_nothing_never_waits_long_for_the_next_trial() -> None:
    chooser, wanted = Chooser[str](), [stream("a", 100)]
    now, waits = 0.0, []
    for _ in range(6):
        began = now
        while chooser.choose(now, 50, wanted) == {"a": None}:
            now += 0.5
        waits.append(now - began)
        now += 0.5
        chooser.choose(now, 40, wanted)  # the trial fails at once
    assert waits == [HOLD_S, 2 * HOLD_S, DARK_MAX_S, DARK_MAX_S, DARK_MAX_S, DARK_MAX_S]


def test_after_a_while_the_next_layer_is_tried_and_kept_when_the_estimate_follows() -> None:
    chooser = Chooser[str]()
    times = {0.0: 300.0, 5.0: 300.0, PATIENCE_S: 300.0, PATIENCE_S + 1: 350.0, PATIENCE_S + TRIAL_S: 450.0}
    chosen = choices(chooser, SIMULCAST, times)
    assert [one["a"] for one in chosen] == [LOW, LOW, MEDIUM, MEDIUM, MEDIUM]


def test_a_trial_ends_at_once_when_the_estimate_falls_and_the_next_comes_later() -> None:
    chooser = Chooser[str]()
    times = {0.0: 300.0, PATIENCE_S: 300.0, PATIENCE_S + 0.5: 250.0}
    assert [one["a"] for one in choices(chooser, SIMULCAST, times)] == [LOW, MEDIUM, LOW]
    later = PATIENCE_S + 0.5
    times = {later + PATIENCE_S: 300.0, later + 2 * PATIENCE_S: 300.0}
    assert [one["a"] for one in choices(chooser, SIMULCAST, times)] == [LOW, MEDIUM]


def test_what_the_next_layer_would_take_with_all_else_is_wished() -> None:
    chooser, other = Chooser[str](), single("b", 90)
    wanted = [*SIMULCAST, other]
    assert chooser.choose(0.0, 250.0, wanted) == {"a": LOW, "b": HIGH}
    low, medium, _ = (rate for _, rate in SIMULCAST[0].rates)
    assert low < medium
    assert chooser.wish(wanted) == pytest.approx(MARGIN * (medium + 90))


def test_nothing_is_wished_at_the_best_nor_while_a_layer_is_tried() -> None:
    chooser = Chooser[str]()
    assert chooser.wish([]) == 0
    chooser.choose(0.0, 5000.0, SIMULCAST)
    assert chooser.wish(SIMULCAST) == 0
    chooser = Chooser[str]()
    choices(chooser, SIMULCAST, {0.0: 300.0, PATIENCE_S: 300.0})
    assert chooser.wish(SIMULCAST) == 0
    chooser = Chooser[str]()
    chooser.choose(0.0, None, SIMULCAST)
    assert chooser.wish(SIMULCAST) == 0


def test_a_wish_that_comes_true_is_enough_for_the_layer() -> None:
    chooser = Chooser[str]()
    chooser.choose(0.0, 300.0, SIMULCAST)
    wish = chooser.wish(SIMULCAST)
    assert [one["a"] for one in choices(chooser, SIMULCAST, {1.0: wish, 1.0 + HOLD_S: wish})] == [LOW, MEDIUM]


def test_what_is_at_its_best_is_left_alone() -> None:
    chosen = choices(Chooser(), SIMULCAST, {0.0: 5000.0, 100.0: 5000.0, 200.0: 5000.0})
    assert [one["a"] for one in chosen] == [HIGH, HIGH, HIGH]


@pytest.mark.parametrize(
    ("budget", "chosen"), [(100, (None, None)), (110, (HIGH, None)), (210, (HIGH, HIGH))]
)
def test_a_stream_with_one_layer_is_sent_or_not(
    budget: float, chosen: tuple[Layer | None, Layer | None]
) -> None:
    wanted = [single("a", 90), single("b", 90)]
    assert tuple(Chooser[str]().choose(0.0, budget, wanted).values()) == chosen

"""Who watches what in which slot and layer: beginnings, ends, preferences, codecs, slots that are too few."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from voicechat.rtc import sources
from voicechat.rtc.layers import LADDER, Layer, Preference, Withheld, height
from voicechat.rtc.routes import Changes, ClearRoute, GateSound, PlaySound, ShowStream, SlotState
from voicechat.rtc.stage import MAX_PREFERENCES, QUIET_S, Stage, StreamKey

LOW, MEDIUM, HIGH = LADDER
VP8, AV1 = 96, 45
WEBCAM = sources.WEBCAM
SCREEN, SOUND = sources.screen_video("1"), sources.screen_audio("1")


def stage_with(*names: str, pictures: int = 2, sounds: int = 1) -> Stage:
    stage = Stage()
    for name in names:
        stage.enter(name, f"user-{name}")
        give(stage, name, pictures=pictures, sounds=sounds)
    return stage


def give(
    stage: Stage, name: str, *, pictures: int = 2, sounds: int = 1, codecs: tuple[int, ...] = ()
) -> Changes:
    return stage.give_slots(
        name,
        pictures=[f"v{number}" for number in range(pictures)],
        sounds=[f"a{number}" for number in range(sounds)],
        codecs=codecs,
    )


def begun(stage: Stage, name: str, source: str = WEBCAM, layers: tuple[Layer, ...] = LADDER) -> Changes:
    stage.announce(name, f"user-{name}", source)
    return stage.begin(name, source, layers if sources.is_video(source) else ())


def measured(stage: Stage, now: float = 0.0, **rates: tuple[float, ...]) -> Changes:
    """Measure the webcams of these publishers."""
    by_key = {(name, WEBCAM): dict(zip(LADDER, given, strict=False)) for name, given in rates.items()}
    return stage.measure(now, by_key, {})


def watched_by(stage: Stage, name: str) -> list[tuple[str | None, str]]:
    return [(slot.user_id, slot.source) for slot in stage.slots_of(name) if slot.user_id]


def test_everybody_but_its_publisher_watches_a_stream_from_its_lowest_layer_on() -> None:
    stage = stage_with("a", "b", "c")
    changes = begun(stage, "a")
    assert changes.commands == [
        ShowStream("b", "v0", "a", WEBCAM, LOW),
        ShowStream("c", "v0", "a", WEBCAM, LOW),
    ]
    assert changes.rearranged == ["b", "c"]
    assert stage.slots_of("b") == (
        SlotState("v0", "user-a", WEBCAM), SlotState("v1", None), SlotState("a0", None),
    )  # fmt: skip
    assert watched_by(stage, "a") == []


def test_nothing_is_shown_before_the_publisher_answers() -> None:
    stage = stage_with("a", "b")
    stage.announce("a", "user-a", WEBCAM)
    assert watched_by(stage, "b") == []
    assert stage.needs("b") == (1, 0)
    assert stage.needs("a") == (0, 0)


def test_an_end_leaves_the_slot_empty_and_a_second_begin_changes_nothing() -> None:
    stage = stage_with("a", "b")
    begun(stage, "a")
    assert stage.begin("a", WEBCAM, LADDER) == Changes()
    assert stage.end("a", WEBCAM).commands == [ClearRoute("b", "v0")]
    assert stage.end("a", WEBCAM) == Changes()
    assert stage.is_dark


def test_who_leaves_takes_its_streams_along() -> None:
    stage = stage_with("a", "b")
    begun(stage, "a")
    begun(stage, "b")
    assert stage.leave("a").commands == [ClearRoute("b", "v0")]
    assert stage.announced("a") == ()
    assert stage.announced("b") == (WEBCAM,)


def test_who_comes_later_gets_what_is_shown_once_it_has_slots() -> None:
    stage = stage_with("a")
    begun(stage, "a")
    stage.enter("b", "user-b")
    assert stage.needs("b") == (1, 0)
    assert give(stage, "b").commands == [ShowStream("b", "v0", "a", WEBCAM, LOW)]


def test_a_sound_has_a_slot_of_its_own_and_a_gate() -> None:
    stage = stage_with("a", "b")
    assert begun(stage, "a", SOUND).commands == [
        GateSound("a", SOUND, False),
        PlaySound("b", "a0", "a", SOUND),
    ]
    assert stage.gate_sounds("a", True).commands == [GateSound("a", SOUND, True)]
    stage.end("a", SOUND)
    assert begun(stage, "a", SOUND).commands[0] == GateSound("a", SOUND, True)
    assert stage.gate_sounds("b", True).commands == []


def test_screens_go_before_webcams_where_slots_are_short() -> None:
    stage = stage_with("a", "b", "c", "d", pictures=1)
    begun(stage, "a")
    assert begun(stage, "b").commands == [ShowStream("a", "v0", "b", WEBCAM, LOW)]
    changes = begun(stage, "b", SCREEN)
    assert ClearRoute("c", "v0") in changes.commands
    assert watched_by(stage, "c") == [("user-b", SCREEN)]
    stage.end("b", SCREEN)
    assert watched_by(stage, "c") == [("user-a", WEBCAM)]


def test_who_has_a_slot_keeps_it() -> None:
    stage = stage_with("a", "b", "c", "d", pictures=2)
    begun(stage, "a")
    begun(stage, "b")
    begun(stage, "c")
    stage.end("a", WEBCAM)
    assert stage.slots_of("d")[:2] == (SlotState("v0", "user-c", WEBCAM), SlotState("v1", "user-b", WEBCAM))


def test_off_frees_the_slot_and_auto_takes_one_again() -> None:
    stage = stage_with("a", "b")
    begun(stage, "a")
    assert stage.prefer("b", "user-a", WEBCAM, Preference.OFF).commands == [ClearRoute("b", "v0")]
    assert stage.needs("b") == (0, 0)
    back = stage.prefer("b", "user-a", WEBCAM, Preference.AUTO).commands
    assert back == [ShowStream("b", "v1", "a", WEBCAM, LOW)]


def test_a_preference_holds_for_streams_that_come_later() -> None:
    stage = stage_with("a", "b")
    stage.prefer("b", "user-a", WEBCAM, Preference.OFF)
    assert begun(stage, "a").commands == []


def test_a_viewer_remembers_so_many_preferences() -> None:
    stage = stage_with("a", "b")
    stage.prefer("b", "user-a", WEBCAM, Preference.OFF)
    for number in range(MAX_PREFERENCES):
        stage.prefer("b", f"user-{number}", WEBCAM, Preference.OFF)
    assert len(begun(stage, "a").commands) == 1


def test_layers_follow_what_is_sent_and_what_the_network_carries() -> None:
    stage = stage_with("a", "b", "c")
    begun(stage, "a")
    stage.estimate("b", 500)
    assert measured(stage, a=(100, 400, 1600)).commands == [
        ShowStream("b", "v0", "a", WEBCAM, MEDIUM),
        ShowStream("c", "v0", "a", WEBCAM, HIGH),
    ]
    stage.estimate("b", 50)
    assert measured(stage, 1.0, a=(100, 400, 1600)).commands == [ShowStream("b", "v0", "a", WEBCAM, None)]
    assert watched_by(stage, "b") == [("user-a", WEBCAM)]  # paused, and the slot kept


def test_a_viewer_wishes_for_what_is_better_until_nothing_is_shown() -> None:
    stage = stage_with("a", "b", "c")
    begun(stage, "a")
    stage.estimate("b", 500)
    measured(stage, a=(100, 400, 1600))
    assert stage.wish("b") >= 1600
    assert stage.wish("c") == 0
    assert stage.wish("nobody") == 0
    stage.end("a", WEBCAM)
    assert stage.wish("b") == 0


def test_a_silent_publisher_changes_nothing_and_a_silent_layer_is_left() -> None:
    stage = stage_with("a", "b")
    begun(stage, "a")
    measured(stage, a=(100, 400, 1600))
    assert measured(stage, 1.0, a=()).commands == []
    assert measured(stage, 2.0, a=(100, 400)).commands == [ShowStream("b", "v0", "a", WEBCAM, MEDIUM)]


def test_a_lowered_ceiling_tells_at_once_and_a_raised_one_at_the_next_look() -> None:
    stage = stage_with("a", "b")
    begun(stage, "a")
    measured(stage, a=(100, 400, 1600))
    lowered = stage.prefer("b", "user-a", WEBCAM, Preference.LOW).commands
    assert lowered == [ShowStream("b", "v0", "a", WEBCAM, LOW)]
    assert stage.prefer("b", "user-a", WEBCAM, Preference.AUTO).commands == []
    assert measured(stage, 1.0, a=(100, 400, 1600)).commands == [ShowStream("b", "v0", "a", WEBCAM, HIGH)]


def test_a_stream_in_a_codec_the_viewer_lacks_is_not_sent_to_it() -> None:
    stage = stage_with("a", "b", "c")
    give(stage, "b", codecs=(VP8,))
    give(stage, "c", codecs=(VP8, AV1))
    begun(stage, "a")
    changes = stage.measure(0.0, {}, {("a", WEBCAM): AV1})
    assert changes.commands == [ClearRoute("b", "v0")]
    assert stage.measure(1.0, {}, {("a", WEBCAM): VP8}).commands == [ShowStream("b", "v1", "a", WEBCAM, LOW)]


def test_packets_tell_the_codec_whatever_the_answers_say() -> None:
    stage = stage_with("a", "b")
    give(stage, "b", codecs=(VP8,))
    stage.announce("a", "user-a", WEBCAM)
    assert stage.begin("a", WEBCAM, LADDER, VP8).commands == [ShowStream("b", "v0", "a", WEBCAM, LOW)]
    assert stage.measure(0.0, {}, {("a", WEBCAM): AV1}).commands == [ClearRoute("b", "v0")]
    stage.begin("a", WEBCAM, LADDER, VP8)  # an answer to a later offer
    assert give(stage, "b", pictures=3, codecs=(VP8,)).commands == []


def test_a_viewer_is_due_a_layer_or_a_reason() -> None:
    stage = stage_with("a", "b", pictures=1)
    key = "a", WEBCAM
    stage.announce("a", "user-a", WEBCAM)
    assert stage.due("b", 0.0) == {}
    stage.begin("a", WEBCAM, LADDER, VP8)
    assert stage.due("a", 0.0) == {}  # nobody watches themselves
    assert stage.due("b", 0.0) == {key: LOW}
    measured(stage, 10.0, a=())
    assert stage.due("b", 10.0) == {key: LOW}  # it may just begin
    measured(stage, 10.0 + QUIET_S, a=())
    assert stage.due("b", 10.0 + QUIET_S) == {key: Withheld.NO_PACKETS}
    measured(stage, 20.0, a=(100, 400))
    assert stage.due("b", 20.0) == {key: MEDIUM}
    stage.estimate("b", 50)
    measured(stage, 21.0, a=(100, 400))
    assert stage.due("b", 21.0) == {key: Withheld.BANDWIDTH}
    begun(stage, "a", SCREEN)
    assert stage.due("b", 21.0) == {key: Withheld.NO_SLOT, ("a", SCREEN): LOW}
    give(stage, "b", pictures=2, codecs=(AV1,))
    assert stage.due("b", 21.0) == {key: Withheld.NO_CODEC, ("a", SCREEN): LOW}
    stage.prefer("b", "user-a", WEBCAM, Preference.OFF)
    assert stage.due("b", 21.0) == {("a", SCREEN): LOW}


NAMES = ("a", "b", "c", "d")
SOURCES = (WEBCAM, SCREEN, sources.screen_video("2"), SOUND, sources.screen_audio("2"))


class StageMachine(RuleBasedStateMachine):
    """Any order of events: the engine's slots show what a slow look at the whole room says they should."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage()
        self.now = 0.0
        self.slots: dict[str, tuple[int, int]] = {}  # who is there, with so many slots
        self.order: list[StreamKey] = []
        self.begun: dict[StreamKey, tuple[Layer, ...]] = {}
        self.preferences: dict[tuple[str, str, str], Preference] = {}
        self.codecs: dict[str, frozenset[int]] = {}
        self.codec: dict[StreamKey, int] = {}
        self.alive: dict[StreamKey, tuple[Layer, ...]] = {}
        self.engine: dict[tuple[str, str], tuple[StreamKey, Layer | None]] = {}
        self.kept: dict[tuple[str, str], StreamKey | None] = {}

    def apply(self, changes: Changes) -> None:
        for command in changes.commands:
            match command:
                case ShowStream(subscriber, mid, publisher, source, layer):
                    assert layer is None or layer in self.begun[publisher, source]
                    self.engine[subscriber, mid] = (publisher, source), layer
                case PlaySound(subscriber, mid, publisher, source):
                    self.engine[subscriber, mid] = (publisher, source), None
                case ClearRoute(subscriber, mid):
                    assert subscriber in self.slots
                    del self.engine[subscriber, mid]

    @precondition(lambda self: len(self.slots) < len(NAMES))
    @rule(data=st.data(), pictures=st.integers(0, 3), sounds=st.integers(0, 2))
    def enter(self, data: st.DataObject, pictures: int, sounds: int) -> None:
        name = data.draw(st.sampled_from([name for name in NAMES if name not in self.slots]))
        self.stage.enter(name, f"user-{name}")
        self.slots[name], self.codecs[name] = (0, 0), frozenset()
        self.grow(name, pictures, sounds, frozenset())

    @rule(name=st.sampled_from(NAMES), pictures=st.integers(0, 5), sounds=st.integers(0, 3),
          codecs=st.sets(st.sampled_from([VP8, AV1])))  # fmt: skip
    def grow(self, name: str, pictures: int, sounds: int, codecs: set[int] | frozenset[int]) -> None:
        if name in self.slots:
            before = self.slots[name]
            self.slots[name] = max(before[0], pictures), max(before[1], sounds)
            self.codecs[name] = frozenset(codecs)
            pictures, sounds = self.slots[name]
            self.apply(give(self.stage, name, pictures=pictures, sounds=sounds, codecs=tuple(codecs)))

    @rule(name=st.sampled_from(NAMES))
    def leave(self, name: str) -> None:
        if name not in self.slots:
            return
        del self.slots[name]
        self.apply(self.stage.leave(name))
        self.engine = {slot: shown for slot, shown in self.engine.items() if slot[0] != name}
        self.order = [key for key in self.order if key[0] != name]
        self.begun = {key: layers for key, layers in self.begun.items() if key[0] != name}
        self.preferences = {key: value for key, value in self.preferences.items() if key[0] != name}

    @rule(name=st.sampled_from(NAMES), source=st.sampled_from(SOURCES))
    def announce(self, name: str, source: str) -> None:
        if name in self.slots and (name, source) not in self.order:
            self.order.append((name, source))
            self.codec.pop((name, source), None)
            self.stage.announce(name, f"user-{name}", source)

    @rule(data=st.data(), layers=st.sets(st.sampled_from(LADDER), min_size=1))
    def begin(self, data: st.DataObject, layers: set[Layer]) -> None:
        waiting = [key for key in self.order if key not in self.begun]
        if waiting:
            key = data.draw(st.sampled_from(waiting))
            self.begun[key] = tuple(layers)
            self.apply(self.stage.begin(*key, layers if sources.is_video(key[1]) else ()))

    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        if self.order:
            key = data.draw(st.sampled_from(self.order))
            self.order.remove(key)
            self.apply(self.stage.end(*key))
            self.begun.pop(key, None)

    @rule(name=st.sampled_from(NAMES), shown_by=st.sampled_from(NAMES), source=st.sampled_from(SOURCES),
          preference=st.sampled_from(Preference))  # fmt: skip
    def prefer(self, name: str, shown_by: str, source: str, preference: Preference) -> None:
        if name in self.slots:
            self.preferences[name, shown_by, source] = preference
            self.apply(self.stage.prefer(name, f"user-{shown_by}", source, preference))

    @rule(name=st.sampled_from(NAMES), budget=st.one_of(st.none(), st.integers(0, 3000)))
    def estimate(self, name: str, budget: int | None) -> None:
        self.stage.estimate(name, budget)

    @rule(data=st.data(), passed=st.floats(0.1, 5))
    def measure(self, data: st.DataObject, passed: float) -> None:
        self.now += passed
        videos = [key for key in self.begun if sources.is_video(key[1])]
        rates = {key: {layer: data.draw(st.integers(1, 1500)) for layer in self.begun[key]
                       if data.draw(st.booleans())} for key in videos}  # fmt: skip
        codecs = {key: data.draw(st.sampled_from([VP8, AV1])) for key in videos if data.draw(st.booleans())}
        self.codec |= codecs
        self.alive |= {key: tuple(alive) for key, alive in rates.items() if alive}
        self.apply(self.stage.measure(self.now, rates, codecs))

    def wanted(self, name: str, *, video: bool) -> list[StreamKey]:
        """The oracle: what should be in a viewer's slots."""
        wanted = [
            key
            for key in self.order
            if key in self.begun
            and key[0] != name
            and sources.is_video(key[1]) == video
            and self.preferences.get((name, *key)) is not Preference.OFF
            and (key not in self.codec or not self.codecs[name] or self.codec[key] in self.codecs[name])
        ]
        wanted.sort(key=lambda key: not sources.is_screen(key[1]))
        return wanted[: self.slots[name][0 if video else 1]]

    @invariant()
    def slots_show_what_they_should(self) -> None:
        for name in self.slots:
            shown = sorted(key for (viewer, _), (key, _) in self.engine.items() if viewer == name)
            assert shown == sorted([*self.wanted(name, video=True), *self.wanted(name, video=False)])

    @invariant()
    def what_is_told_is_what_the_engine_does(self) -> None:
        for name in self.slots:
            told = {
                slot.mid: (slot.user_id, slot.source) for slot in self.stage.slots_of(name) if slot.user_id
            }
            done = {mid: (f"user-{key[0]}", key[1]) for (viewer, mid), (key, _) in self.engine.items()
                    if viewer == name}  # fmt: skip
            assert told == done

    @invariant()
    def whoever_wants_a_video_has_it_or_a_reason(self) -> None:
        for name in self.slots:
            shown = {key: layer for (viewer, _), (key, layer) in self.engine.items() if viewer == name}
            due = self.stage.due(name, self.now)
            wanted = {key for key in self.begun if sources.is_video(key[1]) and key[0] != name
                      and self.preferences.get((name, *key)) is not Preference.OFF}  # fmt: skip
            assert due.keys() == wanted
            for key, what in due.items():
                has_slot = what not in (Withheld.NO_CODEC, Withheld.NO_SLOT)
                assert has_slot == (key in shown)
                assert not isinstance(what, Layer) or shown[key] is what
                assert (shown.get(key) is None) or what is not Withheld.BANDWIDTH

    @invariant()
    def nobody_gets_more_than_it_prefers(self) -> None:
        for (name, _), (key, layer) in self.engine.items():
            ceiling = self.preferences.get((name, *key), Preference.AUTO)
            if layer is not None and ceiling in (Preference.LOW, Preference.MEDIUM):
                lowest = (
                    min(layers, key=height) for layers in (self.begun[key], self.alive.get(key)) if layers
                )
                assert height(layer) <= height(Layer(ceiling.value)) or layer in lowest

    @invariant()
    def whoever_is_there_keeps_its_slot(self) -> None:
        now = {slot: key for slot, (key, _) in self.engine.items()}
        for slot, key in self.kept.items():
            if slot[0] in self.slots and key in now.values() and now.get(slot) != key:
                still = [other for other, shown in now.items() if shown == key and other[0] == slot[0]]
                assert not still, "a stream jumped from one slot to another"
        self.kept = dict(now)


TestStage = StageMachine.TestCase


@given(st.lists(st.sampled_from(SOURCES), unique=True))
def test_needs_count_pictures_and_sounds(shown: list[str]) -> None:
    stage = stage_with("a", "b")
    for source in shown:
        stage.announce("a", "user-a", source)
    pictures = sum(sources.is_video(source) for source in shown)
    assert stage.needs("b") == (pictures, len(shown) - pictures)

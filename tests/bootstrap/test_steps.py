"""Build steps: done once, done again when something they depend on changed, plain about failures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bootstrap.steps import Failed, Step, Work, run_steps


@pytest.fixture
def built(checkout: Path) -> Callable[..., Step]:
    """Return a maker of a step that copies source/ into a product."""
    source = checkout / "source"
    source.mkdir()
    (source / "a.c").write_text("int a;")

    def step(*facts: str) -> Step:
        product = checkout / "product"
        return Step(
            name="Copying the source",
            work=lambda work: work.run("cp", source / "a.c", product, cwd=checkout),
            stamp=checkout / "stamps" / "copy",
            inputs=[source],
            facts=facts,
            outputs=[product],
        )

    return step


def test_a_step_is_done_once(built: Callable[..., Step]) -> None:
    assert run_steps([built()]) == 1
    assert run_steps([built()]) == 0


def test_a_changed_input_brings_the_step_back(built: Callable[..., Step], checkout: Path) -> None:
    run_steps([built()])
    (checkout / "source" / "a.c").write_text("int b;")
    assert run_steps([built()]) == 1
    assert (checkout / "product").read_text() == "int b;"


def test_a_new_input_brings_the_step_back(built: Callable[..., Step], checkout: Path) -> None:
    run_steps([built()])
    (checkout / "source" / "b.c").write_text("")
    assert run_steps([built()]) == 1


def test_a_changed_fact_brings_the_step_back(built: Callable[..., Step]) -> None:
    run_steps([built("3.11.2")])
    assert run_steps([built("3.11.7")]) == 1


def test_a_missing_output_brings_the_step_back(built: Callable[..., Step], checkout: Path) -> None:
    run_steps([built()])
    (checkout / "product").unlink()
    assert run_steps([built()]) == 1


def test_build_products_among_the_inputs_do_not_count(built: Callable[..., Step], checkout: Path) -> None:
    run_steps([built()])
    (checkout / "source" / "node_modules").mkdir()
    (checkout / "source" / "node_modules" / "big.js").write_text("")
    assert run_steps([built()]) == 0


def test_a_failed_step_names_its_command_and_hint_and_is_tried_again(checkout: Path) -> None:
    def work(work: Work) -> None:
        work.run("sh", "-c", "echo the reason; exit 3", cwd=checkout)

    step = Step("Breaking", work, checkout / "stamp", hint="Look at the moon.")
    for _ in range(2):
        with pytest.raises(Failed, match=r"exit code 3\. Look at the moon\.") as failure:
            run_steps([step])
        assert failure.value.log is not None
        assert "the reason" in failure.value.log.read_text()


def test_a_step_that_makes_nothing_is_not_taken_for_done(checkout: Path) -> None:
    step = Step("Idling", lambda work: None, checkout / "stamp", outputs=[checkout / "product"])
    with pytest.raises(Failed, match="did not make product"):
        run_steps([step])
    assert not (checkout / "stamp").exists()


def test_each_step_says_its_number_name_and_time(
    built: Callable[..., Step], capsys: pytest.CaptureFixture[str]
) -> None:
    run_steps([built()])
    assert capsys.readouterr().out.startswith("[1/1] Copying the source … 0.")

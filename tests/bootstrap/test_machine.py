"""What the machine must have: which Node.js fits, and what is said where something is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bootstrap import web
from bootstrap.machine import Need, meet
from bootstrap.steps import Failed
from tests.bootstrap.conftest import program


@pytest.mark.parametrize("version", ["v20.19.0", "v20.20.2", "v22.12.0", "v24.1.0"])
def test_node_versions_that_vite_runs_on(version: str) -> None:
    assert web.is_fit(version)


@pytest.mark.parametrize("version", ["v18.20.4", "v20.18.3", "v21.7.3", "v22.11.0", "", "node: not found"])
def test_node_versions_that_vite_does_not_run_on(version: str) -> None:
    assert not web.is_fit(version)


def test_an_old_node_of_the_machine_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "node", "echo v18.20.4")
    program(tmp_path / "npm")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert web.system_node() is None


def test_a_node_without_npm_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "node", "echo v24.1.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert web.system_node() is None


def test_a_fitting_node_of_the_machine_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "node", "echo v24.1.0")
    npm = program(tmp_path / "npm")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    node = web.system_node()
    assert node is not None
    assert node.npm == (str(npm),)


def test_a_plain_user_is_told_the_debian_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    needs = [Need("gcc", "a C compiler", is_met=False), Need("make", "make", is_met=True)]
    with pytest.raises(Failed, match=r"lacks a C compiler\..*sudo apt-get install gcc$"):
        meet(needs)


def test_nothing_is_installed_where_nothing_is_missing() -> None:
    meet([Need("gcc", "a C compiler", is_met=True)])


def test_a_plain_user_goes_on_without_what_is_only_useful(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    meet([Need("valgrind", "valgrind", is_met=False, is_required=False)])
    assert "sudo apt-get install valgrind" in capsys.readouterr().out

"""The generated files say what the code says, and are committed as they are written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from voicechat import protocol
from voicechat.gen.__main__ import generated, stale, write
from voicechat.gen.declared import declared, fields_of
from voicechat.gen.markdown import print_markdown
from voicechat.gen.typescript import print_typescript, type_name
from voicechat.protocol import wire_name
from voicechat.protocol.channels import EditChannel
from voicechat.protocol.gateway import CloseCode, Error
from voicechat.protocol.guilds import Guild

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return generated()


def test_the_committed_files_are_fresh(files: dict[str, str]) -> None:
    assert stale(ROOT, files) == [], "run `make gen`"


def test_stale_files_are_found_and_written_anew(tmp_path: Path, files: dict[str, str]) -> None:
    assert set(stale(tmp_path, files)) == set(files)
    write(tmp_path, files)
    assert stale(tmp_path, files) == []
    (tmp_path / "docs/protocol.md").write_text("old")
    assert stale(tmp_path, files) == ["docs/protocol.md"]


def test_the_command_line_fails_when_something_is_stale(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "voicechat.gen", "--check", "--root", str(tmp_path)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 1
    assert "stale: docs/protocol.md" in checked.stdout


def test_every_frame_and_close_code_is_in_both_texts(files: dict[str, str]) -> None:
    typescript, markdown = files["client/web/src/protocol/types.gen.ts"], files["docs/protocol.md"]
    for kind in (*protocol.COMMANDS, *protocol.EVENTS):
        assert f'  type: "{wire_name(kind)}";' in typescript
        assert f"### `{wire_name(kind)}`" in markdown
    for code in CloseCode:
        assert f"{code.name}: {code.value}" in typescript
        assert f"| {code.value} |" in markdown


def test_each_typescript_name_is_given_once() -> None:
    contract = declared()
    kinds = (*contract.bodies, *contract.answers, *contract.commands, *contract.events)
    names = [type_name(kind) for kind in kinds]
    assert len(names) == len(set(names))
    printed = print_typescript(contract)
    for name in names:
        assert printed.count(f"export interface {name} {{") == 1


def test_what_goes_out_is_optional_only_when_unset() -> None:
    assert {field.name for field in fields_of(Error) if field.is_optional} == {
        "in_reply_to",
        "ref",
        "details",
    }
    assert not any(field.is_optional for field in fields_of(Guild))


def test_what_comes_in_may_leave_out_what_has_a_default() -> None:
    assert all(field.is_optional for field in fields_of(EditChannel))


def test_permission_values_survive_javascript(files: dict[str, str]) -> None:
    for bit in protocol.Permission:
        assert bit.value < 2**53
        assert f"  {bit.name}: {bit.value}," in files["client/web/src/protocol/types.gen.ts"]


def test_links_between_types_lead_somewhere() -> None:
    text = print_markdown(declared())
    titles = {line.removeprefix("### ").lower() for line in text.splitlines() if line.startswith("### ")}
    targets = {part.partition(")")[0] for part in text.split("](#")[1:]}
    assert targets
    assert targets <= titles

"""The program: `voicechat serve | migrate | bench`."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import trio

from voicechat import __version__, app, logs
from voicechat.errors import Problem
from voicechat.settings import Settings, load, page

_SERVE_OPTIONS = (
    ("host", ("server", "host"), "address the web side listens on (default 127.0.0.1)"),
    ("port", ("server", "port"), "its TCP port (default 8080; 0 picks a free one)"),
    ("media-port", ("media", "port"), "UDP and TCP port of voice (default 7882; 0 picks a free one)"),
    ("data-dir", ("server", "data_dir"), "where the embedded stores and files live (default ./data)"),
)

#: Where this file lies in a checkout, the bench is beside `src`.
_CHECKOUT = Path(__file__).resolve().parents[2]
_BENCH_PACKAGES = ("numpy", "playwright", "trio_websocket", "httpx")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="voicechat", description="A self-hosted voice and text server.")
    parser.add_argument("--version", action="version", version=f"voicechat {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run the server")
    serve.add_argument("--check", action="store_true", help="print the effective settings and exit")
    migrate = commands.add_parser("migrate", help="bring the database's schema up to date and exit")
    for command in (serve, migrate):
        for name, _, text in _SERVE_OPTIONS:
            command.add_argument(f"--{name}", help=text, metavar=name.upper().replace("-", "_"))
    # Its words are the bench's own; `main` hands them over before this parser sees them.
    commands.add_parser("bench", help="measure voice and chat, where the source is checked out")
    return parser


def _settings(arguments: argparse.Namespace) -> Settings:
    given = ((place, getattr(arguments, name.replace("-", "_"))) for name, place, _ in _SERVE_OPTIONS)
    return load(overrides={place: value for place, value in given if value is not None})


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["bench"]:
        return _bench(words[1:])
    arguments = _parser().parse_args(words)
    try:
        settings = _settings(arguments)
        if arguments.command == "serve" and arguments.check:
            for name, value in page(settings):
                print(f"{name}={value}")
            return 0
        logs.configure(style=settings.log.style, level=settings.log.level)
        run = app.serve if arguments.command == "serve" else app.migrate
        trio.run(run, settings)
    except Problem as problem:
        return _refused([problem])
    except BaseExceptionGroup as group:
        problems, others = group.split(Problem)
        if others is not None or problems is None:
            raise
        return _refused(_leaves(problems))
    except KeyboardInterrupt:
        return 130
    return 0


def _bench(words: Sequence[str]) -> int:
    """Become the bench of the checkout this program runs from; say what is missing where it cannot."""
    lacking = _bench_lacks()
    if not lacking:
        os.chdir(_CHECKOUT)
        os.execv(sys.executable, [sys.executable, "-m", "bench", *words])
    print(f"voicechat: the bench needs {lacking}", file=sys.stderr)
    return 2


def _bench_lacks() -> str:
    if not (_CHECKOUT / "bench" / "__main__.py").exists():
        return "a checkout of the source: it compiles C programs and drives the tests' own clients"
    missing = [name for name in _BENCH_PACKAGES if importlib.util.find_spec(name) is None]
    return f"the packages {', '.join(missing)}: pip install -e '{_CHECKOUT}[bench]'" if missing else ""


def _refused(problems: Sequence[BaseException]) -> int:
    """Say what stands in the way, without a traceback."""
    for problem in problems:
        print(f"voicechat: {problem}", file=sys.stderr)
    return 2


def _leaves(group: BaseExceptionGroup[Problem]) -> list[BaseException]:
    """Flatten nested groups into the exceptions they carry."""
    flat: list[BaseException] = []
    for member in group.exceptions:
        flat.extend(_leaves(member) if isinstance(member, BaseExceptionGroup) else [member])
    return flat


if __name__ == "__main__":
    sys.exit(main())

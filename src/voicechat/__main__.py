"""The program: `voicechat serve | migrate`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

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
    return parser


def _settings(arguments: argparse.Namespace) -> Settings:
    given = ((place, getattr(arguments, name.replace("-", "_"))) for name, place, _ in _SERVE_OPTIONS)
    return load(overrides={place: value for place, value in given if value is not None})


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    arguments = _parser().parse_args(argv)
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

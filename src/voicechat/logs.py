"""Structured logging: one event name and its fields, as JSON lines or for the eye.

Fields whose name speaks of a secret are masked, whatever a caller passes. Every line carries the id of the
request or connection it belongs to, when there is one.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from contextvars import ContextVar
from typing import IO, Any

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_SECRET_WORDS = ("password", "secret", "token", "authorization", "cookie", "private", "jwt", "dsn")


class Logger:
    """A named source of log lines; `log.info("peer_joined", peer=3)`."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(f"voicechat.{name}")

    def debug(self, event: str, **fields: Any) -> None:
        self._emit(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: Any) -> None:
        self._emit(logging.INFO, event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        self._emit(logging.WARNING, event, fields)

    def error(self, event: str, **fields: Any) -> None:
        self._emit(logging.ERROR, event, fields)

    def exception(self, event: str, **fields: Any) -> None:
        """Log an error with the traceback of the exception being handled."""
        self._emit(logging.ERROR, event, fields, exc_info=True)

    def _emit(self, level: int, event: str, fields: dict[str, Any], *, exc_info: bool = False) -> None:
        if self._logger.isEnabledFor(level):
            extra = {"fields": fields, "request_id": _request_id.get()}
            self._logger.log(level, event, extra=extra, exc_info=exc_info)


def get_logger(name: str) -> Logger:
    """Return the logger of the room `name`."""
    return Logger(name)


def bind_request_id(request_id: str | None) -> None:
    """Attach `request_id` to every line logged from the current task and its children."""
    _request_id.set(request_id)


def current_request_id() -> str | None:
    """Return the id bound to the current task, if any."""
    return _request_id.get()


def masked(name: str, value: Any) -> Any:
    """Return `value`, or `***` where the field's name says that it is secret."""
    return "***" if any(word in name.lower() for word in _SECRET_WORDS) else value


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields = {name: masked(name, value) for name, value in getattr(record, "fields", {}).items()}
    request_id = getattr(record, "request_id", None)
    return {"request_id": request_id, **fields} if request_id else fields


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (RFC 3339, UTC), level, logger, event, fields."""

    def format(self, record: logging.LogRecord) -> str:
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "time": f"{seconds}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class PrettyFormatter(logging.Formatter):
    """A line for the eye: time, level, event, fields."""

    def format(self, record: logging.LogRecord) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        fields = " ".join(f"{name}={value}" for name, value in _fields(record).items())
        room = record.name.removeprefix("voicechat.")
        line = f"{clock} {record.levelname.lower():7} {room}: {record.getMessage()} {fields}".rstrip()
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def configure(*, style: str = "pretty", level: str = "info", stream: IO[str] | None = None) -> None:
    """Send the log to `stream` (standard error) as `json` or `pretty` lines from `level` upwards."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else PrettyFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("voicechat").setLevel(level.upper())

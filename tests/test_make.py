"""What `make` does on a machine: which environment it makes, which chapters it runs.

A script stands for Python and writes down how it was called, so that nothing is installed.
"""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from site_fixtures import ROOT

from tools import serve

PYTHON = """#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
case "$*" in
  "-c import sys"*) [ -z "$OLD" ] || { echo "make: the book needs" >&2; exit 1; } ;;
  "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  *"pip install"*) [ -z "$BROKEN" ] || exit 1 ;;
  *tools.npm*) mkdir -p node_modules ;;
  *--stale*) echo "$STALE" ;;
esac
"""


class Machine:
    """A fresh clone, as far as make looks."""

    def __init__(self, root: Path) -> None:
        self.root, self.calls = root, root / "calls"
        names = ["Makefile", "package.json", "package-lock.json"]
        for path in (*map(ROOT.joinpath, names), *ROOT.glob("requirements*.lock")):
            shutil.copy(path, root)
        (root / "bin").mkdir()
        for name in ("python3", "jupyter-book", "npm"):
            (root / "bin" / name).write_text(PYTHON)
            (root / "bin" / name).chmod(0o755)

    def make(self, *arguments: str, **variables: str) -> tuple[int, list[str], str]:
        """Exit code, the calls of Python, what went to stderr."""
        self.calls.write_text("")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
        path = f"{self.root / 'bin'}:{os.environ['PATH']}"
        done = subprocess.run(
            ["make", *arguments],
            cwd=self.root,
            env=kept | {"PATH": path, "CALLS": str(self.calls), **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, self.calls.read_text().splitlines(), done.stderr


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def installs(calls: list[str]) -> list[str]:
    return [call.split()[-1] for call in calls if "pip install" in call]


def test_an_environment_is_made_once_with_what_a_target_needs(machine: Machine) -> None:
    code, calls, _ = machine.make("html")
    assert code == 0 and installs(calls) == ["requirements-site.lock"]
    assert installs(machine.make("html")[1]) == []
    code, calls, _ = machine.make("-j2", "check", "html")
    assert code == 0 and installs(calls) == ["requirements.lock"]
    assert installs(machine.make("-B", "check")[1]) == installs(machine.make("html")[1]) == []


def test_an_outdated_or_half_made_environment_is_made_again(machine: Machine) -> None:
    assert machine.make("check", BROKEN="yes")[0] == 2
    assert installs(machine.make("check")[1]) == ["requirements.lock"]
    (machine.root / ".venv" / "old-package").touch()
    os.utime(machine.root / "requirements.lock")
    assert installs(machine.make("check")[1]) == []
    with (machine.root / "requirements.lock").open("a") as file:
        file.write("another\n")
    assert installs(machine.make("check")[1]) == ["requirements.lock"]
    assert not (machine.root / ".venv" / "old-package").exists()
    (machine.root / ".venv" / "bin" / "python").unlink()
    assert installs(machine.make("check")[1]) == ["requirements.lock"]


def test_an_old_python_is_told_before_anything_is_made(machine: Machine) -> None:
    code, calls, told = machine.make("html", OLD="yes")
    assert code == 2 and told.startswith("make: the book needs") and len(calls) == 1
    assert not (machine.root / ".venv").exists()


def test_an_environment_that_is_not_there_is_told(machine: Machine) -> None:
    code, calls, told = machine.make("VENV=/nowhere", "check")
    assert (code, calls) == (2, [])
    assert told.startswith("make: /nowhere has no bin/python; create it with python3 -m venv")


def test_chapters_that_changed_are_run(machine: Machine) -> None:
    assert machine.make("check")[0] == 0

    def runs(*arguments: str, stale: str) -> list[str]:
        calls = machine.make(*arguments, STALE=stale)[1]
        return sorted(c.partition("execute ")[2] for c in calls if "tools.execute" in c)

    two = "notebooks/10_a.ipynb notebooks/11_b.ipynb"
    assert runs("notebooks", stale="") == ["--stale"]
    assert runs("-j2", "notebooks", stale=two) == ["--stale", "10_a", "11_b"]
    assert runs("-B", "notebooks", stale=two) == [
        "--force 10_a",
        "--force 11_b",
        "--stale --force",
    ]
    assert runs("notebooks/10_a.ipynb", stale="") == ["10_a"]


def test_a_busy_port_is_told(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert serve.main([]) == 2
    assert "holds no site; run `make html`" in capsys.readouterr().err
    serve.SITE.mkdir(parents=True)
    (serve.SITE / "index.html").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert serve.main(["--port", str(port)]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"serve: port {port} cannot be used") and f"PORT={port + 1}" in told

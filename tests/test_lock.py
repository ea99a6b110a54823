"""The locks are those of the requirements, and what makes them otherwise is found."""

from pathlib import Path

import pytest
from site_fixtures import ROOT

from tools import lock

HASH = f" \\\n    --hash=sha256:{'a' * 64}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two requirements files and their locks."""
    monkeypatch.chdir(tmp_path)
    Path("requirements.txt").write_text("# All.\n-r requirements-site.txt\ntorch==2.0  # big\n")
    Path("requirements-site.txt").write_text("sphinx==7.0\n")
    write("requirements", f"sphinx==7.0{HASH}\n    # via x\ntorch==2.0 ; a == 'b'{HASH}{HASH}\n")
    write("requirements-site", f"sphinx==7.0{HASH}\n")
    return tmp_path


def write(name: str, text: str) -> None:
    source = Path(f"{name}.txt")
    head = lock.HEADER.format(source=source, digest=lock.digest(source))
    source.with_suffix(".lock").write_text(head + text)


def test_the_books_own_locks_hold_and_the_site_needs_no_torch(monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lock.check() == []
    assert "\ntorch==" not in Path("requirements-site.lock").read_text()


def test_locks_that_agree_pass_whatever_is_commented(folder: Path) -> None:
    assert lock.check() == []
    Path("requirements.txt").write_text("torch==2.0\n\n-r requirements-site.txt  # first\n")
    assert lock.check() == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"sphinx==7.0{HASH}\n", "requirements.lock: does not hold torch==2.0 of requirements.txt"),
        (f"sphinx==7.0\ntorch==2.0{HASH}\n", "requirements.lock: sphinx==7.0 has no hash"),
        ("--index-url https://mirror.example\n", "requirements.lock:3: names a host"),
        ("--find-links /opt/wheels\n", "requirements.lock:3: names a host"),
        ("torch @ https://example.org/torch.whl\n", "requirements.lock:3: names a host"),
    ],
)
def test_a_lock_that_was_edited_is_found(folder: Path, text: str, problem: str) -> None:
    write("requirements", text)
    (found,) = lock.check()
    assert found.startswith(problem) and "make lock" in found


def test_requirements_that_changed_are_found_in_each_lock(folder: Path) -> None:
    Path("requirements-site.txt").write_text("sphinx==7.1\n")
    found = lock.check()
    assert [problem.partition(":")[0] for problem in found] == [
        "requirements.lock",
        "requirements-site.lock",
    ]
    Path("requirements-site.lock").unlink()
    assert "requirements-site.lock: missing; run `make lock`" in lock.check()


def test_a_lock_that_cannot_be_made_leaves_the_old_ones(folder, capsys, monkeypatch) -> None:
    before = {path: path.read_bytes() for path in folder.glob("*.lock")}
    monkeypatch.setattr(lock, "UV", "no such requirement")
    monkeypatch.setattr(lock.venv, "create", lambda path, with_pip: fake_python(path))
    assert lock.main([]) == 2
    assert capsys.readouterr().err == "lock: no such requirement cannot be installed (no)\n"
    assert {path: path.read_bytes() for path in folder.glob("*.lock")} == before


def fake_python(path: Path) -> None:
    (path / "bin").mkdir(parents=True)
    (path / "bin" / "python").write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    (path / "bin" / "python").chmod(0o755)


def test_a_missing_file_is_told(folder: Path, capsys) -> None:
    Path("requirements.txt").write_text("-r requirements-gone.txt\n")
    assert lock.main([]) == 2
    assert capsys.readouterr().err.startswith("lock: requirements-gone.txt: missing; write it")

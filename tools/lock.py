"""Write the locks: every package that gets installed, with hashes. `make lock`.

Why it exists: requirements*.txt name what the book needs, for people. The hundreds of packages that
these need in turn change every week, and an output may change with them. A lock names all of them,
for every system and Python, with the hashes of their files; it names no host, so that it can be
installed from any mirror. This program needs nothing but Python: it fetches its own uv.

Exit code: 0 written; 2 it could not be done, and the locks are as they were.
"""

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

UV = "uv==0.13.9"
OLDEST_PYTHON = "3.11"
WHOLE = Path("requirements.txt")  # the others get the versions that it gets
HEADER = "# Made by `make lock` from {source}; do not edit.\n# requirements: {digest}\n"
FOREIGN = r"://|^\s*-(?:i|f|-index|-extra|-find|-trusted)"


class LockError(Exception):
    """A lock that cannot be made; the message is one line that says what to do."""


def sources() -> list[Path]:
    """requirements.txt first, then requirements-site.txt and the like."""
    found = sorted(Path().glob("requirements*.txt"))
    return sorted(found, key=lambda path: path != WHOLE)


def lock_of(source: Path) -> Path:
    return source.with_suffix(".lock")


def lines(source: Path) -> list[str]:
    """What a requirements file asks for, those that it includes with `-r` too."""
    if not source.is_file():
        raise LockError(f"{source}: missing; write it, or drop the line that includes it")
    found = []
    for line in source.read_text(encoding="utf-8").splitlines():
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if line.startswith("-r "):
            found += lines(source.parent / line[3:].strip())
        elif line:
            found.append(line)
    return sorted(found)


def digest(source: Path) -> str:
    """Changes with what is required, not with comments or the order of lines."""
    return hashlib.sha256("\n".join(lines(source)).encode()).hexdigest()[:16]


def problem_of(source: Path) -> str:
    """Why a lock is not the one of its requirements, or nothing."""
    lock = lock_of(source)
    if not lock.is_file():
        return f"{lock}: missing; run `make lock`"
    text = lock.read_text(encoding="utf-8")
    if f"# requirements: {digest(source)}\n" not in text:
        return f"{lock}: not made from what {source} says now; run `make lock`"
    if match := re.search(FOREIGN, text, re.M):
        number = text.count("\n", 0, match.start()) + 1
        return f"{lock}:{number}: names a host, which others cannot reach; run `make lock`"
    pins = re.findall(r"^([\w.-]+==\S+)[^\n]*?((?: \\\n    --hash=sha256:\w{64})*)\n", text, re.M)
    if bare := [pin for pin, hashes in pins if not hashes]:
        return f"{lock}: {bare[0]} has no hash; run `make lock`"
    if missing := [line for line in lines(source) if line not in dict(pins)]:
        return f"{lock}: does not hold {missing[0]} of {source}; pin it with == and `make lock`"
    return ""


def check() -> list[str]:
    """Whether the locks are those of the requirements; seconds, and no network."""
    try:
        return [problem for source in sources() if (problem := problem_of(source))]
    except LockError as error:
        return [str(error)]


def compiled(source: Path, before: Path, uv: Path, upgrade: bool, folder: Path) -> str:
    """The lock of one file: versions as they were, unless they must change or `upgrade` is said."""
    made = folder / before.name
    if before.is_file() and not upgrade:
        made.write_bytes(before.read_bytes())  # uv keeps the versions that it finds there
    command = [
        *(str(uv), "pip", "compile", str(source), "--output-file", str(made), "--quiet"),
        *("--universal", "--python-version", OLDEST_PYTHON, "--generate-hashes", "--no-config"),
        *("--no-header", "--no-emit-index-url", "--no-emit-find-links"),
    ]
    if source != WHOLE and (folder / lock_of(WHOLE)).is_file():
        command += ["--constraint", str(folder / lock_of(WHOLE))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LockError(f"{source}: uv finds no versions ({' '.join(done.stderr.split())[:300]})")
    # A package's origins name the constraints too, by a path of this very run.
    return re.sub(r"^ +#   -c .*\n", "", made.read_text(encoding="utf-8"), flags=re.M)


def write(upgrade: bool) -> None:
    """Write all locks, or none."""
    with tempfile.TemporaryDirectory(prefix="lock-") as name:
        folder = Path(name)
        venv.create(folder / "uv", with_pip=True)
        programs = folder / "uv" / ("Scripts" if sys.platform == "win32" else "bin")
        pip = [str(programs / "python"), "-m", "pip", "install", "--quiet", UV]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LockError(f"{UV} cannot be installed ({' '.join(done.stderr.split())[-200:]})")
        made = {}
        for source in sources():
            head = HEADER.format(source=source, digest=digest(source))
            text = compiled(source, lock_of(source), programs / "uv", upgrade, folder)
            made[lock_of(source)] = head + text
        for lock, text in made.items():
            lock.write_text(text, encoding="utf-8", newline="\n")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--upgrade", action="store_true", help="newer versions of what is not named"
    )
    try:
        write(parser.parse_args(arguments).upgrade)
        if problems := check():
            raise LockError(problems[0])
    except LockError as error:
        print(f"lock: {error}", file=sys.stderr)
        return 2
    for lock in map(lock_of, sources()):
        count = len(re.findall(r"^\w\S*==", lock.read_text(encoding="utf-8"), re.M))
        print(f"{lock}: {count} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Whether Colab has all that the chapters import: `python -m tools.colab LIST`.

Why it exists: every chapter has a button that opens it in Colab, where nothing of ours is.
LIST is what `pip freeze` prints there; Google publishes it in googlecolab/backend-info. Needs
nothing but Python.

Exit code: 0 all is there; 1 something is not; 2 it could not be read.
"""

import argparse
import re
import sys
from pathlib import Path

SOURCES = Path("book")
NAMES = {"PIL": "pillow", "sklearn": "scikit-learn", "cv2": "opencv-python", "IPython": "ipython"}

IMPORT = r"^[ \t]*(?:import (\w+)|from (\w+)[\w.]* import )"


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(text: str) -> dict[str, str]:
    """Versions by name: `name==1.0` and `name @ https://.../name-1.0+cu1-...whl`."""
    found = {}
    for line in text.splitlines():
        if match := re.match(r"([\w.-]+)(?:==([^\s;]+)| @ .*?/[\w.]+-(\d[\d.]*\d)?)", line):
            found[normal(match[1])] = match[2] or match[3] or "?"
    return found


def imported(text: str) -> set[str]:
    """The top-level modules that a chapter's code cells import, without the standard library."""
    cells = "".join(re.findall(r"^```\{code-cell\}.*?\n(.*?)^```", text, re.M | re.S))
    found = {a or b for a, b in re.findall(IMPORT, cells, re.M)}
    return found - set(sys.stdlib_module_names)


def report(there: dict[str, str], chapters: list[Path]) -> tuple[list[str], list[str]]:
    """What is there, with its version, and one line for each import that Colab cannot do."""
    used: dict[str, list[str]] = {}
    for path in chapters:
        for module in sorted(imported(path.read_text(encoding="utf-8"))):
            used.setdefault(module, []).append(path.stem)
    have, missing = [], []
    for module, names in sorted(used.items()):
        package = normal(NAMES.get(module, module))
        if package in there:
            have.append(f"{package} {there[package]}")
        else:
            places = ", ".join(f"{SOURCES}/{name}.md" for name in names)
            missing.append(f"{places}: imports {module}, which Colab has not; do without")
    return sorted(have), missing


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("list", type=Path, help="what `pip freeze` prints in Colab")
    path = parser.parse_args(arguments).list
    try:
        there = installed(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        print(f"colab: {path}: {error}; give a file of `name==version` lines", file=sys.stderr)
        return 2
    if len(there) < 10:
        told = f"{path}: {len(there)} packages, which is no list of Colab's"
        print(f"colab: {told}; get pip-freeze.txt of googlecolab/backend-info", file=sys.stderr)
        return 2
    have, missing = report(there, sorted(SOURCES.glob("[0-9][0-9]_*.md")))
    print(*missing, sep="\n", end="\n" * bool(missing))
    print(f"colab: of what the chapters import, Colab has {', '.join(have) or 'nothing'}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

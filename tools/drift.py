"""Run the book with another PyTorch and tell what came out otherwise: `make drift TORCH=2.14.0`.

Why it exists: on the day a new PyTorch appears, and for a reader who has an old one, the question
is not whether the tests pass but what differs: outputs that changed, errors reworded, cells that
warn now. The version, or `newest`, or `nightly`, gets an environment of its own for that time.
The report lies in `_build/drift`; for a release its summary is kept in `tests/runs`, and of these
`book/verified.md` is made.

Exit code: 0 run, whatever came out; 2 it could not be.
"""

import argparse
import difflib
import json
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from tools.chapters import IGNORED, Chapter, ChapterError, sources, tags
from tools.execute import CELL_TIMEOUT, merge_streams
from tools.lock import UV, lines
from tools.sandbox import LeftBehind, sandbox
from tools.sections import text_of

FOLDER = Path("_build/drift")
RUNS = Path("tests/runs")
PAGE = Path("book/verified.md")
NIGHTLY = "https://download.pytorch.org/whl/nightly/cpu"
SHORT = 300  # characters of an output in the report
WARNS = r"\w*(?:Deprecat|Future|User)\w*Warning\b.*|.*\bdeprecated\b.*"
KINDS = {
    "raises": "Cells that raise now",
    "silent": "Errors that are gone",
    "reworded": "Errors reworded",
    "warns": "Cells that warn now",
    "text": "Outputs that changed",
    "figure": "Figures that changed",
}

Found = tuple[str, str, str]  # a kind, what is stored, what came out


def error_of(outputs: list[NotebookNode]) -> str:
    return next((text_of(o) for o in outputs if o.output_type == "error"), "")


def shown(output: NotebookNode) -> str:
    """What a reader sees of an output; of a table its text, for a kernel orders the kinds anew."""
    return output.get("data", {}).get("text/plain") or text_of(output)


def compare(stored: list[NotebookNode], new: list[NotebookNode], ignored: bool) -> Iterator[Found]:
    """What differs between the outputs of one cell, as a reader would see it."""
    new = merge_streams(new)
    noise = "\n".join(text_of(o) for o in new if o.get("name") == "stderr")
    if warning := re.search(WARNS, noise):
        yield "warns", "", warning[0]
    before, after = error_of(stored), error_of(new)
    if before != after and not ignored:
        yield "reworded" if before and after else "silent" if before else "raises", before, after
    if ignored or bool(before) != bool(after):
        return
    rest = [[o for o in of if o.output_type != "error"] for of in (stored, new)]
    old, now = ("\n".join(shown(o) for o in of if o.get("name") != "stderr") for of in rest)
    if old != now:
        lines = list(difflib.ndiff(old.splitlines(), now.splitlines()))
        yield "text", *("\n".join(x[2:] for x in lines if x[0] == sign) for sign in "-+")
    figures = [[o.data["image/png"] for o in of if "image/png" in o.get("data", {})] for of in rest]
    if old == now and figures[0] != figures[1]:
        yield "figure", "", ""


def run(chapter: Chapter) -> list[dict[str, str]]:
    """Run one chapter to its end, whatever its cells raise, and compare."""
    stored = chapter.notebook
    notebook = nbformat.from_dict(json.loads(json.dumps(stored)))
    try:
        with sandbox() as folder:
            NotebookClient(
                notebook,
                timeout=CELL_TIMEOUT,
                allow_errors=True,
                extra_arguments=["--log-level=ERROR"],
                resources={"metadata": {"path": str(folder)}},
            ).execute()
    except LeftBehind:
        pass  # a cell that failed may leave behind what it would have removed
    except Exception as error:  # a kernel that died, a cell without end
        told = " ".join(str(error).split())
        return [{"kind": "raises", "where": str(chapter.source), "old": "", "new": told[:SHORT]}]
    found, number = [], 0
    for index, (before, after) in enumerate(zip(stored.cells, notebook.cells, strict=True)):
        if before.cell_type != "code":
            continue
        number += 1
        where = f"{chapter.at(index)}: code cell {number}"
        for kind, old, new in compare(before.outputs, after.outputs, IGNORED in tags(before)):
            entry = {"kind": kind, "where": where, "old": old[:SHORT], "new": new[:SHORT]}
            found.append(entry)
    return found


def record() -> dict:
    """Run the whole book in this environment."""
    found, cells = [], 0
    chapters = [Chapter(path.stem) for path in sources()]
    for chapter in chapters:
        print(f"drift: {chapter.source}", file=sys.stderr, flush=True)
        cells += sum(c.cell_type == "code" for c in chapter.notebook.cells)
        found += run(chapter)
    return {
        "torch": version("torch").partition("+")[0],
        "torchvision": version("torchvision").partition("+")[0],
        "numpy": version("numpy"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "chapters": len(chapters),
        "cells": cells,
        "found": found,
    }


def report(made: dict) -> str:
    """The report as Markdown, for a person to read."""
    head = f"# The book with PyTorch {made['torch']}\n\n{made['chapters']} chapters, "
    head += (
        f"{made['cells']} code cells; torchvision {made['torchvision']}, NumPy {made['numpy']}, "
    )
    head += f"Python {made['python']}, {made['system']}.\n"
    if not made["found"]:
        return head + "\nAll outputs came out as they are stored.\n"
    parts = [head]
    for kind, title in KINDS.items():
        entries = [entry for entry in made["found"] if entry["kind"] == kind]
        if entries:
            parts.append(f"## {title}: {len(entries)}\n")
        for entry in entries:
            diff = [f"{sign} {line}" for sign, text in (("-", entry["old"]), ("+", entry["new"]))
                    for line in text.splitlines()]  # fmt: skip
            body = "\n".join(["```diff", *diff, "```", ""]) if diff else ""
            parts.append(f"{entry['where']}\n\n{body}")
    return "\n".join(parts)


def summary(made: dict) -> dict:
    """What is kept of a run: numbers, and in which cells each kind was found."""
    counts = {kind: sum(e["kind"] == kind for e in made["found"]) for kind in KINDS}
    different = len({entry["where"] for entry in made["found"]})
    return {**{k: v for k, v in made.items() if k != "found"}, "different": different, **counts}


def page(runs: list[dict]) -> str:
    """`book/verified.md`: where and with what this book was run."""
    runs = sorted(
        runs, key=lambda r: [int(n) for n in re.findall(r"\d+", r["torch"])], reverse=True
    )
    rows = []
    for made in runs:
        parts = [f"{title.lower()}: {made[kind]}" for kind, title in KINDS.items() if made[kind]]
        same = made["cells"] - made["different"]
        cells = [made["torch"], made["torchvision"], made["numpy"], made["python"], made["system"]]
        cells += [str(made["chapters"]), f"{same} of {made['cells']}"]
        cells.append("; ".join(parts) or "nothing")
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(
        [
            "# Where and with what this book was run",
            "",
            "Each row is a run of so many chapters: every cell was executed, and its output,",
            "figures included, compared with the stored one. Of cells whose outputs may vary,",
            "only warnings count.",
            "",
            "| PyTorch | torchvision | NumPy | Python | system | chapters | cells as stored "
            "| what differs |",
            "|---|---|---|---|---|---|---|---|",
            *rows,
            "",
            "The versions in `requirements.lock`, with which the pages were made, are not in the",
            "table: the tests compare them in every run. The others were run once, by",
            "`make drift TORCH=version`, which also lists each cell that differs. What differs on",
            "your machine, and why, is told in [how to run the book](how_to_run.md).",
            "",
        ]
    )


def recorded() -> list[dict]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RUNS.glob("*.json"))]


def check() -> list[str]:
    """Whether the page is what the recorded runs say."""
    if not recorded() or (PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page(recorded())):
        return []
    return [f"{PAGE}: not what {RUNS} records; run `python -m tools.drift --page`"]


def packages(torch: str) -> list[str]:
    """What to install: the book's requirements, but another PyTorch and its torchvision."""
    kept = [line for line in lines(Path("requirements.txt")) if not line.startswith("torch")]
    if torch == "nightly":
        return [*kept, "torch", "torchvision", "--prerelease=allow", f"--extra-index-url={NIGHTLY}",
                "--index-strategy=unsafe-best-match"]  # fmt: skip
    return [*kept, "torch" if torch == "newest" else f"torch=={torch}", "torchvision"]


def drift(torch: str) -> dict:
    """Make the environment, run the book in it, remove it. Raises ChapterError."""
    with tempfile.TemporaryDirectory(prefix="drift-") as name:
        folder = Path(name)
        bin_ = folder / "env" / ("Scripts" if sys.platform == "win32" else "bin")
        python, made = str(bin_ / "python"), folder / "made.json"
        subprocess.run([sys.executable, "-m", "venv", str(folder / "env")], check=True)
        install = [str(bin_ / "uv"), "pip", "install", "--quiet", "--python", python]
        for command in (
            [python, "-m", "pip", "install", "--quiet", UV],
            [*install, *packages(torch)],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                reason = " ".join(done.stderr.split())[-300:]
                raise ChapterError(f"PyTorch {torch} cannot be installed ({reason})")
        command = [python, "-m", "tools.drift", "--record", str(made)]
        if subprocess.run(command, check=False).returncode:
            raise ChapterError(f"the book cannot be run with PyTorch {torch}; see above")
        return json.loads(made.read_text(encoding="utf-8"))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("torch", nargs="?", default="", help="2.14.0, newest, or nightly")
    parser.add_argument("--record", type=Path, help="run the book here, and write this file")
    parser.add_argument("--page", action="store_true", help=f"write {PAGE}, run nothing")
    options = parser.parse_args(arguments)
    try:
        if options.record:
            options.record.write_text(json.dumps(record()), encoding="utf-8")
            return 0
        if not options.page:
            if not re.fullmatch(r"\d+\.\d+(\.\d+)?|newest|nightly", options.torch):
                told = f"{options.torch or 'no version'}: name one, as in `make drift TORCH=2.14.0`"
                raise ChapterError(f"{told}, or newest, or nightly")
            made = drift(options.torch)
            target = FOLDER / f"{options.torch}.md"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(report(made), encoding="utf-8")
            if options.torch != "nightly":
                RUNS.mkdir(parents=True, exist_ok=True)
                kept = json.dumps(summary(made), indent=1) + "\n"
                (RUNS / f"{made['torch']}.json").write_text(kept, encoding="utf-8")
            print(f"drift: {len(made['found'])} differences, listed in {target}")
        PAGE.write_text(page(recorded()), encoding="utf-8", newline="\n")
    except ChapterError as error:
        print(f"drift: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What can be wrong with a chapter's code cells and their stored outputs.

Why it exists: nbval compares what comes out with what is stored. Whether that is worth comparing,
shown as the site shows it, and the same on other machines, is seen without running anything.
"""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from itertools import product
from pathlib import Path

from nbformat import NotebookNode
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.chapters import IGNORED, Chapter, tags
from tools.sections import text_of

REQUIREMENTS = [Path("requirements.txt"), Path("requirements-site.txt")]
MOST_BYTES = 1_000_000
MOST_EXPLORABLE_BYTES = 150_000
MOST_COMBINATIONS = 30
TAGS = {
    "raises-exception",
    "hide-input",
    "hide-output",
    "hide-cell",
    "stepper",
    "explorable",
    "photo",
    IGNORED,
}
COLUMNS = r"columns-\d+"  # how many tiles of an explorable stand side by side

# Each pattern is narrow on purpose: an author who is stopped by a true output stops believing.
LEAKS = {
    "a machine's path": r"(?<![\w./])/(?:home|root|tmp|usr|Users|opt|work|content|mnt)/"
    r"|~/\.cache\b"
    r"|\b[A-Z]:\\{1,2}(?:Users|Windows|Program)|site-packages",
    "an address in memory": r"\bat 0x[0-9a-fA-F]{6,}|\b0x(?:7f|55|56)[0-9a-f]{10}\b",
    "a local network address": r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0)\b",
    "the environment": r"\benviron\(\{|\bEXECUTABLE_PYTORCH_\w+",
}
TIMING = r"\d ?(?:ns|µs|us|ms|s) ± |\bCPU times: |\bWall time: |\bCPU time total: |\dit/s\b"

KINDS = {"text/plain", "text/html", "image/png"}
COMBINATION = r"((?:[^\s=:]+=\S+ )*[^\s=:]+=\S+): \S.*"  # one line of an explorable


def unknown_tags(found: list[str]) -> set[str]:
    columns = {t for t in found if re.fullmatch(COLUMNS, t)} if "explorable" in found else set()
    return set(found) - TAGS - columns


def check_tags(chapter: Chapter) -> list[str]:
    """A misspelled tag does nothing, silently."""
    problems = []
    for _, cell, where in chapter.code():
        found = tags(cell)
        if not isinstance(found, list):
            problems.append(f"{where}: tags are no list; write `:tags: [{found}]`")
        elif unknown := sorted(unknown_tags(found)):
            known = ", ".join(sorted(TAGS))
            problems.append(f"{where}: unknown tag {', '.join(unknown)}; there is {known}")
    return problems


def requirements() -> dict[str, Requirement]:
    """What the requirements files name, by normalized name."""
    found = {}
    for path in REQUIREMENTS:
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        for line in (line.partition("#")[0].strip() for line in lines):
            if line and not line.startswith("-"):
                requirement = Requirement(line)
                found[canonicalize_name(requirement.name)] = requirement
    return found


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(packages_distributions())


def modules(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """The top-level modules that code imports, with the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0], node.lineno


def check_code(chapter: Chapter) -> list[str]:
    """Code that would fool the comparison, end the run, or need what nobody installed."""
    problems, named = [], requirements()
    for number, cell, where in chapter.code():
        if marker := re.search(r"#\s*(?:NBVAL|PYTEST_VALIDATE)_\w+", cell.source):
            problems.append(f"{where}: comment {marker[0]}; remove it, a tag says the same in view")
        try:
            tree = ast.parse(cell.source)
        except SyntaxError:  # lint tells; or a magic command
            continue
        for module, line in modules(tree):
            packages = {canonicalize_name(name) for name in _distributions().get(module, [])}
            foreign = packages and module not in sys.stdlib_module_names
            if named and foreign and not packages & set(named):
                place = f"{chapter.code_at(number, line - 1)}: code cell {number}"
                what = f"imports {module}, which requirements.txt does not name"
                problems.append(f"{place}: {what}; do without, or add it there")
        for node in ast.walk(tree):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in ("exit", "quit", "sys.exit", "os._exit"):
                place = f"{chapter.code_at(number, node.lineno - 1)}: code cell {number}"
                problems.append(f"{place}: {called}() ends the kernel; remove it")
    return problems


def check_outputs(chapter: Chapter) -> list[str]:
    """What was stored is what was meant, and the same on every machine."""
    problems = []
    for number, cell, where in chapter.code():
        if cell.execution_count != number:
            reason = "is empty; remove it" if not cell.source.strip() else "was not run in order"
            problems.append(f"{where}: {reason}; run `make notebooks`")
        kinds = [output.output_type for output in cell.outputs]
        if "error" in kinds and "raises-exception" not in tags(cell):
            problems.append(f"{where}: raises; mend it, or tag it raises-exception")
        if "error" not in kinds and "raises-exception" in tags(cell):
            problems.append(f"{where}: is tagged raises-exception but raises nothing; drop the tag")
        for error in (o for o in cell.outputs if o.output_type == "error"):
            if error.ename in ("SyntaxError", "IndentationError"):
                problems.append(
                    f"{where}: shows {error.ename}, which PyTorch never raises; mend it"
                )
            if error.ename == "NameError" and "NameError" not in chapter.prose_above(cell):
                told = "shows a NameError that the text above does not announce"
                problems.append(f"{where}: {told}; mend the name, or announce it")
        figure = any(k.startswith("image/") for o in cell.outputs for k in o.get("data", {}))
        image = (cell.metadata.get("mystnb") or {}).get("image") or {}
        if figure and not str(image.get("alt") or "").strip():
            problems.append(f"{where}: its figure has no alt text; give the cell mystnb.image.alt")
        for output in cell.outputs:
            foreign = set(output.get("data", {})) - KINDS
            if foreign:
                kinds = ", ".join(sorted(foreign))
                problems.append(f"{where}: output of the kind {kinds}; show text or a PNG figure")
            if output.output_type == "display_data" and not is_figure(output):
                problems.append(f"{where}: displays text; print it, or make it the cell's value")
            text = "\n".join([text_of(output), *output.get("traceback", [])])
            if output.get("name") == "stderr":
                shown = " ".join(text.split())[:60]
                problems.append(f"{where}: writes to stderr ({shown}); avoid it, or catch and show")
            leaks = LEAKS if IGNORED in tags(cell) else {**LEAKS, "a timing": TIMING}
            for what, pattern in leaks.items():
                if match := re.search(pattern, text):
                    shown = " ".join(text[match.start() : match.end() + 20].split())
                    problems.append(f"{where}: its output shows {what} ({shown}); do not print it")
    if (size := chapter.path.stat().st_size) >= MOST_BYTES:
        limit = f"{size:,} bytes, limit {MOST_BYTES:,}"
        problems.append(f"{chapter.source}: its notebook has {limit}; make the figures smaller")
    return problems


def lines_of(output: NotebookNode) -> list[str]:
    return [line for line in text_of(output).splitlines() if line.strip()]


def is_figure(output: NotebookNode) -> bool:
    return "image/png" in output.get("data", {})


def stepper_problem(outputs: list[NotebookNode]) -> str:
    """A stepper is a printed line, a figure, a line, a figure; the line is the figure's caption."""
    if len(outputs) < 2 or len(outputs) % 2:
        return "a stepper needs one printed line and one figure for each step"
    for step, (line, figure) in enumerate(zip(outputs[::2], outputs[1::2], strict=True), 1):
        if line.output_type != "stream" or len(lines_of(line)) != 1:
            return f"step {step} of the stepper does not print exactly one line before its figure"
        if not is_figure(figure):
            return f"step {step} of the stepper shows no figure after its line"
    return ""


def explorable_problem(outputs: list[NotebookNode]) -> str:
    """An explorable prints every combination of its settings, in order, then shows one figure."""
    if not outputs or outputs[0].output_type != "stream" or len(outputs) > 2:
        return "an explorable prints its lines together, then shows one figure or none"
    if len(outputs) == 2 and not is_figure(outputs[1]):
        return "after its lines an explorable shows one figure or nothing"
    lines = lines_of(outputs[0])
    for line in lines:
        if not re.fullmatch(COMBINATION, line):
            return f"the line {line[:60]!r} is not `name=value name=value: text`"
    heads = [re.fullmatch(COMBINATION, line)[1] for line in lines]
    settings = [dict(pair.split("=", 1) for pair in head.split(" ")) for head in heads]
    names = list(settings[0])
    for head, setting in zip(heads, settings, strict=True):
        if list(setting) != names:
            return f"the line of {head!r} has other names than the first, {', '.join(names)}"
    if twice := [head for head in heads if heads.count(head) > 1]:
        return f"{twice[0]!r} occurs twice"
    values = [list(dict.fromkeys(setting[name] for setting in settings)) for name in names]
    for wanted, head in zip(product(*values), [*heads, ""], strict=False):
        expected = " ".join(f"{name}={value}" for name, value in zip(names, wanted, strict=True))
        if head != expected:
            shown = f"has {head!r}" if head else "ends"
            return f"{shown} where {expected!r} belongs; the last name changes fastest"
    if not 2 <= len(lines) <= MOST_COMBINATIONS:
        return f"{len(lines)} combinations; an explorable has 2 to {MOST_COMBINATIONS}"
    if (size := len(str(outputs))) > MOST_EXPLORABLE_BYTES:
        return f"its outputs have {size:,} bytes, limit {MOST_EXPLORABLE_BYTES:,}"
    return ""


def check_devices(chapter: Chapter) -> list[str]:
    """What the site's scripts turn into controls has the form that they read."""
    problems = []
    for _, cell, where in chapter.code():
        found = tags(cell)
        figures = sum(map(is_figure, cell.outputs))
        if "stepper" in found:
            if problem := stepper_problem(cell.outputs):
                problems.append(f"{where}: {problem}")
        elif "explorable" in found:
            if problem := explorable_problem(cell.outputs):
                problems.append(f"{where}: {problem}")
        elif figures > 1:
            problems.append(f"{where}: {figures} figures in one cell; tag it stepper, or show one")
    return problems

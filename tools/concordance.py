"""The concordance: which section states a fact, and which stored output proves it.

Why it exists: the book promises that what it says is shown. tests/concordance/NN_name.yml lists
the statements, and this compares every row with the notebooks, so that a promise cannot be lost
when a section is rewritten. A row is flat:

    - id: arange-half-open
      section: 10_tensors#arange-stops-before-its-end     (or: none, with a reason)
      evidence: tensor([0, 1, 2, 3, 4])                   (in an output below that heading)
      says: stops before its end                          (optional: in the prose below it)
"""

import difflib
import re
from collections.abc import Callable
from pathlib import Path

import yaml

from tools.chapters import CONCORDANCE, ChapterError
from tools.sections import Section, squeeze

KEYS = {"id", "section", "evidence", "says", "reason"}
LEAST_EVIDENCE = 8
SAYS_NOTHING = r"\b(?:tensor|torch|Size|array|dtype|device|True|False|None)\b|[\W_]"

Lookup = Callable[[str], dict[str, Section] | None]


def plain(prose: str) -> str:
    """Prose as one line, without what a writer may rearrange: quote marks, links' addresses."""
    prose = re.sub(r"^\s*>[> ]*", "", prose, flags=re.M)
    return squeeze(re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", prose))


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of one file. Raises ChapterError where it is not a list of flat rows."""
    try:
        # Every scalar stays the text it is: an output such as `True` is no boolean here.
        found = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or squeeze(str(error))
        raise ChapterError(
            f"{path}{line}: not YAML ({reason}); put the value in single quotes"
        ) from error
    if found in (None, ""):
        return []
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise ChapterError(f"{path}: not a list of rows; write `- id: ...` for each")
    return found


def problem_of(row: dict[str, str], lookup: Lookup) -> str:
    """What is wrong with one row, or nothing."""
    if unknown := sorted(set(row) - KEYS):
        return f"unknown key {', '.join(unknown)}; a row has {', '.join(sorted(KEYS))}"
    if odd := [key for key, value in row.items() if not isinstance(value, str)]:
        return f"{odd[0]} is not text; put the value in single quotes"
    section, evidence = row.get("section", ""), squeeze(row.get("evidence", ""))
    if section == "none":
        return "" if row.get("reason", "").strip() else "`section: none` needs a reason"
    chapter, _, name = section.partition("#")
    known = lookup(chapter)
    if known is None:
        return f"section {section!r}: no notebooks/{chapter}.ipynb; write NN_name#anchor"
    if name not in known:
        near = difflib.get_close_matches(name, known, 1, 0.4)
        correct = f"did you mean #{near[0]}?" if near else f"see the headings of book/{chapter}.md"
        return f"no heading {section}; {correct}"
    if known[name].level == 1:
        return f"{section} is the chapter's title, which proves nothing; name a section below it"
    if len(evidence) < LEAST_EVIDENCE:
        return f"evidence is shorter than {LEAST_EVIDENCE} characters; quote more of the output"
    differ = "True" in evidence and "False" in evidence
    if not differ and not re.sub(SAYS_NOTHING, "", evidence):
        return f"evidence {evidence!r} says too little; quote the values that the output shows"
    if not any(evidence in output for output in known[name].outputs):
        near = difflib.get_close_matches(evidence, filter(None, known[name].outputs), 1, 0)
        shown = f"the nearest is {near[0][:80]!r}" if near else "there is none"
        return f"no output under {section} contains {evidence[:60]!r}; {shown}"
    says = plain(row.get("says", ""))
    if "says" in row and not says:
        return "says is empty; quote the prose, or drop the key"
    if says not in plain(known[name].prose):
        return f"no prose under {section} contains {says[:60]!r}; correct it, or the chapter"
    return ""


def check(chapter: str, lookup: Lookup) -> tuple[list[str], int]:
    """Problems of one chapter's rows, and how many rows there are."""
    path = CONCORDANCE / f"{chapter}.yml"
    found, seen, problems = rows(path) if path.is_file() else [], set(), []
    if not found:
        return [f"{path}: no rows; say which output proves which statement"], 0
    for number, row in enumerate(found, 1):
        name = row.get("id")
        if not isinstance(name, str) or not name:
            problems.append(f"{path}: row {number} has no id; give it one")
            continue
        if name in seen:
            problems.append(f"{path}: row {name}: the id occurs twice; rename or drop one")
        seen.add(name)
        if problem := problem_of(row, lookup):
            problems.append(f"{path}: row {name}: {problem}")
    return problems, len(found)


def check_ids(chapters: list[str]) -> list[str]:
    """An id names one row of the book."""
    owner: dict[str, Path] = {}
    problems = []
    for path in (CONCORDANCE / f"{name}.yml" for name in chapters):
        ids = {row["id"] for row in (rows(path) if path.is_file() else []) if "id" in row}
        problems += [
            f"{path}: row {name}: {owner[name]} has a row of that id; rename one"
            for name in sorted(ids & set(owner))
        ]
        owner |= dict.fromkeys(ids, path)
    return problems

"""Begin a chapter: its text, its rows, its line in the contents. `make new NAME=NN_name`.

Why it exists: a chapter is three files that must agree, with parts that readers rely on. What this
writes passes `make check` once it was run, so an author begins with a chapter that holds.

Exit code: 0 begun; 2 it could not be, and nothing was written.
"""

import argparse
import re
import sys
from pathlib import Path

from tools.chapters import CONCORDANCE, NAME, SOURCES, ChapterError

TOC = Path("_toc.yml")
ENTRY = r"^( *)- file: notebooks/(\d)(\d)_\w+$"

TEXT = """---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# {title}

A question that this chapter answers, in a scene that a reader can see.

```{{code-cell}}
import torch

_ = torch.manual_seed(0), torch.set_num_threads(1)
```

**You will learn**

- what a reader can do afterwards

**You need** nothing yet.

## A heading says a fact

One to three sentences say what will happen and why.

```{{code-cell}}
torch.arange(3) * 2
```

A sentence reads the output aloud, and says what follows.

## Summary

| you want | write |
|---|---|
| numbers in a row | `torch.arange(3)` |

## Exercises

**1.** Write `doubled`.

```{{code-cell}}
def doubled(x): ...  # your code here


doubled(torch.tensor([1, 2]))
```

## Solutions

**1.** Multiplication works on every element.

```{{code-cell}}
:tags: [hide-cell]

def doubled(x):
    return 2 * x


doubled(torch.tensor([1, 2]))
```

## Where next

Which chapter goes on from here, and why.
"""

ROWS = """- id: {word}-first
  section: {name}#a-heading-says-a-fact
  evidence: 'tensor([0, 2, 4])'
"""


def listed(toc: str, name: str, part: str) -> str:
    """The contents with a chapter in its place. Raises ChapterError where it has none yet."""
    lines, wanted = toc.splitlines(), (name[0], name[1])
    entries = [(i, m) for i, line in enumerate(lines) if (m := re.match(ENTRY, line))]
    inside = [(i, m) for i, m in entries if m[2] == name[0]]
    if inside:
        before = [i for i, m in inside if (m[2], m[3]) < wanted]
        place = before[-1] + 1 if before else inside[0][0]
        lines.insert(place, f"{inside[0][1][1]}- file: notebooks/{name}")
    elif not part:
        told = f"no chapter {name[0]}x in {TOC} yet; name the part, as in PART=Losses"
        raise ChapterError(told)
    else:
        later = [i for i, m in entries if m[2] > name[0]]
        starts = [i for i in range(later[0]) if "- caption:" in lines[i]] if later else []
        place = starts[-1] if starts else len(lines)
        new = [f"  - caption: {part}", "    chapters:", f"      - file: notebooks/{name}"]
        lines[place:place] = new
    return "\n".join(lines) + "\n"


def begin(name: str, part: str) -> list[Path]:
    """Write all three, or nothing. Raises ChapterError."""
    if not re.fullmatch(NAME, name):
        reason = "two digits, its part and its place, and a word, as in NAME=50_datasets"
        raise ChapterError(f"{name or 'no name'}: a chapter's name is {reason}")
    word = name[3:]
    text, rows = SOURCES / f"{name}.md", CONCORDANCE / f"{name}.yml"
    for path in (text, rows):
        if path.exists():
            raise ChapterError(f"{path}: is there already; edit it, or choose another name")
    if taken := sorted(SOURCES.glob(f"{name[:2]}_*.md")):
        raise ChapterError(f"{taken[0]}: has that place already; choose another number")
    if not TOC.is_file():
        raise ChapterError(f"{TOC}: missing; begin a chapter at the root of the book")
    toc = listed(TOC.read_text(encoding="utf-8"), name, part)
    made = {
        text: TEXT.format(title=word.replace("_", " ").capitalize()),
        rows: ROWS.format(word=word.replace("_", "-"), name=name),
        TOC: toc,
    }
    for path, content in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="\n")
    return list(made)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", metavar="NN_name")
    parser.add_argument("--part", default="", help="heading of a part that has no chapter yet")
    options = parser.parse_args(arguments)
    try:
        made = begin(options.name, options.part)
    except ChapterError as error:
        print(f"new: {error}", file=sys.stderr)
        return 2
    print(f"new: {', '.join(map(str, made))}; see it with `make preview CHAPTER={options.name}`")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Sites for the tests to look at: how one is served, and how the sample book is made.

The sample book is built from the repository's own configuration and has every device that a
chapter may use, so that each stays tested whichever chapters happen to use it.
"""

import http.server
import os
import shutil
import struct
import subprocess
import sys
import threading
import zlib
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Site:
    """A built site: its files, and the address at which it is served."""

    folder: Path
    address: str

    def pages(self) -> list[str]:
        """Every page, as a path inside the site."""
        return sorted(page.relative_to(self.folder).as_posix() for page in html_files(self.folder))

    def first_page(self, wanted: str) -> str:
        """The first page whose HTML contains `wanted`; without one there is nothing to test."""
        for page in self.pages():
            if wanted in (self.folder / page).read_text(encoding="utf-8"):
                return page
        pytest.skip(f"no page of this site contains {wanted}")


def html_files(folder: Path) -> list[Path]:
    """The pages of a built site, without the stored sources beside them."""
    return [path for path in folder.rglob("*.html") if "_static" not in path.parts]


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback, at a port that the system chooses."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            # A browser asks for it by itself on the page that only redirects to the book.
            if self.path == "/favicon.ico":
                self.send_response(204)
                self.end_headers()
            else:
                super().do_GET()

        def log_message(self, *arguments: object) -> None:
            """Keep the report of the tests free of requests."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


# ---- The sample book --------------------------------------------------------------------


def png(
    width: int, height: int, gray: int, columns: int = 1, rows: int = 1, density: int = 100
) -> str:
    """A gray picture, or a grid of them that grow lighter, encoded as a notebook stores it.

    `density` is in pixels an inch, as the picture says of itself.
    """

    def chunk(name: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width * columns, height * rows, 8, 0, 0, 0, 0)
    a_meter = round(density / 0.0254)
    physical = chunk(b"pHYs", struct.pack(">IIB", a_meter, a_meter, 1))
    pixels = b""
    for row in range(rows):
        grays = [gray * (1 + row * columns + column) for column in range(columns)]
        pixels += (b"\0" + b"".join(bytes([g]) * width for g in grays)) * height
    picture = (
        chunk(b"IHDR", header)
        + physical
        + chunk(b"IDAT", zlib.compress(pixels))
        + chunk(b"IEND", b"")
    )
    return b64encode(b"\x89PNG\r\n\x1a\n" + picture).decode()


def picture_output(*size: int) -> nbformat.NotebookNode:
    return new_output("display_data", {"image/png": png(*size)})


def printed(text: str) -> nbformat.NotebookNode:
    return new_output("stream", name="stdout", text=text + "\n")


def stepper_cell(name: str, heights: list[int]) -> nbformat.NotebookNode:
    """A cell whose steps have different heights, so that a jump of the page would show."""
    outputs = []
    for step, height in enumerate(heights, start=1):
        outputs += [printed(f"{name}, picture {step}."), picture_output(300, height, 40 * step)]
    metadata = {"tags": ["stepper"], "mystnb": {"image": {"alt": name}}}
    return new_code_cell("for step in steps: show(step)", outputs=outputs, metadata=metadata)


def explorable_cell(columns: int) -> nbformat.NotebookNode:
    """Two settings with three and two values, and six tiles in so many columns, if any."""
    pairs = [(a, b) for a in ("1", "3x1", "1x4") for b in ("4", "3x4")]
    lines = [f"a={a} b={b}: {a} meets {b}" for a, b in pairs]
    outputs = [printed("\n".join(lines))]
    metadata = {"tags": ["explorable"], "mystnb": {"image": {"alt": "Six gray tiles."}}}
    if columns:
        outputs.append(picture_output(120, 90, 40, columns, 6 // columns))
    if columns not in (0, 2):  # 2 is how many values the last name has
        metadata["tags"].append(f"columns-{columns}")
    return new_code_cell("for pair in pairs: show(pair)", outputs=outputs, metadata=metadata)


def sample_notebook() -> nbformat.NotebookNode:
    """A chapter in small, with every device that has a look or a behavior on the site."""
    message = "The size of tensor a (3) must match the size of tensor b (4) " * 4
    error = new_output("error", ename="RuntimeError", evalue=message)
    error["traceback"] = [f"\x1b[31mRuntimeError\x1b[39m: {message}\n\tsecond_line{'_' * 90}"]
    figure = {"image": {"alt": "A gray field."}, "figure": {"caption": "A field, $x^2$ wide."}}
    columns = " | ".join(f"`torch.nn.functional.column_{i}`" for i in range(6))
    cells = [
        new_markdown_cell("# A sample chapter\n\nInline math $\\hat{y} = \\boldsymbol{w} x$."),
        new_markdown_cell(f"$$\nL = {' + '.join(f'x_{{{i}}}^2' for i in range(40))}\n$$"),
        new_markdown_cell("> **Watch out.** A callout with `code` and [a link](#solutions)."),
        new_markdown_cell("> **Not run here.** Another.\n>\n> ```python\n> x.cuda()\n> ```"),
        new_markdown_cell(
            "## Zebras and outputs\n\n<details><summary>Hint</summary>\n\nA hint.\n\n</details>"
        ),
        new_code_cell("x = 1  # " + "a long comment " * 20, outputs=[printed("0123456789" * 20)]),
        new_code_cell("raise", outputs=[error], metadata={"tags": ["raises-exception"]}),
        new_code_cell("x", outputs=[printed("hidden")], metadata={"tags": ["hide-output"]}),
        new_code_cell(
            "plot()",
            outputs=[picture_output(900, 200, 200)],
            metadata={"tags": ["hide-input"], "mystnb": figure},
        ),
        new_code_cell(
            "imshow(photo)",
            id="a-photograph",
            outputs=[picture_output(900, 300, 100)],
            metadata={"tags": ["photo"], "mystnb": {"image": {"alt": "A photograph."}}},
        ),
        new_code_cell("table", outputs=[printed("\n".join(["12.5  " * 30, "13.5  " * 30]))]),
        new_markdown_cell(f"| {columns} |\n{'|---' * 6}|\n| {columns} |"),
        new_markdown_cell(
            "### Details of `stripes`\n\nA folded sentence about quaggas."
            "\n\n[Elsewhere](#in-steps)."
        ),
        new_code_cell("quagga", outputs=[printed("striped")]),
        new_markdown_cell("### In steps"),
        stepper_cell("First stepper", [100, 180, 60]),
        stepper_cell("Second stepper", [50, 80]),
        new_code_cell(
            "plot_densely()",
            outputs=[new_output("display_data", {"image/png": png(800, 240, 90, density=220)})],
            metadata={"mystnb": {"image": {"alt": "A dense gray field."}}},
        ),
        new_markdown_cell("### To be tried"),
        explorable_cell(columns=2),
        explorable_cell(columns=0),
        explorable_cell(columns=3),
        new_markdown_cell(
            "## Exercises\n\n**1. One.** Do.\n\n**2. Two.** Do.\n\n" + "A paragraph.\n\n" * 40
        ),
        new_markdown_cell("## Solutions\n\n### Solution 1"),
        new_code_cell("answer = 42", outputs=[printed("solved")], metadata={"tags": ["hide-cell"]}),
        new_code_cell(
            "answer = 41", outputs=[error], metadata={"tags": ["hide-cell", "raises-exception"]}
        ),
        new_markdown_cell(
            "## A module, `Softmin`\n\nIt holds no numbers.\n\n<!-- also: gibbon,\nokapi -->"
        ),
        new_markdown_cell("## A function, `softmin`\n\nIt holds no numbers."),
        new_markdown_cell("## Questions\n\nThe sample chapter asks."),
    ]
    for count, cell in enumerate((c for c in cells if c.cell_type == "code"), start=1):
        cell["execution_count"] = count
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def build_sample(root: Path, repository: str, branch: str = "trial", language: str = "en") -> Path:
    """Build the sample book for a repository's address and return the folder of the site."""
    config = (ROOT / "_config.yml").read_text(encoding="utf-8")
    config = config.replace("\n  config:\n", f"\n  config:\n    language: {language}\n")
    (root / "_config.yml").write_text(config, encoding="utf-8")
    shutil.copytree(ROOT / "node_modules" / "minisearch", root / "node_modules" / "minisearch")
    for folder in ("_static", "_ext", "_templates"):
        shutil.copytree(ROOT / "book" / folder, root / "book" / folder)
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nparts:\n"
        "  - caption: Part\n    chapters:\n      - file: notebooks/00_sample\n"
    )
    (root / "book" / "index.md").write_text(
        "# Sample book\n\n:::{note}\nA [chapter](../notebooks/00_sample.ipynb#solutions).\n:::\n\n"
        "```{begin}\n```\n\n```{shown} 00_sample\n:figure: 2\n```\n\n"
        "```{shown} 99_missing\n```\n\n"
        "```{book-counts}\n```\n\n## Parts\n\n"
        "```{parts}\nPart: A sentence.\nNone: No chapters.\n```\n"
        "## Questions\n\nThe first page asks.\n"
    )
    (root / "book" / "00_sample.md").write_text("# A source, which is not a page\n")
    (root / "notebooks").mkdir()
    nbformat.write(sample_notebook(), root / "notebooks" / "00_sample.ipynb")
    arguments = ["build", str(root), "--all", "-W", "--keep-going"]
    build = subprocess.run(
        [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", *arguments],
        env=os.environ
        | {"BOOK_REPOSITORY_URL": repository, "BOOK_REPOSITORY_BRANCH": branch, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert build.returncode == 0, f"the sample book does not build:\n{build.stdout}"
    return root / "_build" / "html"

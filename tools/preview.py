"""Show a chapter while it is written: `make preview CHAPTER=NN_name`.

Why it exists: an author who waits half a minute to see a sentence looks once instead of ten times.
This watches book/NN_name.md, builds that page alone and reloads it in the browser, in seconds.
Cells keep the outputs they had; from the first code cell that changed on they are marked as stale,
and the chapter is run beside it. All it writes lies in `_build/preview`, nothing in `notebooks/`.

Exit code: 0 ended by Ctrl-C; 2 it could not begin.
"""

import argparse
import http.server
import json
import shutil
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from jupyter_book.sphinx import build_sphinx
from nbformat import NotebookNode

from tools.chapters import Chapter, ChapterError, named, read_notebook, read_source
from tools.execute import write

FOLDER = Path("_build/preview")
BOOK = FOLDER / "book"  # a book of one page
LOOK = 0.2  # seconds between two looks at the text
STATE = "/preview-state"
STALE = "stale"  # the tag of a cell whose output may be another by now
SCRIPT = f"""<style>
.tag_{STALE} .cell_output {{ opacity: .45; }}
#preview {{ position: fixed; inset: auto 1rem 1rem auto; z-index: 9999; max-width: 40rem;
  padding: .4rem .8rem; border-radius: .4rem; background: #333; color: #fff; font-size: 1rem; }}
#preview:empty {{ display: none; }}
</style><div id="preview" role="status"></div><script>
(() => {{
  let page;
  setInterval(async () => {{
    const state = await fetch("{STATE}").then(r => r.json()).catch(() => ({{told: "ended"}}));
    page ??= state.page;
    if (state.page > page) location.reload();
    document.getElementById("preview").textContent = state.told;
  }}, 300);
}})();
</script>"""


def code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def with_outputs(described: NotebookNode, before: NotebookNode | None) -> tuple[NotebookNode, int]:
    """The text's notebook with the outputs that it had, and from which code cell on it must run.

    A cell's output holds while its code and all before it are the same. Those after a change keep
    theirs, marked, until the chapter was run; the number is that of the first such cell, or 0.
    """
    notebook = nbformat.from_dict(json.loads(json.dumps(described)))
    old = code(before) if before else []
    known = {cell.id: cell.outputs for cell in old}
    changed = 0
    for number, cell in enumerate(code(notebook), 1):
        same = number <= len(old) and cell.source == old[number - 1].source
        changed = changed or (0 if same else number)
        cell.outputs = old[number - 1].outputs if not changed else known.get(cell.id, [])
        cell.execution_count = number
        if changed:
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), STALE]
    return notebook, changed


def build(name: str, notebook: NotebookNode) -> None:
    """The page of one notebook, as `make html` would make it."""
    for part in ("book/_ext", "book/_static", "book/_templates", "node_modules/minisearch"):
        if Path(part).is_dir():
            shutil.copytree(part, BOOK / part, dirs_exist_ok=True)
    shutil.copy("_config.yml", BOOK)
    index = BOOK / "book" / "index.md"
    if not index.is_file():  # the theme cannot do without a page above
        index.write_text("# Preview\n", encoding="utf-8")
    toc = f"format: jb-book\nroot: book/index\nchapters: [{{file: notebooks/{name}}}]\n"
    (BOOK / "_toc.yml").write_text(toc, encoding="utf-8")
    write(notebook, BOOK / "notebooks" / f"{name}.ipynb")
    failed = build_sphinx(
        str(BOOK.resolve()),
        str((FOLDER / "html").resolve()),
        path_config=str(BOOK / "_config.yml"),
        noconfig=True,
        doctreedir=str((FOLDER / "doctrees").resolve()),
        confoverrides={
            "latex_individualpages": False,
            # Other chapters are not there; `make check` knows their headings.
            "suppress_warnings": ["myst.domains", "myst.xref_missing"],
        },
        quiet=True,
    )
    if failed:
        raise ChapterError("the page cannot be built; see above, and mend the text")


class Run:
    """The chapter run beside the preview, by `tools.execute`, into a file of its own."""

    def __init__(self, name: str) -> None:
        self.name, self.made = name, FOLDER / f"{name}.ipynb"
        self.process: subprocess.Popen[str] | None = None

    def begin(self) -> None:
        command = [sys.executable, "-m", "tools.execute", "--force", "--into", str(self.made)]
        self.process = subprocess.Popen([*command, self.name], stderr=subprocess.PIPE, text=True)

    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def result(self) -> str:
        """What went wrong, or nothing; then the run is over."""
        told = self.process.communicate()[1].strip()
        code, self.process = self.process.returncode, None
        return (told.splitlines() or [f"the run ended with {code}"])[-1] if code else ""


class Preview:
    """What the page shows, and what its reader is told."""

    def __init__(self, name: str) -> None:
        self.chapter_name, self.run = name, Run(name)
        self.page, self.told, self.changed = 0, "", 0
        self.tried: list[str] = []  # the code of the last run: it is not tried again
        self.outputs: NotebookNode | None = None
        with suppress(ChapterError):
            self.outputs = read_notebook(Chapter(name).path)

    def state(self) -> dict[str, object]:
        return {"page": self.page, "told": self.told}

    def say(self, told: str) -> None:
        if told and told != self.told:
            print(f"preview: {told}", flush=True)
        self.told = told

    def show(self) -> None:
        """Build the page of the text as it is now; begin a run where code changed."""
        begun = time.perf_counter()
        try:
            described = read_source(Chapter(self.chapter_name).source)
            notebook, self.changed = with_outputs(described, self.outputs)
            build(self.chapter_name, notebook)
        except ChapterError as error:
            self.say(str(error))
            return
        self.page += 1
        print(f"preview: built in {time.perf_counter() - begun:.1f} s", flush=True)
        source = [cell.source for cell in code(described)]
        if not self.changed:
            self.say("")
        elif source != self.tried and self.run.process is None:
            self.tried = source
            self.run.begin()
            self.say(f"code cell {self.changed} and those below are being run")

    def finish(self) -> None:
        """Take what a run that has ended brought."""
        if told := self.run.result():
            self.say(told)
        else:
            self.outputs = read_notebook(self.run.made)
        self.show()

    def watch(self) -> None:
        """Until Ctrl-C."""
        text, seen = Chapter(self.chapter_name).source, 0
        while True:
            with suppress(FileNotFoundError):  # an editor may replace the file at this very moment
                now = text.stat().st_mtime_ns
                if now != seen:
                    seen = now
                    self.show()
            if self.run.ended():
                self.finish()
            time.sleep(LOOK)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the page with a script that asks whether there is a newer one."""

    def __init__(self, *arguments: object, preview: Preview, **options: object) -> None:
        self.preview = preview
        super().__init__(*arguments, **options)

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        page = Path(self.translate_path(path))
        if path == STATE:
            self.answer(json.dumps(self.preview.state()), "application/json")
        elif page.suffix == ".html" and page.is_file():
            text = page.read_text(encoding="utf-8")
            self.answer(text.replace("</body>", SCRIPT + "</body>"), "text/html; charset=utf-8")
        else:
            super().do_GET()

    def answer(self, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("chapter", nargs="?", default="", help="NN_name, or the path of its text")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args(arguments)
    try:
        if not options.chapter:
            raise ChapterError("name a chapter: `make preview CHAPTER=NN_name`")
        name = named(options.chapter)
        read_source(Chapter(name).source)
        preview = Preview(name)
        handler = partial(Handler, directory=str(FOLDER / "html"), preview=preview)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), handler)
    except ChapterError as error:
        print(f"preview: {error}", file=sys.stderr)
        return 2
    except (OSError, OverflowError) as error:
        told = f"port {options.port} cannot be used ({error}); PORT= chooses another"
        print(f"preview: {told}", file=sys.stderr)
        return 2
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://localhost:{options.port}/notebooks/{name}.html"
    print(f"The chapter will be at {address}; Ctrl-C ends it.", flush=True)
    with server:
        try:
            preview.watch()
        except KeyboardInterrupt:
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main())

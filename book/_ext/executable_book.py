"""What the site needs and Jupyter Book cannot be told in `_config.yml`.

- Links to the repository follow the checkout that is built, so that every fork and every
  branch gets its own Colab and edit buttons, and a book without an address gets none.
- "Edit" leads to `book/NN_name.md`, the only file of a chapter that is edited, and not to the
  notebook generated from it.
- A folded cell says what it hides.
- Math comes from this site: the few MathJax files that pages load, instead of a foreign host.
"""

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.config import Config
from words import say

GITHUB_ADDRESS = re.compile(
    r"""^(?: https?://(?:[^@/]*@)?(?:www\.)?github\.com/      # https://user:token@github.com/
        | (?:ssh|git)://(?:[^@/]*@)?(?:ssh\.)?github\.com(?::\d+)?/   # ssh://git@github.com:22/
        | (?:[^@/:]*@)?github\.com:/?                          # git@github.com:
        )(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?$""",
    re.IGNORECASE | re.VERBOSE,
)
HIDDEN_PARTS = {
    "code cell content": "the cell",
    "code cell source": "the code",
    "code cell output": "the output",
    "code cell outputs": "the output",
}
MATHJAX_FILES = (
    "startup.js",
    "core.js",
    "input/tex.js",
    "input/tex/extensions",
    "output/chtml.js",
    "output/chtml/fonts",
    "a11y/assistive-mml.js",
)


def github_url(address: str) -> str | None:
    """Any spelling of a GitHub address as `https://github.com/owner/name`, without credentials."""
    match = GITHUB_ADDRESS.match(address.strip())
    return f"https://github.com/{match['owner']}/{match['name']}" if match else None


def git(root: Path, *arguments: str) -> str:
    """The answer of git about the checkout at `root` itself; "" where there is none."""
    # A book unpacked inside another repository must not borrow that one's address.
    environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(root.resolve().parent)}
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, env=environment
        )
    except OSError:
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def find_repository(root: Path) -> tuple[str | None, str]:
    """The repository's GitHub address, if any, and the branch that links lead to."""
    address = os.environ.get("BOOK_REPOSITORY_URL")
    if address is None:
        address = git(root, "remote", "get-url", "origin")
    branch = os.environ.get("BOOK_REPOSITORY_BRANCH") or git(root, "branch", "--show-current")
    return github_url(address), branch or "main"


def set_repository(app: Sphinx, config: Config) -> None:
    """Give the theme its links, or leave no button that would lead nowhere."""
    url, branch = find_repository(Path(app.srcdir))
    if url:
        config.html_theme_options |= {
            "repository_url": url,
            "repository_branch": branch,
            "use_repository_button": True,
        }
    else:
        for option in ("repository_url", "repository_branch"):
            config.html_theme_options.pop(option, None)
    # "Open in Colab" stands below the title; Jupyter Book's own buttons would lead elsewhere.
    config.html_theme_options.pop("launch_buttons", None)


def add_edit_button(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.Node | None
) -> None:
    """A link to the file that one edits to change this page."""
    options = app.config.html_theme_options
    if doctree is None or "repository_url" not in options:
        return
    source = Path(app.env.doc2path(pagename, base=False))
    if source.suffix == ".ipynb":
        source = Path("book", source.name).with_suffix(".md")
    branch = quote(options["repository_branch"])
    context["header_buttons"].append(
        {
            "type": "link",
            "url": f"{options['repository_url']}/edit/{branch}/{source.as_posix()}",
            "tooltip": say("Suggest an edit"),
            "text": "",
            "icon": "fas fa-pencil-alt",
            "label": "source-edit-button",
        }
    )


def name_parts(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Let folded cells say what they hide."""
    for folded in doctree.findall(HideCodeCellNode):
        prompt = folded["prompt_show"].removeprefix("Show ")
        folded["hides"] = HIDDEN_PARTS.get(prompt, "the cell")
    for section in doctree.findall(nodes.section):
        if any(name.startswith("solution") for name in section["ids"]):
            for cell in section.findall(nodes.container):
                wrong = "tag_raises-exception" in cell["classes"]
                for folded in cell.findall(HideCodeCellNode):
                    if "tag_hide-cell" in cell["classes"]:
                        folded["hides"] = "the wrong answer" if wrong else "the solution"


def visit_folded(translator: Any, node: HideCodeCellNode) -> None:
    """myst-nb's own markup names every folded cell "Toggle hidden content" to a screen reader."""
    show, hide = (translator.encode(say(f"{verb} {node['hides']}")) for verb in ("Show", "Hide"))
    translator.body.append(
        f'<details class="admonition hide {" ".join(node["classes"])}">\n<summary>'
        f'<p class="collapsed admonition-title">{show}</p>'
        f'<p class="expanded admonition-title">{hide}</p></summary>\n'
    )


def depart_folded(translator: Any, node: HideCodeCellNode) -> None:
    translator.body.append("</details>\n")


def slim_static_files(app: Sphinx, exception: Exception | None) -> None:
    """Bring the part of MathJax that pages load; drop what no browser ever asks for."""
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    package = find_spec("sphinx-mathjax-offline")
    mathjax = Path(package.submodule_search_locations[0], "static", "mathjax")
    for name in MATHJAX_FILES:
        source, target = mathjax / name, static / "mathjax" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copy2(source, target)
    for unused in [*static.rglob("*.map"), *static.rglob("fa-*.ttf")]:
        unused.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    # Jupyter Book always sets it, for an extension that this book does without.
    app.add_config_value("comments_config", {}, "html")
    app.config.mathjax_path = "mathjax/startup.js"
    app.connect("config-inited", set_repository)
    app.connect("html-page-context", add_edit_button, priority=502)  # after the theme's buttons
    app.connect("doctree-resolved", name_parts)
    app.connect("build-finished", slim_static_files)
    app.add_node(HideCodeCellNode, override=True, html=(visit_folded, depart_folded))
    return {"parallel_read_safe": True, "parallel_write_safe": True}

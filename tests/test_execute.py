"""`make notebooks` on real kernels: what is written, what is refused, what stays as it was."""

import os
from contextlib import suppress
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_output

from tools import execute

HEAD = "---\nkernelspec:\n  display_name: Python 3\n  language: python\n  name: python3\n---\n\n"
OLD = "the notebook that was there\n"


def cell(code, options=""):
    return f"```{{code-cell}}\n{options}{code}\n```\n\n"


RAISES = ":tags: [raises-exception]\n\n"


class Folder:
    """A book of one chapter in the current folder."""

    source = Path("book/01_trial.md")
    notebook = Path("notebooks/01_trial.ipynb")

    def __init__(self, capsys):
        self.capsys = capsys
        self.source.parent.mkdir()
        self.notebook.parent.mkdir()
        self.notebook.write_text(OLD)

    def run(self, *cells, head=HEAD):
        """Exit code and message of running a chapter of these cells."""
        self.source.write_text(head + "# Trial\n\n" + "".join(cells))
        return self.again()

    def again(self, chapter="book/01_trial.md", *options):
        code = execute.main([chapter, *options])
        message = self.capsys.readouterr().err
        assert message.count("\n") == (code != 0), message
        return code, message

    def cells(self):
        return nbformat.read(self.notebook, as_version=4).cells

    def untouched(self):
        assert [p.name for p in self.notebook.parent.iterdir()] == ["01_trial.ipynb"]
        return self.notebook.read_text() == OLD


@pytest.fixture
def folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    return Folder(capsys)


def test_a_chapter_becomes_the_same_notebook_every_time(folder):
    display = "from IPython.display import Markdown, display"
    code = f"{display}\nprint('a')\nprint('b')\ndisplay(Markdown('figure'))\nprint('c')"
    assert folder.run(
        cell("import os, tempfile\nos.listdir('.')"),
        cell(code),
        cell("def fail():\n    raise ValueError('no')\n\nfail()", RAISES),
        cell("tempfile.gettempdir() == os.environ['TMPDIR']"),
    ) == (0, "")
    first = folder.notebook.read_bytes()
    _, empty, shown, error, temporary = folder.cells()
    assert empty.outputs[0].data["text/plain"] == "[]"  # it runs in an empty folder
    assert [o.get("text") for o in shown.outputs] == ["a\nb\n", None, "c\n"]
    assert error.outputs[0].traceback == ["ValueError: no"]
    assert temporary.outputs[0].data["text/plain"] == "True"
    assert [c.execution_count for c in folder.cells()[1:]] == [1, 2, 3, 4]
    assert folder.again("01_trial", "--force") == (0, "")
    assert folder.notebook.read_bytes() == first


def test_streams_are_joined_only_where_they_touch():
    def piece(text, name="stdout"):
        return new_output("stream", name=name, text=text)

    figure = new_output("display_data", {"image/png": "aGVsbG8="})
    pieces = [piece("1"), piece("2"), figure, piece("3"), piece("4", "stderr"), piece("5")]
    merged = execute.merge_streams(pieces)
    assert [o.get("text") for o in merged] == ["12", None, "3", "4", "5"]


def test_an_unexpected_exception_stops_the_chapter(folder):
    code, message = folder.run("Here is 1 / 0.\n\n", cell("2 + 2"), cell("1 / 0"))
    assert code == 1 and folder.untouched()
    where = "execute: book/01_trial.md:17: code cell 2 raised "
    assert message == f"{where}ZeroDivisionError: division by zero\n"


def test_a_killed_kernel_stops_the_chapter(folder):
    code, message = folder.run(cell("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"))
    assert code == 1 and folder.untouched()
    assert message.endswith("book/01_trial.md:11: code cell 1 killed its kernel\n")


def test_a_slow_cell_stops_the_chapter(folder, monkeypatch):
    monkeypatch.setattr(execute, "CELL_TIMEOUT", 1)
    code, message = folder.run(cell("import time\ntime.sleep(30)"))
    assert code == 1 and folder.untouched()
    assert message.endswith("code cell 1 ran longer than 1 s\n")


def test_a_tag_without_an_exception_is_refused(folder):
    code, message = folder.run(cell("2 + 2"), cell("1 + 1", RAISES))
    assert code == 1 and folder.untouched()
    assert "code cell 2 is tagged raises-exception but raised nothing" in message


@pytest.mark.parametrize("place", ["here.txt", "' + tempfile.gettempdir() + '/there.txt"])
def test_a_file_left_behind_is_refused(folder, place):
    code, message = folder.run(cell(f"import tempfile\nopen('{place}', 'w').close()"))
    assert code == 1 and folder.untouched()
    name = Path(place).name
    assert "left behind: file " in message and f"/{name};" in message


def test_a_process_left_behind_is_refused_and_ended(folder):
    start = 'subprocess.Popen(["sleep", "61.25"], start_new_session=True).pid'
    code, message = folder.run(cell(f"import subprocess\n{start}"))
    assert code == 1 and folder.untouched()
    assert "left behind: process " in message and "(sleep)" in message
    pid = int(message.partition("process ")[2].split()[0])
    with suppress(psutil.NoSuchProcess):
        assert psutil.Process(pid).status() == psutil.STATUS_ZOMBIE  # ended, not yet collected


def test_an_unknown_chapter_names_those_there_are(folder):
    folder.source.write_text(HEAD)
    code, message = folder.again("07_nothing")
    assert (code, folder.untouched()) == (2, True)
    assert message == "execute: no such chapter: 07_nothing; there is: 01_trial\n"


def test_text_in_another_encoding_is_bad_input(folder):
    folder.source.write_bytes(HEAD.encode() + "# café\n".encode("latin-1"))
    code, message = folder.again()
    assert (code, folder.untouched()) == (2, True)
    assert "book/01_trial.md: not UTF-8 text" in message


def test_text_without_front_matter_is_bad_input(folder):
    code, message = folder.run(cell("1"), head="")
    assert (code, folder.untouched()) == (2, True)
    assert "no front matter with a kernelspec" in message


def test_a_missing_kernel_is_bad_input(folder):
    code, message = folder.run(cell("1"), head=HEAD.replace("python3", "no-such-kernel"))
    assert (code, folder.untouched()) == (2, True)
    assert "no kernel 'no-such-kernel' on this machine" in message


def test_a_current_notebook_is_not_run_again_unless_forced(folder, capsys):
    assert folder.run(cell("1 + 1")) == (0, "")
    written = folder.notebook.stat().st_mtime_ns
    folder.source.touch()
    assert execute.main(["--stale"]) == execute.main(["01_trial"]) == 0
    stale, told = capsys.readouterr().out.splitlines()
    assert stale == "" and "is what book/01_trial.md says" in told
    assert folder.notebook.stat().st_mtime_ns == written
    assert folder.again("01_trial", "--force") == (0, "")
    assert folder.notebook.stat().st_mtime_ns > written
    folder.source.write_text(folder.source.read_text().replace("1 + 1", "1 + 2"))
    assert execute.main(["--stale"]) == 0
    assert capsys.readouterr().out == "notebooks/01_trial.ipynb\n"


def test_an_ignored_output_stays_while_the_code_up_to_it_does(folder):
    varies = cell("import time\ntime.time_ns()", ":tags: [nbval-ignore-output]\n\n")

    def shown():
        return folder.cells()[-1].outputs[0].data["text/plain"]

    assert folder.run(cell("a = 1"), varies) == (0, "")
    first = shown()
    assert folder.run("Other prose.\n\n", cell("a = 1"), varies) == (0, "")
    assert shown() == first
    assert folder.run(cell("a = 2"), varies) == (0, "")
    assert shown() != first


def test_settings_of_the_machine_do_not_reach_a_run(folder, monkeypatch, tmp_path):
    home = tmp_path / "hostile"
    startup = home / ".ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("hostile = True\n")
    (home / ".config" / "matplotlib").mkdir(parents=True)
    (home / ".config" / "matplotlib" / "matplotlibrc").write_text("figure.dpi: 30\n")
    for name, value in {
        "HOME": str(home),
        "MPLBACKEND": "svg",
        "PYTHONWARNINGS": "error",
        "PYTHONPATH": str(home),
        "OMP_NUM_THREADS": "7",
        "ANYTHING": "else",
    }.items():
        monkeypatch.setenv(name, value)
    home.chmod(0o500)
    before = dict(os.environ)
    names = ["MPLBACKEND", "PYTHONWARNINGS", "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "ANYTHING"]
    assert folder.run(
        cell(f"import os\n[os.environ.get(name) for name in {names}]"),
        cell("import matplotlib.pyplot as plt\nplt.rcParams['figure.dpi'], 'hostile' in globals()"),
        cell("import warnings\nwarnings.warn('old', DeprecationWarning)\nplt.get_backend()"),
    ) == (0, "")
    shown = [c.outputs[0].data["text/plain"] for c in folder.cells()[1:3]]
    assert shown[0].startswith("['module://matplotlib_inline") and shown[0].endswith(
        "'', '1', '', None]"
    )
    assert shown[1] == "(100.0, False)"
    assert dict(os.environ) == before and {p.name for p in home.iterdir()} == {
        ".ipython",
        ".config",
    }


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            "open('{outside}', 'w')",
            "raised PermissionError: a chapter writes to its own folder only",
        ),
        (
            "import shutil\nshutil.move('here', '{outside}')",
            "raised PermissionError: a chapter wri",
        ),
        (
            "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=1)",
            "raised PermissionError: a chapter reaches no other machine, such as 192.0.2.1",
        ),
        ("import urllib.request as r\nr.urlopen('http://example.org')", "raised URLError: "),
        ("open('../beside.txt', 'w').close()", "left behind: file beside.txt"),
        ("import pathlib\npathlib.Path.home().joinpath('x').touch()", "left behind: file home/x"),
        (
            "import subprocess as s\np = s.Popen(['sleep', '9'], env={{}}, start_new_session=True)",
            "left behind: process ",
        ),
        ("open('/dev/shm/forgotten-by-a-chapter', 'w').close()", "left behind: shared memory"),
        ("exit()", "ends the kernel"),
    ],
)
def test_what_a_run_may_not_do_is_told_at_its_line(folder, tmp_path, code, reason):
    code = code.format(outside=tmp_path / "outside.txt")
    first = cell("import time\nopen('here', 'w').close()\ntime.sleep(0.1)")
    last = cell("import os, time\ntime.sleep(0.1)\nif os.path.exists('here'): os.remove('here')")
    told = folder.run(first, cell(f"{code}\nimport time; time.sleep(0.1)"), last)
    assert told[0] == 1 and folder.untouched()
    line = 17 + (code.count("\n") if " raised " in f" {reason}" else 0)
    assert (
        told[1].startswith(f"execute: book/01_trial.md:{line}: code cell 2") and reason in told[1]
    )
    assert not (tmp_path / "outside.txt").exists()

"""What a run may not do, refused in the cell that tries: write elsewhere, reach another machine.

Why it exists: a sweep afterwards finds what lies in the run's own folders, not what was written to
the checkout. `sandbox.py` puts this file into every Python of a run as its `sitecustomize`, so it
imports nothing of the repository.
"""

import os
import sys

ROOM = "EXECUTABLE_PYTORCH_ROOM"  # the folders that a run may write to
HARMLESS = ("/dev/", "/proc/")  # devices; shared memory, which is swept afterwards
LOCAL = ("127.", "::1", "localhost", "0.0.0.0")
CHANGES = {
    "open": 1,
    "os.mkdir": 1,
    "os.remove": 1,
    "os.rmdir": 1,
    "os.truncate": 1,
    "os.rename": 2,
    "os.link": 2,
    "os.symlink": 2,
}  # audit events, and how many paths each begins with
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def may_write(path: object, room: tuple[str, ...]) -> bool:
    if isinstance(path, int):  # a file that is open already
        return True
    name = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 (light: it runs in every process)
    return name.startswith(room + HARMLESS) or "__pycache__" in name


def watch(room: tuple[str, ...]) -> None:
    def hook(event: str, arguments: tuple) -> None:
        if event in CHANGES:
            if event == "open" and not (arguments[2] or 0) & WRITING:
                return
            for path in arguments[: CHANGES[event]]:
                if not may_write(path, room):
                    raise PermissionError(f"a chapter writes to its own folder only, not to {path}")
        elif event == "socket.connect":
            address = arguments[1]
            if isinstance(address, tuple) and not str(address[0]).startswith(LOCAL):
                raise PermissionError(f"a chapter reaches no other machine, such as {address[0]}")

    sys.addaudithook(hook)


if rooms := os.environ.get(ROOM):
    watch(tuple(rooms.split(os.pathsep)))

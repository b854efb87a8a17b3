"""Makes an environment small and quick for the image, without changing what it can do.

Without an option it works on the packages, which were installed by ``pip install --no-compile``: tests that they bring
along are removed, and bytecode is made for those only of which the connector imports a part. More than half of what the
CDK requires serves connectors of other kinds and is never loaded here; it works all the same, but is compiled then.

With ``--standard-library`` it makes the missing bytecode of the standard library, again for what is imported. Images of
Python have none to be small, and at run time there is no place to keep it.

Run by the interpreter of the environment.
"""

from __future__ import annotations

import argparse
import compileall
import importlib
import shutil
import sys
import sysconfig
from pathlib import Path
from py_compile import PycInvalidationMode

PACKAGES = Path(sysconfig.get_path("purelib"))
STANDARD_LIBRARY = sysconfig.get_path("stdlib")


def remove_tests() -> None:
    """Remove the folders called ``tests``. One called ``test`` may be a part of what a package offers, as the CDK's."""
    for folder in [path for path in PACKAGES.rglob("tests") if path.is_dir()]:
        shutil.rmtree(folder, ignore_errors=True)


def compile_packages() -> None:
    """Make the bytecode of each package of which a part is loaded."""
    loaded = {name.partition(".")[0] for name in sys.modules}
    for path in PACKAGES.iterdir():
        if path.stem in loaded:
            # Valid for ever: nobody edits the files of an image, so their times need not be compared at each start.
            mode = PycInvalidationMode.UNCHECKED_HASH
            if path.is_dir():
                compileall.compile_dir(path, quiet=1, invalidation_mode=mode, workers=0)
            elif path.suffix == ".py":
                compileall.compile_file(path, quiet=1, invalidation_mode=mode)


def compile_standard_library() -> None:
    """Make the bytecode of each loaded module that has none."""
    for module in list(sys.modules.values()):
        source = getattr(module, "__file__", None) or ""
        bytecode = getattr(module, "__cached__", None)
        if source.startswith(STANDARD_LIBRARY) and bytecode and not Path(bytecode).exists():
            compileall.compile_file(source, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)


def main() -> None:
    """Parse the command line and do one or the other."""
    parser = argparse.ArgumentParser(description="Makes the environment of this interpreter small and quick.")
    parser.add_argument("--standard-library", action="store_true", help="work on the standard library instead")
    parser.add_argument("module", nargs="+", help="what the connector imports")
    arguments = parser.parse_args()
    sys.dont_write_bytecode = True
    if not arguments.standard_library:
        remove_tests()
    for module in arguments.module:
        importlib.import_module(module)
    if arguments.standard_library:
        compile_standard_library()
    else:
        compile_packages()


if __name__ == "__main__":
    main()

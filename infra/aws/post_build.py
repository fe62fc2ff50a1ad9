"""Post build: what `sam build` leaves undone; check the processor of native code, trim botocore, ship bytecode."""

import compileall
import py_compile
import shutil
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

SERVICES = frozenset({"dynamodb", "events", "s3", "secretsmanager", "sesv2", "sqs", "stepfunctions", "sts"})
"""The services whose models botocore keeps: those the product calls. Every other client would fail at its creation."""
MACHINES = {62: "x86_64", 183: "arm64"}
"""e_machine of the ELF header (System V ABI: EM_X86_64 = 62, EM_AARCH64 = 183) to the template's Architecture."""
ELF = b"\x7fELF"
RUNTIME = (3, 13)
"""Bytecode is read by the minor version that wrote it and by no other (PEP 3147)."""
WHERE_LAYERS_LIE, WHERE_FUNCTIONS_LIE = "/opt/python", "/var/task"


class BuildError(Exception):
    """The build cannot be deployed as it is."""


def machine(header: bytes) -> str:
    """The processor a file is native code of: "arm64", "x86_64", "other"; "" when it is no ELF file.

    `header` is the file's beginning, 20 bytes at least: e_ident[5] tells the byte order, e_machine lies at offset 18.
    """
    if not header.startswith(ELF):
        return ""
    order = "<" if header[5] == 1 else ">"
    (number,) = struct.unpack_from(f"{order}H", header, 18)
    return MACHINES.get(number, "other")


def foreign(root: Path, architecture: str) -> Iterator[tuple[Path, str]]:
    """Each native file under `root` that another processor than `architecture` would be needed for."""
    for path in sorted(root.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                built_for = machine(file.read(20))
            if built_for not in ("", architecture):
                yield path, built_for


def trim(data: Path, services: Iterable[str]) -> int:
    """Delete the models of all other services from botocore's data folder; the number of services deleted."""
    kept = frozenset(services)
    missing = sorted(kept - {path.name for path in data.iterdir()})
    if missing:
        raise BuildError(f"botocore has no model of {', '.join(missing)}; see SERVICES in infra/aws/post_build.py")
    others = [path for path in data.iterdir() if path.is_dir() and path.name not in kept]
    for path in others:
        shutil.rmtree(path)
    for path in data.glob("*/*/examples-1.json*"):
        path.unlink()
    return len(others)


def compile_all(root: Path, lies_at: str) -> int:
    """Bytecode beside every source, never checked against its time: a zip keeps none. The number of sources.

    Lambda's file system is read-only, so a function without bytecode compiles all of it at each cold start.
    """
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    if not compileall.compile_dir(root, ddir=lies_at, quiet=1, workers=0, invalidation_mode=unchecked):
        raise BuildError(f"{root} holds source that does not compile; the lines above say where")
    return sum(1 for _ in root.rglob("*.py"))


def artifacts(build: Path) -> Iterator[tuple[Path, str]]:
    """Each built layer and function with the place it has at run time; layers are the folders that hold `python`."""
    for path in sorted(build.rglob("python")):
        yield path, WHERE_LAYERS_LIE
    for path in sorted(build.rglob("app.py")):
        yield path.parent, WHERE_FUNCTIONS_LIE


def finish(build: Path, architecture: str) -> str:
    """All of the above on a build folder; a line to print. Raises BuildError when it must not be deployed."""
    if sys.version_info[:2] != RUNTIME:
        raise BuildError(f"this is Python {sys.version.split()[0]}; the functions run on {'.'.join(map(str, RUNTIME))}")
    data = build / "VendorLayer" / "python" / "botocore" / "data"
    if not data.is_dir():
        raise BuildError(f"{build} holds no built vendor layer; run make build")
    wrong = [f"{path.relative_to(build)} is {is_for}" for path, is_for in foreign(build, architecture)]
    if wrong:
        raise BuildError(f"not built for {architecture}, the template's Architecture:\n  " + "\n  ".join(wrong))
    trimmed = trim(data, SERVICES)
    sources = sum(compile_all(folder, lies_at) for folder, lies_at in artifacts(build))
    return f"{sources} sources compiled for Python {'.'.join(map(str, RUNTIME))}, {trimmed} AWS models left out"


def main(arguments: list[str]) -> int:
    """`post_build.py <build folder> <architecture>`; 1 when the build cannot be deployed."""
    try:
        print(finish(Path(arguments[0]), arguments[1]))
    except BuildError as error:
        print(f"post build: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""House: the rules of size, naming and place, as functions over a tree of files."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

DOOR, MODULE, FUNCTION, TEST_MODULE, TEMPLATE = 40, 300, 40, 500, 400
"""Most lines of each; raise one only with a reason beside it."""
TOP_LEVEL = frozenset(
    {".ci", ".gitignore", ".python-version", "CHANGELOG.md", "Makefile", "README.md", "functions", "infra", "layers"}
    | {"pyproject.toml", "samconfig.toml", "statemachines", "template.yaml", "tests"}
)
DRAWN = frozenset({"layers/itsm/itsm/core/errors.py"})
"""Modules whose docstring is a drawing."""
MAY_IMPORT_BY_NAME = frozenset({"layers/itsm/itsm/core/practice.py"})
"""The one place an import contract cannot see: a practice is loaded alone, by its name."""

NEVER_SAID = {
    "asset": "configuration item",
    "bug": "known error",
    "case": "ticket",
    "config": "policy",
    "entity": "record",
    "issue": "ticket (an issue is always Jira's)",
    "severity": "impact, urgency or priority",
    "signoff": "approval",
    "status": "state (a status is always Jira's)",
    "team": "support group",
    "transition": "move (a transition is always Jira's)",
    "workflow": "process",
}
"""ITIL's words, one meaning each: what core and practices do not call a thing, and what they call it."""

SLASH = "/"  # the marks below must not be found in this file
MACHINE_MARKS = tuple(
    re.compile(mark)
    for mark in (
        SLASH + r"work/(main|shared)\b",
        SLASH + r"(root|home)/\w+/",
        SLASH + r"Users/\w+/",
        SLASH + r"tmp/w/",
        r"(?:extra-)?index-" + r"url\b.*https?:",
        r"https?:" + r"//[\w.-]*(?:pypi|pythonhosted|artifactory|nexus|registry)[\w.-]*/",
        r"file:" + r"///\w",
    )
)


def sources(root: Path, *folders: str) -> Iterator[Path]:
    """Every Python source in these folders of the tree."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            if not any(part.startswith(".") for part in path.relative_to(root).parts):
                yield path


def too_long(root: Path) -> Iterator[str]:
    """Every file and function that is longer than its kind may be."""
    for path in sources(root, "functions", "layers", "infra", "tests"):
        name = path.relative_to(root).as_posix()
        text = path.read_text()
        most = _most(name)
        if (lines := text.count("\n")) > most:
            yield f"{name}: {lines} lines, {most} at most"
        if name.startswith("tests/"):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION:
                    yield f"{name}: {node.name} has {length} lines, {FUNCTION} at most"
    for path in [root / "template.yaml", *sorted((root / "infra/aws").glob("*.yaml"))]:
        if path.exists() and (lines := path.read_text().count("\n")) > TEMPLATE:
            yield f"{path.relative_to(root)}: {lines} lines, {TEMPLATE} at most"


def _most(name: str) -> int:
    if name.startswith("tests/"):
        return TEST_MODULE
    return DOOR if name.startswith("functions/") else MODULE


def undescribed(root: Path) -> Iterator[str]:
    """Every module that does not open with one line that says what it is for."""
    for path in sources(root, "functions", "layers", "infra", "tests"):
        name = path.relative_to(root).as_posix()
        text = ast.get_docstring(ast.parse(path.read_text())) or ""
        if path.name == "__init__.py" and not path.read_text().strip():
            continue
        if not text or ("\n" in text and name not in DRAWN):
            yield f"{name}: no one line that says what the room is for"


def strange_words(root: Path) -> Iterator[str]:
    """Every class or function of core and practices that is called by a word the house does not use."""
    for path in sources(root, "layers/itsm/itsm/core", "layers/itsm/itsm/practices"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                said = {word.lower().rstrip("s") for word in re.findall(r"[A-Z]?[a-z]+", node.name)}
                for word in sorted(said & {never.rstrip("s") for never in NEVER_SAID}):
                    name = path.relative_to(root).as_posix()
                    yield f"{name}: {node.name}: say {NEVER_SAID.get(word, NEVER_SAID.get(word + 's'))}"


def imported_by_name(root: Path) -> Iterator[str]:
    """Every import in the product that no import contract can see."""
    for path in sources(root, "functions", "layers"):
        name = path.relative_to(root).as_posix()
        if name in MAY_IMPORT_BY_NAME:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if _imports_by_name(node):
                yield f"{name}:{getattr(node, 'lineno', 0)}: imports by name"


def _imports_by_name(node: ast.AST) -> bool:
    match node:
        case ast.Import(names=names):
            return any(one.name in ("importlib", "importlib.util", "runpy", "imp") for one in names)
        case ast.ImportFrom(module="importlib", names=names):
            return any(one.name != "resources" for one in names)
        case ast.ImportFrom(module="importlib.util" | "runpy"):
            return True
        case ast.Name(id="__import__"):
            return True
    return False


def kept(root: Path) -> list[str]:
    """What git keeps of the tree, in the order of names."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True, text=True)
    return [name for name in sorted(listed.stdout.split("\0")) if name]


def out_of_place(names: list[str]) -> Iterator[str]:
    """Every name at the top of the tree that the house has no room for."""
    for name in sorted({name.partition("/")[0] for name in names} - TOP_LEVEL):
        yield f"{name}: the top level holds {', '.join(sorted(TOP_LEVEL))}"


def of_one_machine(root: Path, names: list[str]) -> Iterator[str]:
    """Every line that names a place on somebody's machine, or an address packages were fetched from."""
    for name in names:
        path = root / name
        if not path.is_file():
            continue
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), 1):
            if any(mark.search(line) for mark in MACHINE_MARKS):
                yield f"{name}:{number}: {line.strip()[:120]}"

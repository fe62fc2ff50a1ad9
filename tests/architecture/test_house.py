"""The house keeps its sizes, its descriptions and its order; each rule is seen to catch a fault."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.architecture import house
from tests.architecture.house import ROOT


def plant(root: Path, name: str, text: str) -> Path:
    """A tree with one file in it."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return root


def nothing(found: Iterable[str]) -> bool:
    """Whether nothing was found; the test fails with a line for each thing that was."""
    lines = list(found)
    if lines:
        pytest.fail("\n".join(lines), pytrace=False)
    return True


def test_nothing_is_longer_than_its_kind_may_be() -> None:
    assert nothing(house.too_long(ROOT))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("functions/x/app.py", "a = 1\n" * 41),
        ("layers/itsm/itsm/core/x.py", "a = 1\n" * 301),
        ("infra/local/sandbox/x.py", "def f():\n" + "    a = 1\n" * 40),
        ("tests/itsm/test_x.py", "a = 1\n" * 501),
        ("infra/aws/x.yaml", "a: 1\n" * 401),
        ("template.yaml", "a: 1\n" * 401),
    ],
)
def test_what_is_too_long_is_found(tmp_path: Path, name: str, text: str) -> None:
    assert [line.partition(":")[0] for line in house.too_long(plant(tmp_path, name, text))] == [name]


def test_every_module_says_what_it_is_for() -> None:
    assert nothing(house.undescribed(ROOT))


@pytest.mark.parametrize("text", ["a = 1\n", "# words\na = 1\n", '"""One line\n\nand more."""\n'])
def test_a_module_that_does_not_is_found(tmp_path: Path, text: str) -> None:
    assert list(house.undescribed(plant(tmp_path, "layers/itsm/itsm/core/x.py", text))) != []


def test_core_and_practices_use_the_words_of_the_house() -> None:
    assert nothing(house.strange_words(ROOT))


@pytest.mark.parametrize(
    "name", ["class Workflow: ...", "def set_status(): ...", "def team_of(): ...", "class Assets: ..."]
)
def test_another_word_is_found(tmp_path: Path, name: str) -> None:
    assert list(house.strange_words(plant(tmp_path, "layers/itsm/itsm/core/x.py", f"{name}\n"))) != []


def test_only_practices_are_imported_by_name() -> None:
    assert nothing(house.imported_by_name(ROOT))


@pytest.mark.parametrize(
    "text",
    [
        "import importlib\n",
        "from importlib import import_module\n",
        "def f():\n    import importlib.util\n",
        "jira = __import__('jira')\n",
    ],
)
def test_another_import_by_name_is_found(tmp_path: Path, text: str) -> None:
    assert list(house.imported_by_name(plant(tmp_path, "layers/itsm/itsm/core/x.py", text))) != []


def test_policy_files_may_be_read_as_resources(tmp_path: Path) -> None:
    tree = plant(tmp_path, "layers/itsm/itsm/runtime/x.py", "from importlib import resources\n")
    assert list(house.imported_by_name(tree)) == []


def test_the_top_level_holds_what_the_house_has_room_for() -> None:
    assert nothing(house.out_of_place(house.kept(ROOT)))


def test_anything_else_at_the_top_is_found() -> None:
    assert list(house.out_of_place(["docs/index.md", "layers/itsm/itsm/core/record.py"])) != []


def test_the_tree_knows_no_machine_and_no_package_address() -> None:
    assert nothing(house.of_one_machine(ROOT, house.kept(ROOT)))


@pytest.mark.parametrize(
    "line",
    [
        "DATA = '/ho" + "me/someone/data'",
        "--index-" + "url https://packages.example/simple",
        "aiohttp @ https:" + "//files.pythonhosted.org/x.whl",
        "-e file:" + "///srv/itsm",
    ],
)
def test_a_machines_path_is_found(tmp_path: Path, line: str) -> None:
    assert list(house.of_one_machine(plant(tmp_path, "README.md", line + "\n"), ["README.md"])) != []

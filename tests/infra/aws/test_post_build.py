"""A build is deployed only with native code of the right processor, with bytecode, and with the AWS models it needs."""

import importlib.util
import platform
import re
import struct
import sys
from pathlib import Path

import pytest

from infra.aws import post_build
from infra.aws.post_build import BuildError
from tests.infra.aws.estate import ROOT

X86_64, AARCH64, RISCV = 62, 183, 243


def elf(machine: int, order: str = "<") -> bytes:
    """The beginning of a native file for a processor."""
    ident = b"\x7fELF" + bytes([2, 1 if order == "<" else 2, 1]) + bytes(9)
    return ident + struct.pack(f"{order}HHI", 3, machine, 1) + bytes(40)


def a_build(at: Path, native: bytes = elf(AARCH64)) -> Path:
    """A build folder as `sam build` leaves it, in small."""
    vendor = at / "VendorLayer" / "python"
    for service in [*post_build.SERVICES, "ec2", "iam"]:
        model = vendor / "botocore" / "data" / service / "2020-01-01"
        model.mkdir(parents=True)
        (model / "service-2.json.gz").write_bytes(b"model")
        (model / "examples-1.json").write_bytes(b"{}")
    (vendor / "nh3").mkdir()
    (vendor / "nh3" / "nh3.abi3.so").write_bytes(native)
    (vendor / "nh3" / "__init__.py").write_text("def clean(): return 1 / 0\n")
    function = at / "Desk" / "Routing"
    function.mkdir(parents=True)
    (function / "app.py").write_text('"""A door."""\n')
    return at


@pytest.mark.parametrize(
    ("header", "processor"),
    [
        (elf(AARCH64), "arm64"),
        (elf(X86_64), "x86_64"),
        (elf(X86_64, order=">"), "x86_64"),
        (elf(RISCV), "other"),
        (b"import this\n" * 4, ""),
        (b"", ""),
    ],
)
def test_a_native_file_says_which_processor_it_is_for(header: bytes, processor: str) -> None:
    assert post_build.machine(header) == processor


def test_this_interpreter_is_read_as_what_it_runs_on() -> None:
    spec = importlib.util.find_spec("nh3.nh3")
    assert spec is not None
    assert spec.origin is not None
    built_for = post_build.machine(Path(spec.origin).read_bytes()[:20])
    expected = {"aarch64": "arm64", "x86_64": "x86_64"}
    assert not sys.platform.startswith("linux") or built_for == expected[platform.machine()]


def test_native_code_of_another_processor_is_refused_and_named(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"nh3\.abi3\.so is x86_64"):
        post_build.finish(a_build(tmp_path, elf(X86_64)), "arm64")


def test_a_build_keeps_the_models_it_needs_and_no_others(tmp_path: Path) -> None:
    post_build.finish(a_build(tmp_path), "arm64")
    data = tmp_path / "VendorLayer" / "python" / "botocore" / "data"
    assert {path.name for path in data.iterdir()} == post_build.SERVICES
    assert not list(data.rglob("examples-1.json"))


def test_a_model_that_is_needed_and_missing_is_refused(tmp_path: Path) -> None:
    build = a_build(tmp_path)
    model = build / "VendorLayer" / "python" / "botocore" / "data" / "sqs"
    model.rename(model.with_name("something"))
    with pytest.raises(BuildError, match="no model of sqs"):
        post_build.finish(build, "arm64")


def test_every_source_gets_bytecode_that_no_clock_can_spoil(tmp_path: Path) -> None:
    build = a_build(tmp_path)
    post_build.finish(build, "arm64")
    for source in build.rglob("*.py"):
        bytecode = Path(importlib.util.cache_from_source(str(source))).read_bytes()
        (flags,) = struct.unpack_from("<I", bytecode, 4)
        assert flags == 0b01, f"{source}: bytecode is checked against its source (PEP 552)"
        assert str(tmp_path).encode() not in bytecode


def test_what_does_not_compile_is_refused(tmp_path: Path) -> None:
    build = a_build(tmp_path)
    (build / "Desk" / "Routing" / "app.py").write_text("def handler(:\n")
    with pytest.raises(BuildError, match="does not compile"):
        post_build.finish(build, "arm64")


def test_no_build_is_no_deployment(tmp_path: Path) -> None:
    assert post_build.main([str(tmp_path), "arm64"]) == 1


def test_every_service_the_product_calls_keeps_its_model() -> None:
    """Every boto3 client of the product is made with a name in so many words."""
    product = ROOT / "layers" / "itsm" / "itsm"
    called = {
        name
        for source in product.rglob("*.py")
        if "verify_audit" not in source.name  # runs where an operator is, with a whole boto3
        for name in re.findall(r"""client\(\s*"([a-z0-9]+)\"""", source.read_text())
    }
    assert called
    assert called <= post_build.SERVICES

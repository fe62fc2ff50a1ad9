"""Settings: where the sandbox stands on this machine, and whose account it plays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

REGION = "us-east-1"
ACCOUNT = "000000000000"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox", "AWS_REGION": REGION}
ROOT = Path(__file__).resolve().parents[3]
"""The project: three folders above this package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """TCP ports on 127.0.0.1; 0 takes a free one."""

    http: int = 8080
    smtp: int = 2525
    jira: int = 8090
    aws: int = 4566
    web: int = 8091

    @classmethod
    def any(cls) -> Ports:
        """Whatever is free: for tests, which may run side by side."""
        return cls(http=0, smtp=0, jira=0, aws=0, web=0)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Ports:
        """From HTTP_PORT, SMTP_PORT, JIRA_PORT, AWS_PORT and WEB_PORT. Raises ValueError, naming the variable."""
        found: dict[str, int] = {}
        for name in cls.__slots__:
            variable = f"{name.upper()}_PORT"
            value = environment.get(variable)
            if value is None:
                continue
            if not value.isdigit() or int(value) > 65535:
                raise ValueError(f"{variable}={value!r} is not a port: give a number from 0 to 65535")
            found[name] = int(value)
        return cls(**found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One sandbox: its root stack, the directory that keeps its state; with `watch` edits are taken up at once."""

    directory: Path
    root: Path = ROOT
    template: Path | None = None
    ports: Ports = field(default_factory=Ports)
    mail_domain: str = "itsm.example.com"
    parameters: Mapping[str, str] = field(default_factory=dict)
    watch: bool = True

    @classmethod
    def for_tests(cls, directory: Path, root: Path = ROOT) -> Settings:
        """A sandbox on whatever ports are free, which an edit during the test leaves alone."""
        return cls(directory=directory, root=root, ports=Ports.any(), watch=False)

    @property
    def stack(self) -> Path:
        """The root template."""
        return self.template or self.root / "template.yaml"

    @property
    def logs(self) -> Path:
        """Where every function's output goes."""
        return self.directory / "logs"


def worker_environment(endpoint: str) -> Mapping[str, str]:
    """What every function gets beside its own variables; nothing of the environment this process runs in."""
    return {
        **CREDENTIALS,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "TZ": ":UTC",
    }

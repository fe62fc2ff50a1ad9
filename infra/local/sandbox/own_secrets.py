"""The sandbox's own secrets: made at its first start, kept in one file, given to the stacks as parameters."""

from __future__ import annotations

import base64
import json
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.jira import INTEGRATION_EMAIL, INTEGRATION_TOKEN

POLICY = "layers/policy/itsm_policy/sources.toml"


def own_secrets(file: Path, root: Path) -> Mapping[str, Mapping[str, str]]:
    """`sources`: a signing secret for every webhook source of the policy; `jira`: what opens the stand-in."""
    kept: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {"sources": {}, "jira": {}}
    policy = root / POLICY
    known = tomllib.loads(policy.read_text()).get("webhook", {}) if policy.exists() else {}
    for name in known:
        # Standard Webhooks: 24 to 64 random bytes, in base64 behind "whsec_".
        kept["sources"].setdefault(name, f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}")
    kept["jira"].setdefault("webhook", secrets.token_urlsafe(32))
    kept["jira"] |= {"email": INTEGRATION_EMAIL, "token": INTEGRATION_TOKEN}
    file.touch(mode=0o600)
    file.write_text(json.dumps(kept, indent=1))
    return kept

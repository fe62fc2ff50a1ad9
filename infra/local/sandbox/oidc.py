"""OIDC: the sandbox's own identity provider, a key in a file and two documents; and the JWT authorizer."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

AUDIENCE = "itsm-sandbox"
KEY_ID = "sandbox-1"
DISCOVERY = "/.well-known/openid-configuration"
JWKS = "/.well-known/jwks.json"
LIFE = 12 * 3600
"""Seconds a token printed by `make token` is good for."""


class Issuer:
    """An issuer of RS256 tokens. `url` is set once the front's address is known; `clock` gives seconds since 1970."""

    def __init__(self, key_file: Path, clock: Callable[[], float]) -> None:
        self._file, self._clock = key_file, clock
        self._key: Any = None
        self.url = ""

    def token(
        self, subject: str, *, email: str = "", groups: Sequence[str] = (), life: int = LIFE, **claims: Any
    ) -> str:
        """A signed token for a person; `claims` go over the usual ones."""
        import jwt

        now = int(self._clock())
        body: dict[str, Any] = {
            "iss": self.url, "aud": AUDIENCE, "sub": subject, "iat": now, "nbf": now, "exp": now + life,
            "email": email or subject, "groups": list(groups),
        }  # fmt: skip
        return jwt.encode({**body, **claims}, self._private(), algorithm="RS256", headers={"kid": KEY_ID})

    def documents(self) -> Mapping[str, Mapping[str, Any]]:
        """What it serves, by path (OpenID Connect Discovery 1.0, RFC 7517)."""
        about = {
            "issuer": self.url,
            "jwks_uri": f"{self.url}{JWKS}",
            "authorization_endpoint": f"{self.url}/authorize",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        return {DISCOVERY: about, JWKS: {"keys": [self.public_key()]}}

    def public_key(self) -> Mapping[str, Any]:
        """The key tokens are checked with, as a JWK."""
        from jwt.algorithms import RSAAlgorithm

        key: dict[str, Any] = RSAAlgorithm.to_jwk(self._private().public_key(), as_dict=True)
        return {**key, "kid": KEY_ID, "use": "sig", "alg": "RS256"}

    def _private(self) -> Any:
        if self._key is None:
            self._key = _load(self._file) if self._file.exists() else _make(self._file)
        return self._key


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What API Gateway answers: the status, and the WWW-Authenticate header of a 401 (RFC 6750, 3)."""

    status: int
    message: str
    challenge: str = ""


class Authorizer:
    """A JWT authorizer (AWS: "Controlling access to HTTP APIs with JWT authorizers in API Gateway")."""

    def __init__(self, issuer: str, audience: Sequence[str], own: Issuer, clock: Callable[[], float]) -> None:
        self._issuer, self._audience, self._own, self._clock = issuer, list(audience), own, clock
        self._keys: list[Mapping[str, Any]] = []

    def check(self, header: str | None, scopes: Sequence[str]) -> Mapping[str, Any] | Refused:
        """The token's claims, or what to answer instead."""
        import jwt

        if not header:
            return Refused(status=401, message="Unauthorized", challenge="Bearer")
        token = header[7:].strip() if header.lower().startswith("bearer ") else header.strip()
        try:
            claims = self._decoded(token)
        except (jwt.PyJWTError, ValueError, OSError) as error:
            said = str(error).replace('"', "'")
            told = f'Bearer scope="" error="invalid_token" error_description="{said}"'
            return Refused(status=401, message="Unauthorized", challenge=told)
        held = str(claims.get("scope", claims.get("scp", ""))).split()
        if scopes and not set(scopes) & set(held):
            return Refused(status=403, message="Forbidden")
        return claims

    def _decoded(self, token: str) -> Mapping[str, Any]:
        import jwt

        key_id = jwt.get_unverified_header(token).get("kid")
        key = next((key for key in self._known() if key.get("kid") == key_id), None)
        if key is None:
            raise ValueError("the token is signed with a key the issuer does not list")
        claims: dict[str, Any] = jwt.decode(
            token,
            jwt.PyJWK(dict(key)),
            algorithms=["RS256"],
            issuer=self._issuer,
            options={"require": ["exp", "iss"], "verify_aud": False},
        )
        named = claims.get("aud", claims.get("client_id", []))
        if not set([named] if isinstance(named, str) else named) & set(self._audience):
            raise ValueError("the token is for another audience")
        return claims

    def _known(self) -> Sequence[Mapping[str, Any]]:
        if self._issuer == self._own.url:
            return [self._own.public_key()]
        if not self._keys:
            about = _fetched(f"{self._issuer.rstrip('/')}{DISCOVERY}")
            self._keys = _fetched(str(about["jwks_uri"]))["keys"]
        return self._keys


def _fetched(url: str) -> Any:
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"{url} is no web address")
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - checked above
        return json.load(answer)


def _load(path: Path) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(path.read_bytes(), password=None)


def _make(path: Path) -> Any:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(pem)
    return key

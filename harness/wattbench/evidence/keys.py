"""Keys: the file of those whose signatures count, and the private key that a host signs with.

Trusted keys lie in one file, `keys/trusted.json`; what they are and who may change them stands beside it. A key
counts for runs that were measured on one of its days, the first and the last included, in UTC.
"""

from __future__ import annotations

import base64
import datetime as dt
import os
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from wattbench.evidence import dsse
from wattbench.problems import Problem, Refusal, refuse

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

OTHERS = 0o077  # the permissions of everybody but the owner


class TrustedKey(BaseModel):
    """A public key whose signatures count from one day to another; `valid_until` null: until further notice."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")
    keyid: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    public_key: str
    holder: Annotated[str, Field(min_length=1)]
    valid_from: dt.date
    valid_until: dt.date | None
    note: str

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        try:
            named = dsse.keyid(self.raw)
        except ValueError as error:
            raise ValueError(f"public_key is no ed25519 key: {error}") from None
        if named != self.keyid:
            raise ValueError(f"keyid is not that of public_key, which is {named}")
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise ValueError("valid_until lies before valid_from")
        return self

    @property
    def raw(self) -> bytes:
        """The public key's 32 bytes."""
        return dsse.read_public(self.public_key)

    def counts_on(self, day: dt.date) -> bool:
        """Whether the key counts for what was measured on a day."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


class TrustFile(BaseModel):
    """The file of trusted keys."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")
    schema_: Literal[1] = Field(alias="schema")
    keys: tuple[TrustedKey, ...]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        ids = [key.keyid for key in self.keys]
        if len(set(ids)) < len(ids):
            raise ValueError("a keyid stands in it twice")
        return self


def read_trusted(file: Path) -> dict[str, TrustedKey]:
    """Read the trusted keys, by their ids. Raises Refusal naming every entry that is wrong."""
    try:
        found = TrustFile.model_validate_json(file.read_bytes())
    except OSError as error:
        remedy = "Run this in a checkout of Wattstar, or name the file with --keys"
        raise refuse(file, "", f"cannot be read: {error.strerror}", remedy) from None
    except ValidationError as error:
        raise Refusal(
            Problem(
                str(file),
                ".".join(map(str, issue["loc"])),
                issue["msg"].removeprefix("Value error, "),
                "keys/README.md says what an entry holds; `wattbench keygen` prints one",
            )
            for issue in error.errors()
        ) from None
    return {key.keyid: key for key in found.keys}


def create(file: Path, holder: str, today: dt.date) -> TrustedKey:
    """Write a new private key, readable by its owner alone; return the entry for the file of trusted keys.

    Raises Refusal where the file is there already or cannot be written.
    """
    pem, public = dsse.new_private()
    entry = TrustedKey(
        keyid=dsse.keyid(public),
        public_key=base64.b64encode(public).decode(),
        holder=holder,
        valid_from=today,
        valid_until=None,
        note="",
    )
    opened = False
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # created with its mode and never replaced: no moment at which another user could read it, no key lost
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        opened = True
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(pem)
            handle.flush()
            os.fsync(handle.fileno())
    except FileExistsError:
        raise refuse(file, "", "is there already, and a key is never overwritten", "Name another file") from None
    except OSError as error:
        if opened:
            file.unlink(missing_ok=True)
        raise refuse(file, "", f"cannot be written: {error.strerror}", "Name another file with --out") from None
    return entry


def read_private(file: Path) -> Ed25519PrivateKey:
    """Read a private key. Raises Refusal for what is none, and for a file that other users may read."""
    try:
        mode, pem = file.stat().st_mode, file.read_bytes()
    except OSError as error:
        remedy = "Name the key's file, or make one with `wattbench keygen`"
        raise refuse(file, "", f"cannot be read: {error.strerror}", remedy) from None
    if mode & OTHERS:
        raise refuse(file, "mode", f"is {mode & 0o777:04o}: other users can read the key", f"Run `chmod 600 {file}`")
    try:
        return dsse.read_private(pem)
    except ValueError as error:
        raise refuse(file, "", str(error), "Make a key with `wattbench keygen`") from None

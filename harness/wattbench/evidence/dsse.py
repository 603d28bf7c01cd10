"""A DSSE envelope with ed25519 signatures, and the keys that make and check them. The only door to `cryptography`.

A signature covers the payload's type and its bytes, each with its length, so that nothing has to be parsed before it
is verified. The file has one form: keys sorted, canonical base64, one newline at the end; a byte that no signature
covers (a blank, a key's id) is caught all the same.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from wattbench.problems import Problem, Refusal, refuse

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
REMEDY = "Fetch the envelope again, or sign the run again with `wattbench sign`"


def _canonical(text: str) -> str:
    if base64.b64encode(base64.b64decode(text, validate=True)).decode() != text:
        raise ValueError("is base64 of another form than the canonical one")
    return text


Base64 = Annotated[str, AfterValidator(_canonical)]


class Signature(BaseModel):
    """One signature and the id of its key: the sha256 of the key's DER SubjectPublicKeyInfo."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")
    keyid: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    sig: Base64


class Envelope(BaseModel):
    """A payload, what it is, and who signed it."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")
    payload_type: str = Field(alias="payloadType")
    payload: Base64
    signatures: tuple[Signature, ...] = Field(min_length=1)

    @property
    def body(self) -> bytes:
        """The payload's bytes. Verify before you parse them."""
        return base64.b64decode(self.payload)


def to_bytes(envelope: Envelope) -> bytes:
    """Serialise an envelope: sorted keys, one newline at the end."""
    data = envelope.model_dump(mode="json", by_alias=True)
    return (json.dumps(data, sort_keys=True, indent=1) + "\n").encode()


def from_bytes(data: bytes, file: object = "envelope") -> Envelope:
    """Read an envelope. Raises Refusal for what is none, or not in the one form."""
    try:
        envelope = Envelope.model_validate_json(data)
    except ValidationError as error:
        raise Refusal(
            Problem(str(file), ".".join(map(str, issue["loc"])), issue["msg"].removeprefix("Value error, "), REMEDY)
            for issue in error.errors()
        ) from None
    if to_bytes(envelope) != data:
        raise refuse(file, "", "is not in the form in which wattbench writes envelopes", REMEDY)
    return envelope


def covered(payload_type: str, body: bytes) -> bytes:
    """What a signature covers: DSSE's pre-authentication encoding."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)


def sign(body: bytes, key: Ed25519PrivateKey) -> Envelope:
    """Sign an in-toto statement's bytes. The same bytes and key give the same envelope."""
    signature = base64.b64encode(key.sign(covered(PAYLOAD_TYPE, body))).decode()
    return Envelope(
        payloadType=PAYLOAD_TYPE,
        payload=base64.b64encode(body).decode(),
        signatures=(Signature(keyid=keyid(public_of(key)), sig=signature),),
    )


def holds(envelope: Envelope, signature: Signature, public: bytes) -> bool:
    """Whether a signature of the envelope was made by the holder of a public key (its 32 raw bytes)."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(
            base64.b64decode(signature.sig), covered(envelope.payload_type, envelope.body)
        )
    except InvalidSignature:
        return False
    return True


def keyid(public: bytes) -> str:
    """Name a public key (its 32 raw bytes) by the sha256 of its DER SubjectPublicKeyInfo."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = Ed25519PublicKey.from_public_bytes(public)
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def public_of(key: Ed25519PrivateKey) -> bytes:
    """The 32 raw bytes of the public key that belongs to a private one."""
    return key.public_key().public_bytes_raw()


def read_public(text: str) -> bytes:
    """Read a public key, base64 of its 32 raw bytes or PEM, as raw bytes. Raises ValueError for anything else."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if not text.startswith("-----"):
        raw = base64.b64decode(text, validate=True)
        return Ed25519PublicKey.from_public_bytes(raw).public_bytes_raw()
    try:
        key = load_pem_public_key(text.encode())
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from None
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("is a key of another kind than ed25519")  # noqa: TRY004 - a value that was read from a file
    return key.public_bytes_raw()


def new_private() -> tuple[bytes, bytes]:
    """Make a key pair: the private key as PEM (PKCS8, unencrypted) and the public key's 32 raw bytes."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), public_of(key)


def read_private(pem: bytes) -> Ed25519PrivateKey:
    """Read a private key from PEM. Raises ValueError, never with any of the key's text in its message."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        raise ValueError("is encrypted, and there is nobody to ask for its password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("is no private key in PEM") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("is a key of another kind than ed25519")  # noqa: TRY004 - a value that was read from a file
    return key

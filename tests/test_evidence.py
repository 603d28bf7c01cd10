"""Evidence: what is signed holds, and no byte of it can change unseen."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import evidence_factory as factory
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope as OtherEnvelope
from securesystemslib.signer import CryptoSigner, SSlibKey

from wattbench import evidence, runs
from wattbench.evidence import dsse, keys, statement
from wattbench.problems import Problem, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wattbench.evidence.keys import TrustedKey

Signed = tuple[Path, "TrustedKey", Path]
RUN_FIELDS = ("board", "joules", "measured_at", "trace", "seconds", "verdict", "schema")
ENVELOPE_FIELDS = ("payload", "payloadType", "sig", "keyid")


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Signed:
    """A signed run that no test changes: its file, the key's entry, the key's file."""
    folder = tmp_path_factory.mktemp("signed")
    return *factory.signed(folder), folder / "key.pem"


def check(file: Path, *trusted: TrustedKey, **more: Any) -> evidence.Verified:
    return evidence.verify(file, factory.by_id(*trusted), factory.agrees, **more)


def named(found: evidence.Verified) -> str:
    return "\n".join(map(str, found.problems))


def test_what_was_signed_verifies_and_says_who_signed(one: Signed) -> None:
    file, key, _ = one
    found = check(file, key)
    assert found.problems == ()
    assert [(signer.holder, signer.keyid) for signer in found.signers] == [("bench-01", key.keyid)]


def test_the_statement_binds_what_a_reader_wants_bound(one: Signed) -> None:
    file, _, _ = one
    run = runs.from_bytes(file.read_bytes())
    envelope = dsse.from_bytes(evidence.envelope_of(file).read_bytes())
    said = json.loads(envelope.body)
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["predicateType"] == "https://wattstar.example/run/v1"
    assert said["subject"] == [
        {"name": path.name, "digest": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}}
        for path in (file, factory.trace_of(file))
    ]
    predicate = said["predicate"]
    assert predicate["model"]["weights_sha256"] == run.model.weights_sha256
    assert (predicate["model"]["id"], predicate["model"]["revision"]) == (run.model.id, run.model.revision)
    assert predicate["workload"]["sha256"] == run.workload.sha256
    assert [predicate[name] for name in ("board", "session", "role", "measured_at")] == [
        run.board,
        run.session,
        run.role,
        run.measured_at,
    ]
    assert set(predicate["harness"]) == {"version", "sha256"}
    other = run.model_copy(update={"environment": run.environment | {"kernel": "another"}})
    assert predicate["environment"]["sha256"] == statement.environment_sha256(run)
    assert predicate["environment"]["sha256"] != statement.environment_sha256(other)


def test_an_envelope_has_sorted_keys_and_one_newline_and_signing_again_changes_nothing(one: Signed) -> None:
    file, _, key_file = one
    data = evidence.envelope_of(file).read_bytes()
    assert evidence.envelope_of(file).name == f"{file.stem}.dsse.json"
    assert list(json.loads(data)) == sorted(json.loads(data))
    assert data.endswith(b"}\n")
    assert not data.endswith(b"\n\n")
    assert evidence.sign_run(file, key_file) == evidence.envelope_of(file)
    assert evidence.envelope_of(file).read_bytes() == data


def test_readers_of_runs_pass_over_envelopes(one: Signed) -> None:
    file, _, _ = one
    assert [path for path, _ in runs.read_all(file.parents[3])] == [file]


# one byte


def flipped(one: Signed, place: Path, position: int, mask: int) -> evidence.Verified:
    """Verify with one byte of one file changed, in memory."""
    file, key, _ = one
    files = factory.parts(file)
    data = bytearray(files[place])
    data[position] ^= mask
    files[place] = bytes(data)
    return check(file, key, read=files.get)


def assert_names(found: evidence.Verified, place: Path) -> None:
    assert found.signers == ()
    assert str(place) in {problem.file for problem in found.problems}, named(found)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_any_flipped_byte_of_run_trace_or_envelope_is_named(one: Signed, which: int, at: float, mask: int) -> None:
    place = sorted(factory.parts(one[0]))[which]
    assert_names(flipped(one, place, int(at * place.stat().st_size), mask), place)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_every_byte_counts_even_those_that_no_signature_covers(one: Signed, which: int) -> None:
    place = sorted(factory.parts(one[0]))[which]
    for position in range(place.stat().st_size):
        assert_names(flipped(one, place, position, 1), place)


@pytest.mark.parametrize("field", ENVELOPE_FIELDS)
@pytest.mark.parametrize("mask", [1, 0x20, 0x80])
def test_a_flipped_byte_in_each_field_of_the_envelope_is_named(one: Signed, field: str, mask: int) -> None:
    place = evidence.envelope_of(one[0])
    text = place.read_bytes()
    start = text.index(f'"{field}": "'.encode()) + len(field) + 5
    for position in (start, start + 7, text.index(b'"', start) - 1):
        found = flipped(one, place, position, mask)
        assert_names(found, place)
        assert {problem.file for problem in found.problems} == {str(place)}


@pytest.mark.parametrize("field", RUN_FIELDS)
def test_a_flipped_byte_in_each_kind_of_field_of_the_run_is_named(one: Signed, field: str) -> None:
    place = one[0]
    start = place.read_bytes().index(f'"{field}"'.encode())
    for position in (start, start + 1, start + len(field) + 2, start + len(field) + 5):
        assert_names(flipped(one, place, position, 1), place)


def test_the_last_bit_of_a_number_in_the_run_is_named_with_both_hashes(one: Signed) -> None:
    place = one[0]
    position = place.read_bytes().index(b'"joules": ') + len(b'"joules": ')
    found = flipped(one, place, position, 1)
    assert_names(found, place)
    assert "its envelope was signed for" in named(found)


def test_whitespace_at_either_end_is_named(one: Signed) -> None:
    file, key, _ = one
    for place in factory.parts(file):
        for more in (b" ", b"\n"):
            for change in (lambda data, more=more: data + more, lambda data, more=more: more + data):
                files = factory.parts(file)
                files[place] = change(files[place])  # type: ignore[no-untyped-call]
                assert_names(check(file, key, read=files.get), place)


# keys


def test_a_key_that_is_not_trusted_is_named_and_so_is_its_envelope(one: Signed, tmp_path: Path) -> None:
    file, key, _ = one
    found = check(file, factory.new_key(tmp_path))
    assert found.problems[0].file == str(evidence.envelope_of(file))
    assert f"{key.keyid[:12]}... is no trusted key" in named(found)


def test_a_signature_of_another_key_under_a_trusted_id_is_refused(one: Signed, tmp_path: Path) -> None:
    file, key, _ = one
    stranger = factory.new_key(tmp_path)
    files = factory.parts(file)
    place = evidence.envelope_of(file)
    envelope = dsse.sign(dsse.from_bytes(files[place]).body, keys.read_private(tmp_path / "key.pem"))
    files[place] = dsse.to_bytes(envelope).replace(stranger.keyid.encode(), key.keyid.encode())
    found = check(file, key, read=files.get)
    assert_names(found, place)
    assert "is no signature of bench-01" in named(found)


@pytest.mark.parametrize(
    ("dates", "counts"),
    [
        ({"valid_from": dt.date(2026, 11, 20)}, True),
        ({"valid_from": dt.date(2026, 11, 21)}, False),
        ({"valid_until": dt.date(2026, 11, 20)}, True),
        ({"valid_until": dt.date(2026, 11, 19)}, False),
    ],
)
def test_a_key_counts_on_its_days_and_on_no_other(one: Signed, dates: dict[str, dt.date], counts: bool) -> None:  # noqa: FBT001 - a column of the table
    file, key, _ = one  # measured on 20 November 2026
    found = check(file, key.model_copy(update=dates))
    assert bool(found.signers) is counts
    assert counts or "not on 2026-11-20" in named(found)


def test_every_signature_of_an_envelope_must_hold(one: Signed, tmp_path: Path) -> None:
    file, key, _ = one
    second = factory.new_key(tmp_path, holder="bench-02")
    place = evidence.envelope_of(file)
    files = factory.parts(file)
    first = dsse.from_bytes(files[place])
    other = dsse.sign(first.body, keys.read_private(tmp_path / "key.pem"))
    both = first.model_copy(update={"signatures": (*first.signatures, *other.signatures)})
    files[place] = dsse.to_bytes(both)
    found = check(file, key, second, read=files.get)
    assert [signer.holder for signer in found.signers] == ["bench-01", "bench-02"]
    assert "signatures.1" in named(check(file, key, read=files.get))


# what is missing, and what belongs elsewhere


def test_a_missing_envelope_is_named_unless_unsigned_runs_are_allowed(one: Signed) -> None:
    file, key, _ = one
    files = factory.parts(file)
    del files[evidence.envelope_of(file)]
    assert_names(check(file, key, read=files.get), evidence.envelope_of(file))
    found = check(file, key, read=files.get, allow_unsigned=True)
    assert (found.problems, found.signers) == ((), ())


def test_an_envelope_that_does_not_hold_is_refused_where_unsigned_runs_are_allowed(one: Signed) -> None:
    assert check(one[0], allow_unsigned=True).problems


def test_a_missing_trace_is_named(one: Signed) -> None:
    file, key, _ = one
    place = factory.trace_of(file)
    files = factory.parts(file)
    del files[place]
    found = check(file, key, read=files.get)
    assert_names(found, place)
    assert "is missing" in named(found)


def test_a_run_without_a_trace_is_signed_and_verified(tmp_path: Path) -> None:
    file, key = factory.signed(tmp_path, traced=False)
    assert check(file, key).problems == ()
    assert len(json.loads(dsse.from_bytes(evidence.envelope_of(file).read_bytes()).body)["subject"]) == 1


def test_the_envelope_of_another_run_does_not_fit(tmp_path: Path) -> None:
    file, key = factory.signed(tmp_path)
    other = factory.put(tmp_path / "submissions", session="another", joules=[1.0, 2.0])
    evidence.envelope_of(other).write_bytes(evidence.envelope_of(file).read_bytes())
    found = check(other, key)
    assert_names(found, other)
    assert "predicate.session: says 2026-11-20-a, the run another" in named(found)


@pytest.mark.parametrize("field", ["board", "role", "model.id", "workload.sha256", "harness.sha256", "more"])
def test_a_signed_statement_that_says_otherwise_than_its_run_is_named_by_field(tmp_path: Path, field: str) -> None:
    file, key = factory.signed(tmp_path)
    said = json.loads(dsse.from_bytes(evidence.envelope_of(file).read_bytes()).body)
    inner = said["predicate"]
    *path, last = field.split(".")
    for name in path:
        inner = inner[name]
    inner[last] = "another"
    factory.resign(file, said, tmp_path / "key.pem")
    assert f"predicate.{field}: says another" in named(check(file, key))


def test_a_signed_payload_that_is_no_statement_is_named(tmp_path: Path) -> None:
    file, key = factory.signed(tmp_path)
    place = evidence.envelope_of(file)
    for body in (b"\xff", b"[1]", b"[" * 100_000):
        place.write_bytes(dsse.to_bytes(dsse.sign(body, keys.read_private(tmp_path / "key.pem"))))
        assert_names(check(file, key), place)


def test_a_run_that_was_reformatted_is_refused_although_it_says_the_same(one: Signed) -> None:
    file, key, _ = one
    files = factory.parts(file)
    files[file] = json.dumps(json.loads(files[file]), indent=2).encode()
    found = check(file, key, read=files.get)
    assert_names(found, file)
    assert "is not in the form" in named(found)


def test_a_run_at_another_place_is_refused_with_its_own(one: Signed) -> None:
    file, key, _ = one
    elsewhere = file.parents[1] / "other" / "runs"
    files = {elsewhere / path.name: data for path, data in factory.parts(file).items()}
    found = check(elsewhere / file.name, key, read=files.get)
    assert f"its bytes belong to {Path(*file.parts[-4:])}" in named(found)


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"\xff", b"[" * 100_000, b'{"a": "\\ud800"}'])
def test_what_is_no_run_is_one_clear_problem_with_its_file(one: Signed, data: bytes) -> None:
    file, key, _ = one
    found = check(file, key, read={file: data}.get)
    assert_names(found, file)


def test_what_the_replay_finds_is_told(one: Signed) -> None:
    file, key, _ = one
    asked: list[tuple[runs.Run, Mapping[str, bytes], Path]] = []

    def differs(run: runs.Run, tables: Mapping[str, bytes], path: Path) -> list[Problem]:
        asked.append((run, tables, path))
        return [Problem(str(path), "passes.3.joules", "is 1.0, the raw material says 2.0", "Do not use it")]

    found = evidence.verify(file, factory.by_id(key), differs)
    assert "passes.3.joules: is 1.0, the raw material says 2.0" in named(found)
    assert found.signers == ()
    assert asked == [(runs.from_bytes(file.read_bytes()), {"trace": factory.trace_of(file).read_bytes()}, file)]


def test_a_trace_that_is_not_the_runs_own_is_never_replayed(one: Signed) -> None:
    file, key, _ = one
    files = factory.parts(file)
    files[factory.trace_of(file)] = b"PAR1 something else"

    def replay(*_: object) -> list[Problem]:
        raise AssertionError("a strange trace was read")

    assert evidence.verify(file, factory.by_id(key), replay, read=files.get).problems


def test_a_run_that_the_replay_stumbles_over_is_a_problem_and_no_crash(one: Signed) -> None:
    file, key, _ = one

    def replay(*_: object) -> list[Problem]:
        raise KeyError("cpu_seconds")

    assert "cannot be computed again: KeyError" in named(evidence.verify(file, factory.by_id(key), replay))


# signing


@pytest.mark.parametrize("spoil", ["run", "trace", "no trace", "moved"])
def test_what_would_not_verify_is_not_signed(tmp_path: Path, spoil: str) -> None:
    file = factory.put(tmp_path / "submissions")
    factory.new_key(tmp_path)
    if spoil == "run":
        file.write_bytes(file.read_bytes() + b" ")
    elif spoil == "trace":
        factory.trace_of(file).write_bytes(b"x")
    elif spoil == "no trace":
        factory.trace_of(file).unlink()
    else:
        file = file.rename(file.with_name("renamed.json"))
    with pytest.raises(Refusal):
        evidence.sign_run(file, tmp_path / "key.pem")
    assert not evidence.envelope_of(file).exists()


def test_an_envelope_of_another_key_is_not_replaced(tmp_path: Path) -> None:
    file, key = factory.signed(tmp_path)
    factory.new_key(tmp_path, "second.pem")
    with pytest.raises(Refusal, match="is there already"):
        evidence.sign_run(file, tmp_path / "second.pem")
    assert check(file, key).problems == ()


# key files


def test_a_private_key_is_its_owners_alone_and_never_overwritten(tmp_path: Path) -> None:
    factory.new_key(tmp_path)
    file = tmp_path / "key.pem"
    before = file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert before.startswith(b"-----BEGIN PRIVATE KEY-----")
    with pytest.raises(Refusal, match="never overwritten"):
        factory.new_key(tmp_path)
    assert file.read_bytes() == before


def test_a_private_key_that_others_may_read_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    factory.new_key(tmp_path)
    (tmp_path / "key.pem").chmod(0o644)
    with pytest.raises(Refusal, match="chmod 600"):
        keys.read_private(tmp_path / "key.pem")


def other_keys() -> dict[str, bytes]:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    pem, pkcs8 = Encoding.PEM, PrivateFormat.PKCS8
    return {
        "is a key of another kind": generate_private_key(SECP256R1()).private_bytes(pem, pkcs8, NoEncryption()),
        "is encrypted": Ed25519PrivateKey.generate().private_bytes(pem, pkcs8, BestAvailableEncryption(b"word")),
        "is no private key": b"-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n",
    }


@pytest.mark.parametrize(("message", "pem"), other_keys().items())
def test_a_file_that_is_no_key_to_sign_with_is_refused(tmp_path: Path, message: str, pem: bytes) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(pem)
    file.chmod(0o600)
    with pytest.raises(Refusal, match=message):
        keys.read_private(file)
    with pytest.raises(Refusal, match="cannot be read"):
        keys.read_private(tmp_path / "none.pem")


def trusted(folder: Path, *entries: dict[str, Any]) -> Path:
    file = folder / "trusted.json"
    file.write_text(json.dumps({"schema": 1, "keys": entries}), encoding="utf-8")
    return file


def test_trusted_keys_are_read_in_both_forms(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    entry = factory.new_key(tmp_path).model_dump(mode="json")
    public = keys.read_private(tmp_path / "key.pem").public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    raw = keys.read_trusted(trusted(tmp_path, entry))
    assert [key.raw for key in raw.values()] == [public.public_bytes_raw()]
    assert (
        keys.read_trusted(trusted(tmp_path, entry | {"public_key": pem}))[entry["keyid"]].raw
        == next(iter(raw.values())).raw
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"keyid": "0" * 64}, "keyid is not that of public_key"),
        ({"keyid": "short"}, "keys.0.keyid"),
        ({"public_key": "AAAA"}, "public_key is no ed25519 key"),
        ({"public_key": "-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----\n"}, "public_key is no ed25519 key"),
        ({"valid_from": "yesterday"}, "keys.0.valid_from"),
        ({"valid_until": "2019-12-31"}, "valid_until lies before valid_from"),
        ({"holder": ""}, "keys.0.holder"),
        ({"colour": "red"}, "keys.0.colour"),
    ],
)
def test_a_wrong_entry_of_the_trusted_keys_is_refused_with_its_field(
    tmp_path: Path, change: dict[str, str], message: str
) -> None:
    entry = factory.new_key(tmp_path).model_dump(mode="json")
    with pytest.raises(Refusal, match=message):
        keys.read_trusted(trusted(tmp_path, entry | change))


def test_a_key_stands_in_the_trusted_keys_once(tmp_path: Path) -> None:
    entry = factory.new_key(tmp_path).model_dump(mode="json")
    with pytest.raises(Refusal, match="twice"):
        keys.read_trusted(trusted(tmp_path, entry, entry))


def test_the_trusted_keys_of_this_repository_can_be_read() -> None:
    keys.read_trusted(Path(__file__).parents[1] / "keys" / "trusted.json")


# others


def test_securesystemslib_verifies_our_envelope(one: Signed) -> None:
    file, key, key_file = one
    theirs = OtherEnvelope.from_dict(json.loads(evidence.envelope_of(file).read_bytes()))
    public = SSlibKey.from_crypto(keys.read_private(key_file).public_key(), keyid=key.keyid)
    assert list(theirs.verify([public], 1)) == [key.keyid]


def test_we_verify_an_envelope_that_securesystemslib_signed(tmp_path: Path) -> None:
    file, key = factory.signed(tmp_path)
    place = evidence.envelope_of(file)
    ours = place.read_bytes()
    private = keys.read_private(tmp_path / "key.pem")
    signer = CryptoSigner(private, SSlibKey.from_crypto(private.public_key(), keyid=key.keyid))
    theirs = OtherEnvelope(dsse.from_bytes(ours).body, dsse.PAYLOAD_TYPE, {})
    theirs.sign(signer)
    place.write_bytes((json.dumps(theirs.to_dict(), sort_keys=True, indent=1) + "\n").encode())
    assert check(file, key).problems == ()
    assert place.read_bytes() == ours


def test_the_signed_bytes_are_those_of_the_dsse_specification() -> None:
    # the example of the specification
    assert dsse.covered("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_base64_of_another_form_is_refused(one: Signed) -> None:
    envelope = json.loads(evidence.envelope_of(one[0]).read_bytes())
    sig = envelope["signatures"][0]["sig"]
    assert sig.endswith("==")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = sig[:-3] + alphabet[alphabet.index(sig[-3]) ^ 1] + "=="
    assert base64.b64decode(twin) == base64.b64decode(sig)  # the same signature, written otherwise
    envelope["signatures"][0]["sig"] = twin
    with pytest.raises(Refusal, match="canonical"):
        dsse.from_bytes((json.dumps(envelope, sort_keys=True, indent=1) + "\n").encode())

"""The statement: what a signature says about a run, as an in-toto Statement v1.

Its subjects are the run file and the tables beside it. Its predicate repeats what a reader wants bound by name: model,
weights, workload, harness, board, session and environment.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wattbench.runs import Run

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://wattstar.example/run/v1"
ABSENT = "nothing"  # what a field says that is not there, which is not null


def of(run: Run, name: str, sha256: str) -> dict[str, Any]:
    """State what a run is: `name` and `sha256` are those of its file."""
    subjects = [{"name": name, "digest": {"sha256": sha256}}]
    subjects += [{"name": f"{one.sha256}.parquet", "digest": {"sha256": one.sha256}} for one in run.beside.values()]
    return {
        "_type": STATEMENT_TYPE,
        "subject": subjects,
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "board": run.board,
            "session": run.session,
            "role": run.role,
            "measured_at": run.measured_at,
            "model": {
                "id": run.model.id,
                "revision": run.model.revision,
                "weights_sha256": run.model.weights_sha256,
            },
            "workload": {
                "task": run.workload.task,
                "version": run.workload.version,
                "sha256": run.workload.sha256,
            },
            "harness": {
                "version": run.environment.get("harness_version"),
                "sha256": run.environment.get("harness_sha256"),
            },
            "environment": {"sha256": environment_sha256(run)},
        },
    }


def environment_sha256(run: Run) -> str:
    """Hash what a run happened on: environment, backend, meter and device of its file, as compact sorted JSON."""
    parts = run.model_dump(mode="json", include={"environment", "backend", "meter", "device"})
    return hashlib.sha256(to_bytes(parts)).hexdigest()


def differences(said: Any, so: Any, field: str) -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401 - JSON is any
    """Name every field in which two statements differ, with what the first says and the second."""
    if isinstance(said, list) and isinstance(so, list):
        said, so = dict(enumerate(said)), dict(enumerate(so))
    if isinstance(said, dict) and isinstance(so, dict):
        for name in dict.fromkeys([*so, *said]):
            yield from differences(said.get(name, ABSENT), so.get(name, ABSENT), f"{field}.{name}".removeprefix("."))
    elif said != so:
        yield field, said, so


def short(value: object) -> str:
    """A value as a message shows it: hashes by their first twelve digits."""
    text = value if isinstance(value, str) else json.dumps(value)
    return f"{text[:12]}..." if len(text) == hashlib.sha256().digest_size * 2 else text[:100]


def to_bytes(data: object) -> bytes:
    """Serialise a statement: compact, sorted keys. The same statement gives the same bytes."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()

"""The run file: the passes of one submission on one board in one session, as one JSON file.

Bytes: UTF-8, keys sorted, one newline at the end, so the same run always gives the same bytes. Field names carry
their unit. An absent reading is null, never 0.

Schema history:
    2  batches and ladders, windows of public and private rows, prefill and decode, marks and scores beside the run.
    1  first version; no result was ever published in it.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from wattbench.boards import Board
from wattbench.passes import Frozen, Gate, Kind, NotNegative, Pass, Phase, Quality, Rung, Sha256, Table, Trace, Verdict
from wattbench.problems import Problem, Refusal, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Device",
    "Gate",
    "Kind",
    "Model",
    "NotNegative",
    "Pass",
    "Phase",
    "Quality",
    "Role",
    "Run",
    "Rung",
    "Table",
    "Trace",
    "Verdict",
    "Workload",
]

SCHEMA: Final = 2
Role = Literal["candidate", "reference-before", "reference-after"]


class Model(Frozen):
    """Which weights were measured. `revision` is the Hub's commit, or `package:NAME==VERSION` for the demo."""

    id: str
    revision: str
    base_model: str | None
    parameters: int = Field(ge=0)
    licence: str | None
    weights: Literal["real", "synthetic"]
    weights_sha256: dict[str, Sha256]
    about: str | None = None


class Workload(Frozen):
    """Which rows were asked: `rows` queries a round, named by the sha256 of the workload's file.

    `pinned`: every source has its commit. `private_rows` of them are not published.
    """

    task: str
    version: int = Field(ge=0)
    sha256: Sha256
    rows: int = Field(ge=1)
    about: str
    pinned: bool = True
    private_rows: int = Field(default=0, ge=0)


class Device(Frozen):
    """What was metered and what the model sat on. `fake` is true for any stand-in of a driver or device."""

    name: str
    uuid: str | None
    sku: str
    count: int = Field(ge=1)
    fake: bool


class Run(Frozen):
    """The passes of one submission on one board in one session, with all that is needed to judge them.

    `ladder` is a saturated run's way to its batch size: the energy-versus-batch curve. `parts` are windows of the
    public and the private rows alone. Beside the run lie its `trace`, the `marks` of first tokens, the `scores` of
    every query, each a Parquet file named by its sha256.
    """

    schema_: Literal[2] = Field(alias="schema")
    board: str
    role: Role
    session: str
    measured_at: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    model: Model
    workload: Workload
    protocol: dict[str, Any]
    backend: dict[str, Any]
    meter: dict[str, Any]
    meter_after: dict[str, Any] | None = None
    device: Device
    environment: dict[str, Any]
    warm_up: dict[str, Any]
    phases: tuple[Phase, ...] = Field(default=(), strict=False)
    passes: tuple[Pass, ...] = Field(strict=False)
    ladder: tuple[Rung, ...] = Field(default=(), strict=False)
    parts: dict[str, Pass] = Field(default_factory=dict)
    trace: Trace | None = None
    marks: Table | None = None
    scores: Table | None = None
    quality: Quality | None
    more_quality: dict[str, float] = Field(default_factory=dict)
    gates: tuple[Gate, ...] = Field(strict=False)

    @model_validator(mode="after")
    def _board_agrees(self) -> Self:
        board = Board.parse(self.board)
        if (board.task, board.version) != (self.workload.task, self.workload.version):
            raise ValueError(f"board {self.board} and workload {self.workload.task}-v{self.workload.version} differ")
        if any(one.kind != board.kind for one in self.passes):
            raise ValueError(f"a board of the meter {board.meter} holds {board.kind} passes only")
        return self

    @property
    def beside(self) -> dict[str, Table | Trace]:
        """The Parquet files that lie beside the run file, by what they are: those that there are."""
        every = {"trace": self.trace, "marks": self.marks, "scores": self.scores}
        return {what: one for what, one in every.items() if one is not None}

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all gates: any fail fails the run, any flag flags it."""
        verdicts = {gate.verdict for gate in self.gates}
        return "fail" if "fail" in verdicts else "flag" if "flag" in verdicts else "pass"


def to_bytes(run: Run) -> bytes:
    """Serialise a run: sorted keys, one newline at the end. The same run gives the same bytes."""
    data = run.model_dump(mode="json", by_alias=True)
    return (json.dumps(data, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def from_bytes(data: bytes, file: object = "run") -> Run:
    """Read a run. Raises Refusal naming every field that is wrong."""
    try:
        whole = json.loads(data)
        if b"\\ud" in data.lower():  # half a letter passes in JSON, and no file can hold it
            json.dumps(whole, ensure_ascii=False).encode()
        of = whole.get("schema") if isinstance(whole, dict) else None
        if isinstance(of, int) and of != SCHEMA:
            age = "newer than this version reads" if of > SCHEMA else "in which nothing was ever published"
            remedy = "Update the project" if of > SCHEMA else "Measure again"
            raise refuse(file, "schema", f"is {of}, {age}: it reads {SCHEMA}", remedy)
        return Run.model_validate(whole)
    except (ValueError, RecursionError) as error:
        if isinstance(error, ValidationError):
            raise Refusal(
                Problem(
                    str(file),
                    ".".join(map(str, issue["loc"])),
                    issue["msg"],
                    "Run files are written by wattbench only: measure again instead of editing",
                )
                for issue in error.errors()
            ) from None
        raise refuse(file, "", f"not JSON: {error}", "Run files are written by wattbench only") from None


def path_of(run: Run, folder: Path) -> Path:
    """Where a run belongs: `folder/ORG/NAME/runs/BOARD--DATE-DIGEST12.json`."""
    digest = hashlib.sha256(to_bytes(run)).hexdigest()[:12]
    return folder / run.model.id / "runs" / f"{run.board}--{run.measured_at[:10]}-{digest}.json"


def write(run: Run, folder: Path) -> Path:
    """Write a run below `folder` and return its path. A kill or a full disk leaves no half-written run.

    Raises Refusal where the disk refuses.
    """
    path = path_of(run, folder)
    write_whole(path, to_bytes(run))
    return path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: to a temporary file beside it, then renamed. Raises Refusal."""
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".tmp-", delete=False) as handle:
            temporary = Path(handle.name)
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
        temporary = None
    except OSError as error:
        message = f"cannot be written: {error.strerror or error}"
        raise refuse(path, "", message, "Free some space or choose another folder; nothing was left behind") from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def read_all(folder: Path) -> Iterator[tuple[Path, Run]]:
    """Read every run below a submissions folder, in the order of their paths. Raises Refusal for a bad one."""
    for path in sorted(folder.glob("*/*/runs/*.json")):
        if not path.name.endswith(".dsse.json"):
            yield path, from_bytes(path.read_bytes(), path)

"""The run file: the passes of one submission on one board in one session, as one JSON file.

Bytes: UTF-8, keys sorted, one newline at the end, so the same run always gives the same bytes. Field names carry
their unit. An absent reading is null, never 0.

Schema history:
    1  first version.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from wattbench.boards import Board
from wattbench.problems import Problem, Refusal, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["measured", "estimated"]
Verdict = Literal["pass", "flag", "fail"]
Role = Literal["candidate", "reference-before", "reference-after"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Frozen(BaseModel):
    """What every part of a run file shares: immutable, strict, no unknown fields, no NaN."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class Gate(_Frozen):
    """One check of a run. `value` is what was found, `limit` what the protocol allows, both as people read them."""

    name: str
    value: str | None
    limit: str
    verdict: Verdict
    why: str


class Quality(_Frozen):
    """How good the measured outputs are: `value` with its 95 % interval over `n` graded items."""

    metric: str
    value: float
    low: float
    high: float
    n: int = Field(ge=1)
    higher_is_better: bool


class Pass(_Frozen):
    """One measured window of whole rounds. `joules` is null where the reading failed, and `reason` says why.

    `queries` is how many were asked, and what energy is divided by; `answered` how many got an answer. `quality` is
    there where passes answered differently, so that each was graded. The window lay between `opened_seconds` and
    `closed_seconds` of the host's monotonic clock, as the trace has it. `notes` is what the meter noted: all that is
    needed to work its joules out again from the trace.
    """

    kind: Kind
    rounds: int = Field(ge=1)
    queries: int = Field(ge=1)
    answered: int = Field(ge=0)
    seconds: NotNegative
    joules: NotNegative | None
    reason: str | None
    counter_joules: NotNegative | None
    sampled_joules: NotNegative | None
    mean_watts: NotNegative | None
    samples: int = Field(ge=0)
    input_tokens: int | None
    output_tokens: int | None
    outputs_sha256: Sha256
    quality: float | None = None
    opened_seconds: NotNegative | None = None
    closed_seconds: NotNegative | None = None
    notes: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _absent_has_a_reason(self) -> Self:
        if (self.joules is None) == (self.reason is None):
            raise ValueError("a pass has either joules or the reason why it has none")
        if self.joules == 0:
            raise ValueError("0 J is no reading: a pass without energy is a failed pass")
        return self


class Model(_Frozen):
    """Which weights were measured. `revision` is the Hub's commit, or `package:NAME==VERSION` for the demo."""

    id: str
    revision: str
    base_model: str | None
    parameters: int = Field(ge=0)
    licence: str | None
    weights: Literal["real", "synthetic"]
    weights_sha256: dict[str, Sha256]
    about: str | None = None


class Workload(_Frozen):
    """Which rows were asked: `rows` queries a round, named by the sha256 of the workload's file."""

    task: str
    version: int = Field(ge=0)
    sha256: Sha256
    rows: int = Field(ge=1)
    about: str


class Device(_Frozen):
    """What was metered and what the model sat on. `fake` is true for any stand-in of a driver or device."""

    name: str
    uuid: str | None
    sku: str
    count: int = Field(ge=1)
    fake: bool


class Trace(_Frozen):
    """The run's trace: the sha256 that names its Parquet file, and how many rows it has."""

    sha256: Sha256
    rows: int = Field(ge=1)


class Phase(_Frozen):
    """A stretch of a run in seconds of the host's monotonic clock; `mean_watts` is null where nothing was sampled.

    Names: bare-before, context-before, warm-up, pass-1 ... pass-N, context-after, bare-after.
    """

    name: str
    started_seconds: NotNegative
    ended_seconds: NotNegative
    mean_watts: NotNegative | None


class Run(_Frozen):
    """The passes of one submission on one board in one session, with all that is needed to judge them."""

    schema_: Literal[1] = Field(alias="schema")
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
    trace: Trace | None = None
    quality: Quality | None
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
        return Run.model_validate(json.loads(data))
    except ValueError as error:
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

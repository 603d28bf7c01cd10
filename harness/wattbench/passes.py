"""What a run is made of: Pass, Rung, Phase, Gate, Quality and the tables beside it, each a strict, frozen value."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Kind = Literal["measured", "estimated"]
Verdict = Literal["pass", "flag", "fail"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Frozen(BaseModel):
    """What every part of a run file shares: immutable, strict, no unknown fields, no NaN."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False, defer_build=True)


class Gate(Frozen):
    """One check of a run. `value` is what was found, `limit` what the protocol allows, both as people read them."""

    name: str
    value: str | None
    limit: str
    verdict: Verdict
    why: str


class Quality(Frozen):
    """How good the measured outputs are: `value` with its 95 % interval over `n` graded items."""

    metric: str
    value: float
    low: float
    high: float
    n: int = Field(ge=1)
    higher_is_better: bool


class Pass(Frozen):
    """One measured window of whole rounds. `joules` is null where the reading failed, and `reason` says why.

    `queries` is how many were asked, and what energy is divided by; `answered` how many got an answer. `quality` is
    there where passes answered differently, so that each was graded. Of the outputs, `capped` were stopped by the cap
    of new tokens, `truncated` had their input cut; of the last round's, `distinct` differ and `echoed` only say the
    input again. Latencies are a batch's. `prefill_` and `decode_` split one generation at its first new token: their
    joules are shares of `joules`, by sampled power or by CPU time. The window lay between `opened_seconds` and
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
    batch: int = Field(default=1, ge=1)
    input_bytes: int | None = None
    output_bytes: int | None = None
    output_characters: int | None = None
    capped: int | None = None
    truncated: int | None = None
    distinct: int | None = None
    echoed: int | None = None
    audio_seconds: NotNegative | None = None
    latency_p50_seconds: NotNegative | None = None
    latency_p95_seconds: NotNegative | None = None
    prefill_seconds: NotNegative | None = None
    decode_seconds: NotNegative | None = None
    prefill_joules: NotNegative | None = None
    decode_joules: NotNegative | None = None
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


class Trace(Frozen):
    """The run's trace: the sha256 that names its Parquet file, and how many rows it has."""

    sha256: Sha256
    rows: int = Field(ge=1)


class Table(Frozen):
    """A Parquet file beside the run: the sha256 that names it, and how many rows it has."""

    sha256: Sha256
    rows: int = Field(ge=1)


class Rung(Frozen):
    """One batch size of a ladder. `exhausted` says why there is no window: memory ended."""

    batch: int = Field(ge=1)
    window: Pass | None
    exhausted: str | None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.window is None) == (self.exhausted is None):
            raise ValueError("a rung has either a window or the reason why it has none")
        return self


class Phase(Frozen):
    """A stretch of a run in seconds of the host's monotonic clock; `mean_watts` is null where nothing was sampled.

    Names: bare-before, context-before, warm-up, batch-1 ..., pass-1 ... pass-N, public, private, context-after,
    bare-after.
    """

    name: str
    started_seconds: NotNegative
    ended_seconds: NotNegative
    mean_watts: NotNegative | None

"""Answering a workload: rows in batches, a mark at every first token, and what is counted of the answers."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from statistics import quantiles
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from wattbench.tasks import Output, Row, Task

Batch = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Clock:
    """A moment of the measured process: seconds of the host's monotonic clock, and CPU seconds used so far."""

    seconds: float
    cpu_seconds: float


def now() -> Clock:
    """Look at both clocks."""
    return Clock(time.monotonic(), time.process_time())


@dataclass(slots=True)
class Answered:
    """The outputs of some rounds, in the order of the workload's rows, and when each batch began and ended.

    `marks` holds (began, first token or None, ended) of every batch.
    """

    outputs: list[Output]
    marks: list[tuple[Clock, Clock | None, Clock]] = field(default_factory=list)


def batches(task: Task, rows: Sequence[Row], chosen: Sequence[int], size: int, *, by_length: bool) -> list[Batch]:
    """Cut the chosen rows into batches; sorted by length, longest first, where the option says so and a task can."""
    order = list(chosen)
    if by_length and task.length is not None:
        lengths = [task.length(rows[i]) for i in order]
        order = [i for _, i in sorted(zip(lengths, order, strict=True), key=lambda one: (-one[0], one[1]))]
    return [tuple(order[start : start + size]) for start in range(0, len(order), size)]


def counts(task: Task, answered: Answered, rows: Sequence[Row], size: int) -> dict[str, Any]:
    """Count and hash what was answered, after its window has closed. `size` is how many queries a round has."""
    outputs = answered.outputs
    rounds = [outputs[start : start + size] for start in range(0, len(outputs), size)]
    digests = [digest(one) for one in rounds]
    last = rounds[-1]
    return {
        "queries": len(outputs),
        "answered": sum(task.answers(output.value) for output in outputs),
        "input_tokens": _total(output.input_tokens for output in outputs),
        "output_tokens": _total(output.output_tokens for output in outputs),
        "input_bytes": _times(_total(_text_bytes(text_of(row)) for row in rows), len(rounds)),
        "output_bytes": _total(_text_bytes(output.value) for output in outputs),
        "output_characters": _total(_characters(output.value) for output in outputs),
        "capped": _total(_one_if(output.capped) for output in outputs),
        "truncated": _total(_one_if(output.truncated) for output in outputs),
        "distinct": len({output_sha256(output) for output in last}),
        "echoed": sum(_echoes(output.value, text_of(row)) for output, row in zip(last, rows, strict=True)),
        "audio_seconds": _times(_audio(task, rows), len(rounds)),
        # Rounds that agree share one hash; rounds that do not give a hash that no agreeing pass has.
        "outputs_sha256": digests[0]
        if len(set(digests)) == 1
        else hashlib.sha256("".join(digests).encode()).hexdigest(),
        **_latency(answered.marks),
    }


def output_sha256(output: Output) -> str:
    """Hash one output's value as compact JSON."""
    return hashlib.sha256(json.dumps(output.value, separators=(",", ":"), ensure_ascii=True).encode()).hexdigest()


def digest(outputs: Sequence[Output]) -> str:
    """Hash the values of a round as compact JSON."""
    values = json.dumps([output.value for output in outputs], separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(values.encode()).hexdigest()


def text_of(row: Row) -> str | None:
    """Give the text that a row asks with, where it asks with one."""
    if "messages" in row:
        return "\n".join(message["content"] for message in row["messages"])
    asked = [
        row[name] for name in ("question", "context", "text", "text_b", "prompt") if isinstance(row.get(name), str)
    ]
    return "\n".join(asked) if asked and "audio" not in row else None


def _echoes(value: object, asked: str | None) -> bool:
    """Whether an answer only says again what it was asked."""
    if not isinstance(value, str) or asked is None or not value.strip():
        return False
    said = " ".join(value.split())
    words = " ".join(asked.split())
    return len(said) >= len(words) // 2 and (words.startswith(said) or said.startswith(words))


def _latency(marks: Sequence[tuple[Clock, Clock | None, Clock]]) -> dict[str, float | None]:
    """Tell how long batches took, in s, and how their time and CPU time split at the first token; None if unknown."""
    took = [ended.seconds - began.seconds for began, _, ended in marks]
    centiles = quantiles(took, n=100, method="inclusive") if len(took) > 1 else took * 99
    found: dict[str, float | None] = {
        "latency_p50_seconds": round(centiles[49], 9) if centiles else None,
        "latency_p95_seconds": round(centiles[94], 9) if centiles else None,
    }
    split = [(began, first, ended) for began, first, ended in marks if first is not None]
    names = ("prefill_seconds", "decode_seconds", "prefill_cpu_seconds", "decode_cpu_seconds")
    if not split or len(split) != len(marks):
        return found | dict.fromkeys(names)
    return found | {
        "prefill_seconds": sum(first.seconds - began.seconds for began, first, _ in split),
        "decode_seconds": sum(ended.seconds - first.seconds for _, first, ended in split),
        "prefill_cpu_seconds": sum(first.cpu_seconds - began.cpu_seconds for began, first, _ in split),
        "decode_cpu_seconds": sum(ended.cpu_seconds - first.cpu_seconds for _, first, ended in split),
    }


def _total(counted: Iterator[int | None]) -> int | None:
    known = list(counted)
    return None if any(one is None for one in known) else sum(one for one in known if one is not None)


def _times(value: float | None, factor: int) -> Any:  # noqa: ANN401 - an int stays one
    return None if value is None else value * factor


def _one_if(told: bool | None) -> int | None:  # noqa: FBT001 - a reading, not a switch
    return None if told is None else int(told)


def _text_bytes(text: object) -> int | None:
    return len(text.encode()) if isinstance(text, str) else None


def _characters(text: object) -> int | None:
    return len(text) if isinstance(text, str) else None


def _audio(task: Task, rows: Sequence[Row]) -> float | None:
    return round(sum(task.audio_seconds(row) for row in rows), 6) if task.audio_seconds is not None else None


def marks_of(answered: Answered) -> list[tuple[float, float, float]]:
    """Give when each batch began, had its first token and ended, in monotonic s; none where nothing was marked."""
    return [
        (began.seconds, first.seconds, ended.seconds) for began, first, ended in answered.marks if first is not None
    ]


def scores_of(graded: Mapping[str, Any], outputs: Sequence[Output], rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Give one row a query for the scores beside a run."""
    weights = graded["weights"] or [1.0] * len(outputs)
    return [
        {
            "query": number,
            "score": score,
            "weight": weight,
            "input_tokens": output.input_tokens,
            "output_tokens": output.output_tokens,
            "output_sha256": output_sha256(output),
            "private": bool(row.get("private", False)),
        }
        for number, (score, weight, output, row) in enumerate(
            zip(graded["scores"], weights, outputs, rows, strict=True)
        )
    ]

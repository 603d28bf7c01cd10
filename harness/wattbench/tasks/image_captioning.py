"""Image captioning: say in a sentence what a picture shows; graded by CIDEr.

Intended reference model of version 1: Salesforce/blip-image-captioning-base. Version 1 is not pinned yet. CIDEr weighs
words by how rare they are among the workload's own references: it compares models on one workload, not workloads.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wattbench import grading
from wattbench.asking import generating, pictures
from wattbench.grading import captions
from wattbench.problems import Problem, Refusal
from wattbench.tasks import Graded, Metric, Output, Row, Source, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattbench.asking.generating import Written
    from wattbench.backends import Loaded

CAP = 40  # new tokens: captions have some ten words


def check(loaded: Loaded, _rows: Sequence[Row]) -> None:
    """Raise Refusal for a model without an image processor or a tokenizer, or that has to be asked in words."""
    problems = pictures.problems(getattr(loaded.processor, "image_processor", None))
    if getattr(loaded.processor, "tokenizer", None) is None:
        remedy = "Publish tokenizer.json (or the vocabulary) beside the weights"
        problems.append(Problem("", "tokenizer", "the model comes without a tokenizer", remedy))
    elif getattr(loaded.processor, "chat_template", None):
        message = "the model has to be asked in words; this task shows pictures and asks nothing"
        problems.append(Problem("", "model", message, "Choose a model that captions unasked"))
    if problems:
        raise Refusal(problems)


def predict(loaded: Loaded, rows: Sequence[Row]) -> list[Output]:
    """Write a caption to `image` of each row, greedily; scores that are no numbers, and no words, are no answer."""
    inputs = pictures.tensors(loaded, loaded.processor.image_processor, pictures.decode(rows))
    return [
        Output(
            None if one.broken else generating.decoded(loaded, one.tokens),
            output_tokens=len(one.tokens),
            capped=one.capped,
        )
        for one in _write(loaded, inputs["pixel_values"])
    ]


def _write(loaded: Loaded, pixels: Any) -> list[Written]:  # noqa: ANN401 - a tensor
    """Generate from pictures alone. BLIP's own `generate` takes no settings: its parts are called here as it does."""
    import torch

    if loaded.model.config.model_type != "blip":
        return generating.write(loaded, {"pixel_values": pixels}, CAP)
    config = loaded.model.config.text_config
    with torch.inference_mode():
        seen = loaded.model.vision_model(pixel_values=pixels)[0]
    inputs = {
        "input_ids": torch.full((len(pixels), 1), config.bos_token_id, device=pixels.device),
        "encoder_hidden_states": seen,
        "encoder_attention_mask": torch.ones(seen.shape[:-1], dtype=torch.long, device=pixels.device),
    }
    decoder = replace(loaded, model=loaded.model.text_decoder)
    end = config.sep_token_id
    written = generating.write(decoder, inputs, CAP, eos_token_id=end)
    return [_ended(one, end) for one in written]


def _ended(written: Written, end: int) -> Written:
    """Cut what was written after the token that ends it."""
    if end not in written.tokens:
        return written
    return replace(written, tokens=written.tokens[: written.tokens.index(end) + 1], capped=False)


def grade(outputs: Sequence[Output], rows: Sequence[Row], _loaded: Loaded) -> Graded:
    """CIDEr over the rows with `row["captions"]`, with a 95 % interval by resampling pictures."""
    graded = [i for i, row in enumerate(rows) if row["captions"]]
    found = captions.cider([outputs[i].value or "" for i in graded], [rows[i]["captions"] for i in graded])
    own = dict(zip(graded, found, strict=True))
    scores = [round(own[i], 6) if i in own else None for i in range(len(rows))]
    lengths = [len((outputs[i].value or "").split()) for i in graded]
    more = {"output words": round(sum(lengths) / len(lengths), 6)}
    return Graded(grading.bootstrapped(TASK.metric, scores), scores, more=more)


def _coco_row(row: Row) -> Row | None:
    """One row of lmms-lab/COCO-Caption2017: {"image": {"bytes"}, "answer": [...]}."""
    return {"image": row["image"]["bytes"], "captions": list(row["answer"])} if row["answer"] else None


def _nocaps_row(row: Row) -> Row | None:
    """One row of lmms-lab/NoCaps: {"image": {"bytes"}, "annotations_captions": [...]}."""
    found = row["annotations_captions"]
    return {"image": row["image"]["bytes"], "captions": list(found)} if found else None


def _flickr_row(row: Row) -> Row | None:
    """One row of lmms-lab/flickr30k: {"image": {"bytes"}, "caption": [...]}."""
    return {"image": row["image"]["bytes"], "captions": list(row["caption"])} if row["caption"] else None


TASK = Task(
    name="image-captioning",
    title="Image captioning",
    query="one picture described in a sentence",
    optimum="image-to-text",
    library="transformers",
    processor="processor",
    metric=Metric("CIDEr", "", higher_is_better=True, floor=0.3, margin=0.03),
    references={},
    predict=predict,
    grade=grade,
    check=check,
    sources=(
        Source(
            dataset="lmms-lab/COCO-Caption2017",
            config=None,
            split="val",
            revision=None,
            licence="annotations CC-BY-4.0; pictures under their own Flickr licences",
            files="data/val-*.parquet",
            row=_coco_row,
        ),
        Source(
            dataset="lmms-lab/NoCaps",
            config=None,
            split="validation",
            revision=None,
            licence="captions CC-BY-2.0; pictures of Open Images, CC-BY-2.0",
            files="data/validation-*.parquet",
            row=_nocaps_row,
        ),
        Source(
            dataset="lmms-lab/flickr30k",
            config=None,
            split="test",
            revision=None,
            licence="research only; pictures under their own Flickr licences",
            files="data/test-*.parquet",
            row=_flickr_row,
        ),
    ),
    cap=CAP,
)

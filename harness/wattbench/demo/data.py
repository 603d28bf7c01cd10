"""The demo's workloads, version 0 of their tasks: which packages each is read from, and what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench.demo import item, packages, rows, speech

if TYPE_CHECKING:
    from pathlib import Path

    from wattbench.demo.item import Item


def workloads(shelf: Path) -> tuple[Item, ...]:
    """Every workload of the demo. Its texts, pictures and recordings are real, and few."""
    return (
        item.workload(
            shelf,
            "sentence-similarity",
            "50 texts with human judgements",
            "50 news texts with the human 50 x 50 similarity matrix of Lee, Pincombe and Welsh (2005), from gensim.",
            (packages.GENSIM,),
            rows.lee,
        ),
        item.workload(
            shelf,
            "image-classification",
            "14 pictures",
            "14 pictures from scikit-image and gradio, 6 of which have a label that nobody would dispute.",
            (packages.GRADIO, packages.SCIKIT_IMAGE),
            rows.pictures,
        ),
        item.workload(
            shelf,
            "text-generation",
            f"{rows.CAPITALS + rows.PLURALS} questions with one right answer",
            f"{rows.CAPITALS} capitals and {rows.PLURALS} plurals, to be answered in a word after two examples: the "
            "first pairs of these sections of questions-words.txt (Mikolov et al., 2013), from gensim.",
            (packages.GENSIM,),
            rows.questions,
        ),
        item.workload(
            shelf,
            "text-generation-fixed",
            f"{rows.BEGUN} news texts to go on with",
            f"The first {rows.BEGUN} texts of the Lee background corpus (2005), cut in two: the first half is the "
            "prompt, the second the reference. From gensim.",
            (packages.GENSIM,),
            rows.begun_texts,
        ),
        item.workload(
            shelf,
            "automatic-speech-recognition",
            "5 sentences read aloud",
            "5 sentences of Jane Austen's Sense and Sensibility, read aloud for LibriVox (public domain), 25 s with "
            "their transcripts, from the test data of pocketsphinx.",
            (packages.POCKETSPHINX,),
            speech.librivox,
        ),
    )

"""CIDEr of captions, by coco-caption's own code (`pycocoevalcap`).

coco-caption cuts captions into words with Stanford's PTB tokenizer, which needs Java. Here NLTK's tokenizer of the
same Penn Treebank rules does it, on lower case, and the same punctuation is dropped. The two differ in rare things
(`w/`, brackets, a full stop after an abbreviation at the end).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# What coco-caption drops, and the brackets and quotes that it writes in other ways.
PUNCTUATION = {*"'`.?!,:;-()[]{}\"", "''", "``", "--", "..", "..."}


def words(caption: str) -> str:
    """Cut a caption into lower-case words by the rules of the Penn Treebank, without punctuation."""
    from nltk.tokenize import TreebankWordTokenizer

    return " ".join(one for one in TreebankWordTokenizer().tokenize(caption.lower()) if one not in PUNCTUATION)


def cider(said: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
    """Give CIDEr (CIDEr-D, as coco-caption has it: 0 to 10, people reach about 0.9) of one caption a picture.

    What a word is worth comes from the references of all the pictures together. Raises ValueError for fewer than two.
    """
    from pycocoevalcap.cider.cider import Cider

    if len(references) < 2:  # noqa: PLR2004 - every word would be in all the pictures there are, and worth nothing
        raise ValueError("CIDEr needs two pictures with captions at least")
    gold = {i: [words(one) for one in captions] for i, captions in enumerate(references)}
    _, scores = Cider().compute_score(gold, {i: [words(one)] for i, one in enumerate(said)})
    return [float(one) for one in scores]

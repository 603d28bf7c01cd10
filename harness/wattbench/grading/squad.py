"""How answers to questions are graded: the rules of SQuAD 2.0's official script (`evaluate-v2.0.py`).

No kept library offers them any more: transformers dropped its copy in version 5, torchmetrics knows only SQuAD 1.1,
and `evaluate` fetches the script from the Hub. Source of the rules: Rajpurkar, Jia and Liang, "Know What You Don't
Know: Unanswerable Questions for SQuAD", 2018, https://rajpurkar.github.io/SQuAD-explorer/.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalised(text: str) -> str:
    """Lower the case, drop punctuation, drop English articles, and leave single spaces: in this order."""
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())


def references(answers: Sequence[str]) -> list[str]:
    """Give the answers to compare with: those with anything in them, or "" where the question has no answer."""
    return [answer for answer in answers if normalised(answer)] or [""]


def exact(answers: Sequence[str], said: str) -> float:
    """Whether what was said is one of the answers, 0 or 1."""
    return float(any(normalised(answer) == normalised(said) for answer in references(answers)))


def f1(answers: Sequence[str], said: str) -> float:
    """F1 over words with the nearest of the answers, 0 to 1."""
    return max(_f1(normalised(answer).split(), normalised(said).split()) for answer in references(answers))


def _f1(gold: list[str], said: list[str]) -> float:
    if not gold or not said:  # one of them is no answer: right where both are
        return float(gold == said)
    same = sum((Counter(gold) & Counter(said)).values())
    return 2 * same / (len(gold) + len(said))

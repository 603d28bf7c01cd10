r"""Exact match: whether an answer in plain words is the right one, by rules that are the same for every model.

An answer is what stands in the last \boxed{}, or in the line behind the last "answer is", "answer:" or "####", or else
the whole text.

- A number is right when the last number of the answer is equal to it: 1,000 = 1000.0 = $1000.
- A choice is right when the answer names its letter (`B`, `(b)`, `B. Paris`, `**B**`), or is the text of that choice
  and of no other. More than one letter in a row is no choice.
- Anything else is right when the answer, or what follows its last "is", "are", "was" or "were", is equal to it after
  SQuAD's normalisation: lower case, no punctuation, no articles, single spaces. So "The capital of France is Paris."
  is right, and a list of cities with Paris among them is not.
"""

from __future__ import annotations

import re
import string
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MARK = re.compile(r"(?:\banswer\b\**\s*(?:is|:)+\**:?|####)\s*", re.IGNORECASE)
BOXED = re.compile(r"\\boxed\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
NUMBER = re.compile(r"(?:(?<!\w)-)?(?:\d[\d,]*(?:\.\d+)?|\.\d+)")
LETTER = re.compile(r"^\W*(?:option|choice)?\W*([A-J])(?=$|\s*$|[\s]*[).:,*\n\]}])", re.IGNORECASE)
LISTED = re.compile(r"^\W*[A-J]\b\W+(?:(?:and|or)\W+)?[A-J]\b", re.IGNORECASE)
COPULA = re.compile(r"\b(?:is|are|was|were)\b")
ARTICLES = re.compile(r"\b(a|an|the)\b")


def normalised(text: str) -> str:
    """Give a text in lower case, without punctuation and articles, with single spaces, as SQuAD's script does."""
    plain = "".join(one for one in text.lower() if one not in string.punctuation)
    return " ".join(ARTICLES.sub(" ", plain).split())


def is_right(answer: str, reference: str, choices: Sequence[str] | None = None) -> bool:
    """Whether an answer, its reasoning taken off, is the reference: a letter where there are choices."""
    said = final(answer)
    if choices:
        return chosen(said, choices) == reference.strip().upper()
    wanted = number(reference)
    if wanted is not None and NUMBER.fullmatch(reference.strip().lstrip("$")):
        return last_number(said) == wanted
    words = normalised(said)
    return bool(words) and normalised(reference) in {words, COPULA.split(words)[-1].strip()}


def contains(answer: str, reference: str) -> bool:
    """Whether the words of the reference stand somewhere in the answer, in a row."""
    return bool(normalised(reference)) and f" {normalised(reference)} " in f" {normalised(answer)} "


def final(answer: str) -> str:
    """Give the part of an answer that answers."""
    boxed = BOXED.findall(answer)
    if boxed:
        return str(boxed[-1]).strip()
    before, *after = MARK.split(answer)
    lines = after[-1].strip().splitlines() if after else []
    return lines[0].strip() if lines else (before if after else answer).strip()


def chosen(said: str, choices: Sequence[str]) -> str | None:
    """Give the letter of the choice that is named, or None where none is, or more than one."""
    letters = string.ascii_uppercase[: len(choices)]
    found = None if LISTED.match(said) else LETTER.match(said)
    if found and found.group(1).upper() in letters:
        return str(found.group(1)).upper()
    same = [letter for letter, one in zip(letters, choices, strict=True) if normalised(one) == normalised(said)]
    within = same or [letter for letter, one in zip(letters, choices, strict=True) if contains(said, one)]
    return within[0] if len(within) == 1 else None


def last_number(text: str) -> Decimal | None:
    """Give the last number that a text has, or None."""
    found = NUMBER.findall(text)
    return number(found[-1]) if found else None


def number(text: str) -> Decimal | None:
    """Read a number with thousands separators and a currency sign, or None."""
    found = NUMBER.search(text)
    return Decimal(found.group().replace(",", "")) if found else None

"""A block between two markers in a README: put there once, replaced after that; every other byte stays. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattbench.problems import Problem, Refusal
from wattboard import formats

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

README = "README.md"
BEGIN, END = "<!-- wattstar:begin -->", "<!-- wattstar:end -->"
REMEDY = f"Leave one {BEGIN} and one {END} below it, or neither: then a new block is put in"
_MARKER = re.compile(r"<!--\s*wattstar:(begin|end)\s*-->")
_CONFLICT = re.compile(r"^(<{7}|>{7})( |$)|^={7}$")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)")
_ALONE = re.compile(r"\[!\[[^\]]*\]\([^)\s]*\)\]\([^)\s]*\)\s*")
_HEADING = re.compile(r"#(?!#)[ \t]*\S")


@dataclass(frozen=True, slots=True)
class Edited:
    """A README with its block, and what else stands in it that its owner may want to know of."""

    data: bytes
    notes: tuple[str, ...] = ()


def put(data: bytes, block: Sequence[str], address: str, model: str) -> Edited:
    """Put a block's lines into a README, in place of an old block or of an old badge on a line of its own.

    Without either it stands below the first heading, where the text begins with one, else at the beginning of the
    text, behind the front matter. Line endings and a byte-order mark stay. Raises Refusal, with the lines.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        message = f"is not UTF-8: byte {error.start} is {data[error.start]:#04x}"
        raise Refusal([Problem(README, "", message, "Save it as UTF-8")]) from None
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    lines = list(_lines(text.removeprefix(mark)))
    start = _front_matter(lines)
    place = _block(lines, start)
    ending = _ending(lines)
    new = [f"{line}{ending}" for line in (BEGIN, *block, END)]
    old = [k for k in range(start, len(lines)) if _old_badge(lines[k], address, model)]
    if place is None:
        place = next(((k, k) for k in old if _ALONE.fullmatch(lines[k])), None)
    if place is None:
        whole = _inserted(lines, start, new, ending)
    else:
        first, last = place
        new[-1] = new[-1].removesuffix(ending) + _end_of(lines[last])
        whole = [*lines[:first], *new, *lines[last + 1 :]]
        old = [k for k in old if not first <= k <= last]
    return Edited(f"{mark}{''.join(whole)}".encode(), _notes(old))


def _inserted(lines: list[str], start: int, new: list[str], ending: str) -> list[str]:
    """Put a new block in, with an empty line on either side where something stands there."""
    first = next((k for k in range(start, len(lines)) if lines[k].strip()), len(lines))
    at = first + 1 if first < len(lines) and _HEADING.match(lines[first]) else first
    before = [ending] if at > 0 and not _end_of(lines[at - 1]) else []
    if at > 0 and (at == start or lines[at - 1].strip()):
        before.append(ending)
    after = [ending] if at < len(lines) and lines[at].strip() else []
    return [*lines[:at], *before, *new, *after, *lines[at:]]


def _block(lines: list[str], start: int) -> tuple[int, int] | None:
    """Find the block: its first and its last line, None where there is none. Raises Refusal."""
    marks = [(k, one[1]) for k, line in enumerate(lines) for one in _MARKER.finditer(line)]
    conflicts = [k + 1 for k, line in enumerate(lines) if _CONFLICT.match(line.rstrip("\r\n")) and line[0] != "="]
    told = ", ".join(f"{kind} in line {k + 1}" for k, kind in marks)
    problems = []
    if conflicts:
        where = ", ".join(map(str, conflicts))
        problems.append(Problem(README, "", f"holds an unresolved merge conflict in line {where}", "Resolve it first"))
    if marks and [kind for _, kind in marks] != ["begin", "end"]:
        problems.append(Problem(README, "markers", f"are not one pair: {told}", REMEDY))
    elif marks and marks[0][0] < start:
        problems.append(Problem(README, "markers", f"stand in the front matter: {told}", REMEDY))
    elif any(not _MARKER.fullmatch(lines[k].strip()) for k, _ in marks):
        problems.append(Problem(README, "markers", f"share a line with other text: {told}", REMEDY))
    if problems:
        raise Refusal(problems)
    return (marks[0][0], marks[1][0]) if marks else None


def _front_matter(lines: list[str]) -> int:
    """Count the lines of the front matter, as the Hub finds it; 0 without one."""
    first = next((k for k, line in enumerate(lines) if line.strip()), None)
    if first is None or lines[first].strip() != "---":
        return 0
    last = next((k for k in range(first + 1, len(lines)) if lines[k].rstrip() == "---"), None)
    return 0 if last is None else last + 1


def _old_badge(line: str, address: str, model: str) -> bool:
    """Tell whether a line shows a badge of ours for this model."""
    where = rf"{re.escape(address)}(badges/v1|editions/[^/\s]+/badges)/{re.escape(formats.path(model))}/"
    return re.search(where, line) is not None


def _notes(old: Sequence[int]) -> tuple[str, ...]:
    if not old:
        return ()
    where = ", ".join(str(k + 1) for k in old)
    return (f"Line {where} of {README} shows a badge of ours outside the markers: it is left as it is.",)


def _lines(text: str) -> Iterator[str]:
    """Split a text at its line endings, whichever they are, and keep them."""
    return (one[0] for one in _LINE.finditer(text) if one[0])


def _end_of(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _ending(lines: Sequence[str]) -> str:
    """Give the line ending that most lines have."""
    known = Counter(_end_of(line) for line in lines if _end_of(line))
    return known.most_common(1)[0][0] if known else "\n"

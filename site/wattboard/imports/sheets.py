"""Reads a CSV file that somebody else published: everything wrong with it at once, with the rows' numbers."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattbench.problems import Problem, Refusal, refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

MOST_BYTES = 64 * 1024 * 1024
_NO_TEXT = re.compile(rb"\x00|^(PK\x03\x04|\x1f\x8b|PAR1|%PDF|\x7fELF)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table by its line in the file (the header is 1), its cells as text without outer spaces."""

    row: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file, and the sha256 of its bytes. `name` is the file's, without its folder."""

    name: str
    sha256: str
    lines: tuple[Line, ...]


def read(path: Path, columns: Sequence[str]) -> Table:
    """Read a table with a header. Raises Refusal for no CSV in UTF-8, missing columns, ragged or repeated rows."""
    data = _bytes(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        message = f"is not UTF-8: byte {data[error.start]:#04x} in row {row}"
        raise refuse(path, f"row {row}", message, "Save it as UTF-8") from None
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        rows = [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        raise refuse(path, "", f"is no CSV file: {error}", "Give the table as comma-separated values") from None
    if not rows:
        raise refuse(path, "", "is empty", "Give the file as its source published it")
    header = [cell.strip() for cell in rows[0][1]]
    problems = _header_problems(path, header, columns)
    if not problems and len(rows) == 1:
        problems = [Problem(str(path), "", "has a header and no rows", "Give the file as its source published it")]
    if problems:
        raise Refusal(problems)
    lines = []
    seen: dict[tuple[str, ...], int] = {}
    for number, cells in rows[1:]:
        if len(cells) != len(header):
            message = f"has {len(cells)} cells, the header has {len(header)}"
            problems.append(Problem(str(path), f"row {number}", message, "Mend the row"))
            continue
        line = Line(number, dict(zip(header, (cell.strip() for cell in cells), strict=True)))
        key = tuple(line.cells[column] for column in header)
        if (first := seen.setdefault(key, number)) != number:
            message = f"repeats row {first}, cell by cell"
            problems.append(Problem(str(path), f"row {number}", message, "Remove one of the two"))
        lines.append(line)
    if problems:
        raise Refusal(problems)
    return Table(path.name, hashlib.sha256(data).hexdigest(), tuple(lines))


def text(path: Path, line: Line, column: str, problems: list[Problem], form: re.Pattern[str] | None = None) -> str:
    """Give a cell as text. An empty one, one with control characters, one of another form: a problem and ''."""
    found = line.cells[column]
    if not found:
        problems.append(_at(path, line, column, "is empty", "Fill it in or remove the row"))
    elif _CONTROL.search(found) or (form and not form.fullmatch(found)):
        problems.append(_at(path, line, column, f"{found!r} is not of its form", "Write it as the source does"))
    else:
        return found
    return ""


def number(path: Path, line: Line, column: str, problems: list[Problem]) -> float:
    """Give a cell as a finite number above 0. Anything else: a problem and NaN."""
    found = line.cells[column]
    try:
        value = float(found)
    except ValueError:
        value = math.nan
    if math.isfinite(value) and value > 0:
        return value
    if not found:
        message = "is empty: a reading that is absent is not 0"
    elif value == 0:
        message = "is 0: a failed reading, not a thrifty model"
    elif value < 0:
        message = f"is negative: {found}"
    else:
        message = f"{found!r} is no finite number"
    problems.append(_at(path, line, column, message, "Remove the row, or give its reading"))
    return math.nan


def whole(path: Path, line: Line, column: str, problems: list[Problem]) -> int:
    """Give a cell as a whole number above 0; `8.0` is one. Anything else: a problem and 1."""
    value = number(path, line, column, problems)
    if math.isnan(value):
        return 1
    if not value.is_integer():
        message = f"{line.cells[column]} is no whole number"
        problems.append(_at(path, line, column, message, "Give it as the source does"))
        return 1
    return int(value)


def spans(rows: Iterable[int]) -> str:
    """Name rows briefly: `2-107, 110`."""
    told: list[list[int]] = []
    for row in sorted(set(rows)):
        if told and row == told[-1][1] + 1:
            told[-1][1] = row
        else:
            told.append([row, row])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in told)


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise refuse(path, "", f"is larger than {MOST_BYTES // 2**20} MiB", "Give the table alone")
        data = path.read_bytes()
    except OSError as error:
        raise refuse(path, "", f"cannot be read: {error.strerror or error}", "Give a file that is there") from None
    if not data.strip():
        raise refuse(path, "", "is empty", "Give the file as its source published it")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refuse(path, "", "is UTF-16", "Save it as UTF-8")
    if _NO_TEXT.search(data):
        raise refuse(path, "", "is no CSV file: it is not text", "Give the table as comma-separated values")
    return data


def _header_problems(path: Path, header: Sequence[str], columns: Sequence[str]) -> list[Problem]:
    hint = " The cells seem to be parted by semicolons or tabs" if re.search(r"[;\t]", "".join(header)) else ""
    remedy = f"Give the file as its source published it, with commas.{hint}"
    problems = [
        Problem(str(path), f"row 1, {column}", "this column is missing", remedy)
        for column in columns
        if column not in header
    ]
    twice = sorted({column for column in header if header.count(column) > 1})
    return problems + [
        Problem(str(path), f"row 1, {column}", "this column is there twice", "Keep one of the two") for column in twice
    ]


def _at(path: Path, line: Line, column: str, message: str, remedy: str) -> Problem:
    return Problem(str(path), f"row {line.row}, {column}", message, remedy)

"""A report as JSON, as GitHub's workflow commands, and as Markdown for a comment. Pure.

What strangers wrote can do nothing in any of them: no line begins with a command of theirs, and in Markdown it stands
in code spans, where neither HTML, links, pictures nor mentions are.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from wattbench.checking import report as reports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wattbench.checking.report import Checked, Report
    from wattbench.problems import Problem

LONGEST = 60_000  # characters; GitHub takes 65,536 in a comment
# Words that Markdown leaves as they are: no @, #, :, /, <, [, `, *, _, and no hash that would be linked.
_PROSE = re.compile(r"(?!.*(www\.|\b[0-9a-f]{7,40}\b|\bGH-\d))[A-Za-z0-9][A-Za-z0-9 ,.;'()%=+-]*", re.IGNORECASE)
HUB = {
    "asked": "",
    "not asked": "The Hub was not asked, so nothing is said about what lies there.",
    "unreachable": "The Hub could not be asked, which is no fault of the submission: that is still to be done.",
}


def to_json(report: Report) -> str:
    """Write a report as one JSON document: ASCII, keys sorted, one newline at the end."""
    text = json.dumps(reports.document(report), sort_keys=True, indent=1, ensure_ascii=True)
    return text.replace("##[", "#\\u0023[") + "\n"  # the same JSON; a log of GitHub's would take ##[ for a command


def to_github(report: Report) -> str:
    """Write every problem and note as a workflow command, which GitHub shows beside the file's line."""
    lines = [*(_command("error", one) for one in report.problems), *(_command("notice", one) for one in report.notes)]
    return "".join(f"{line}\n" for line in lines)


def _command(kind: str, problem: Problem) -> str:
    line = re.fullmatch(r"line (\d+)", problem.field)
    properties = {
        "file": problem.file,
        "line": line[1] if line else "",
        "title": problem.field,
    }
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{kind}{' ' if told else ''}{told}::{_data(f'{problem.message}. {problem.remedy}'.rstrip())}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def to_markdown(report: Report) -> str:
    """Write a report for a comment: what is wrong, what is worth knowing, which boards it would enter."""
    text = ""
    for block in _blocks(report):
        if len(text) + len(block) > LONGEST:
            return text + "\nThere is more than a comment holds: `wattbench check` says all of it.\n"
        text += block
    return text


def _blocks(report: Report) -> Iterator[str]:
    count = len(report.problems)
    yield f"**{count} problem{'s' * (count != 1)}**\n\n" if count else "**Nothing is wrong with it.**\n\n"
    yield from map(_item, report.problems)
    if report.notes:
        yield "\n**Worth knowing**\n\n"
        yield from map(_item, report.notes)
    for one in report.submissions:
        yield from _asked(one)
    if words := HUB[report.hub]:
        yield f"\n{words}\n"


def _item(problem: Problem) -> str:
    where = " ".join(map(code, filter(None, (problem.file, problem.field))))
    remedy = f" {prose(problem.remedy)}." if problem.remedy else ""
    return f"- {where}{': ' if where else ''}{prose(problem.message)}.{remedy}\n"


def _asked(one: Checked) -> Iterator[str]:
    if one.boards:
        yield f"\n**{code(one.submission.model.id)}** would enter\n\n"
        yield from (f"- {code(board.name)}\n" for board in one.boards)


def prose(text: str) -> str:
    """Write words that Markdown leaves alone as they are, anything else as code."""
    return text if _PROSE.fullmatch(text) else code(text)


def code(text: str) -> str:
    """Write text of anybody's as a code span. It has to be on one line: legible."""
    text = text.replace("##[", "## [")  # which a log of GitHub's would take for a command
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if not text or text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"

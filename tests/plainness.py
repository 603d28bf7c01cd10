"""Whether text that strangers had a part in is plain wherever it is shown: in logs, in comments, in JSON."""

from __future__ import annotations

import html.parser
import json
import re
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from wattbench.checking import forms
from wattbench.checking.report import Report

if TYPE_CHECKING:
    from wattbench.problems import Problem

PLAIN = {"p", "ul", "li", "strong", "code"}
_MARKDOWN = MarkdownIt("commonmark")
_COMMAND = re.compile(r"::(error|notice)( [a-z]+=[^:,]*(,[a-z]+=[^:,]*)*)?::.*")


class _Seen(html.parser.HTMLParser):
    """What a browser would make of a comment: its tags, and its text outside of code."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.bare = ""
        self.codes = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.codes += tag == "code"
        assert attrs == []

    def handle_endtag(self, tag: str) -> None:
        self.codes -= tag == "code"

    def handle_data(self, data: str) -> None:
        if not self.codes:
            self.bare += data


def comment(text: str) -> None:
    """Markdown makes nothing of it but paragraphs, lists and code; nothing outside of code can be linked."""
    seen = _Seen()
    seen.feed(_MARKDOWN.render(text))
    assert seen.tags <= PLAIN, seen.tags
    assert not re.search(r"[@#<>`\[\]|]|://|www\.|\b[0-9a-f]{7,40}\b|GH-\d", seen.bare), seen.bare


def log(text: str, *, commands: int = 0) -> None:
    """No line but so many is a command to GitHub, and nothing in any steers a terminal."""
    lines = text.split("\n")
    assert sum(line.lstrip().startswith("::") for line in lines) == commands
    assert "##[" not in text or commands
    assert all(line.isprintable() for line in lines), [line for line in lines if not line.isprintable()]


def every_form(problems: list[Problem]) -> None:
    """A report of these problems is plain in every form."""
    report = Report((), problems, problems[:3])
    told = json.loads(forms.to_json(report))
    assert len(told["problems"]) == len(problems)
    assert forms.to_json(report).isascii()
    log(forms.to_json(report))
    log(forms.to_github(report), commands=len(problems) + len(report.notes))
    for line in forms.to_github(report).splitlines():
        assert _COMMAND.fullmatch(line), line
    comment(forms.to_markdown(report))
    log(forms.to_markdown(report))


def refusal(problems: list[Problem]) -> None:
    """Every problem says what is wrong and what to do, in one line that is not endless."""
    assert problems
    for one in problems:
        assert one.message
        assert one.remedy
        assert str(one).isprintable()
        assert len(str(one)) < 4100

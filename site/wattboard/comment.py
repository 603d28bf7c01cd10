"""What a pull request is told: what was found, the boards it would enter, who is rated there, what happens next. Pure.

One comment, put in place of the last one by its marker. What strangers wrote stands in code spans, where GitHub
follows nothing: no mention, link, picture or HTML.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from wattbench.checking.forms import code, prose
from wattbench.legible import legible
from wattboard import advising, commenting, formats
from wattboard.advising import advice_words as words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wattboard.advising.choices import Offer
    from wattboard.advising.scores import Pairing
    from wattboard.commenting import Asked, Place, Way
    from wattboard.commenting.reading import Found, Told
    from wattboard.listings import Listing

MARKER = "<!-- wattstar: what was found in this pull request -->"
PROBLEMS, NOTES, SUBMISSIONS, WAYS = 10, 4, 2, 4  # how many of each are shown; the others are counted
LONGEST = 240  # characters of one piece of text
# A run is 10 to 25 minutes by the official protocol, as submissions/README.md adds it up, and a board takes two.
MINUTES = (20, 50)
_NEAR = {
    "itself": "measured already, and nearest in size",
    "size": "nearest in size",
    "family": "of the same family",
    "energy": "of the lowest energy",
}


def comment(found: Found, boards: Sequence[tuple[Listing, Offer]], pairing: Pairing) -> str:
    """Write the comment on a check's document, beside the boards that are rated now."""
    good = [one for one in found.submissions if one.good]
    lines = [
        MARKER,
        _headline(found),
        *_told(found.problems, "To mend", PROBLEMS),
        *_told(found.notes, "Worth knowing", NOTES),
        *chain.from_iterable(_asked(one.asked, boards, pairing) for one in good[:SUBMISSIONS]),
        *_more(len(good) - SUBMISSIONS, "more submission", "wattbench check says which boards they would enter"),
        *_next(found, sum(len(one.boards) for one in good)),
    ]
    return "\n".join(lines) + "\n"


def _headline(found: Found) -> str:
    many = len(found.problems)
    if not found.fine:
        return f"### {_count(max(many, 1), 'problem')} to mend"
    if not found.submissions:
        return "### Nothing here asks for a measurement"
    return f"### {_count(len(found.submissions), 'submission')}, nothing wrong"


def _told(found: Sequence[Told], title: str, most: int) -> Iterator[str]:
    if found:
        yield f"\n**{title}**\n"
        yield from (_item(one) for one in found[:most])
        yield from _more(len(found) - most, "more", "`wattbench check` says all of them")


def _item(one: Told) -> str:
    where = " ".join(_code(part) for part in (one.file, one.field) if part)
    remedy = f" {_prose(one.remedy)}." if one.remedy else ""
    return f"- {where}{': ' if where else ''}{_prose(one.message)}.{remedy}"


def _asked(asked: Asked, boards: Sequence[tuple[Listing, Offer]], pairing: Pairing) -> Iterator[str]:
    size = f", {formats.count(asked.parameters)} parameters" if asked.parameters else ""
    if not asked.ways:
        yield f"\n**{_code(asked.model)}** comes from a package, as the demo's models do: it enters no rated board."
        return
    yield f"\n**{_code(asked.model)}**{size}, would enter\n"
    for way in asked.ways[:WAYS]:
        found = commenting.places(asked, way, boards, pairing)
        if found:
            yield from _place(found[0])
            yield from _more(len(found) - 1, "board", "the same on other hardware", lead="  - ")
        else:
            yield f"- {_way(way)}: a board where nobody is rated yet."
    yield from _more(len(asked.ways) - WAYS, "more board", "one for each precision and scenario")


def _place(place: Place) -> Iterator[str]:
    offer = place.offer
    edition = f", edition {_code(offer.edition)}" if offer.edition else ", in no edition yet"
    headline = ", the headline board of its task" if place.headline else ""
    yield f"- {_code(offer.board)}: {_count(len(offer.choices), 'model')} rated{edition}{headline}."
    if place.near:
        yield f"  - There now, {_NEAR[place.by]}:"
        yield from (f"    - {_code(one.model)}: {words.told(one, offer)}" for one in place.near)
    one = place.smaller
    if one is not None and offer.metric is not None:
        within = words.points(advising.point(offer.metric), offer.metric).replace("1 points", "1 point")
        yield (
            f"  - A smaller one on this board does the same within {within}: {_code(one.b)} in place of {_code(one.a)} "
            f"{words.less(one, offer)}, and its quality is not worse{words.paired(one, offer)}."
        )


def _way(way: Way) -> str:
    """Name a board that does not exist yet by what a submission asks for."""
    reasoning = "" if way.reasoning == "off" else f", reasoning {way.reasoning}"
    return f"{way.task.replace('-', ' ')}, {way.precision}, {way.scenario}{reasoning}"


def _next(found: Found, boards: int) -> Iterator[str]:
    yield "\n**What happens next**\n"
    if not found.fine:
        yield "- Mend it on the same branch and push: this comment follows, and nothing else is needed."
        yield "- Try it at home first: `wattbench check`, with the path of your file. It says the same, and more."
        return
    if not found.submissions:
        yield "- A maintainer looks at it. Nothing is measured."
        return
    yield "1. A maintainer reads the change and merges it: that asks for the measurement, and is no promise of a star."
    yield "2. A maintainer approves the measuring. Nothing of this pull request runs on the GPU host before."
    if boards:
        many = _count(boards, "board")
        yield f"3. The GPU host measures {many} in turn, in two sessions each: planned are {_time(boards)}."
    else:
        yield "3. The GPU host measures what is rated; models from packages are for the demo alone."
    yield "4. The result comes as a pull request of its own, signed. Look at it and answer before it counts."
    yield "5. Merged, the site is built again, with its badge. A failure is told with its cause and what you can do."
    if found.hub == "unreachable":
        yield "\nThe Hub could not be asked just now, which is no fault of yours: a maintainer starts the check again."


def _time(boards: int) -> str:
    low, high = (boards * one for one in MINUTES)
    if high < 2 * 60:  # in minutes until there are some hours
        return f"{low} to {high} minutes"
    return f"{formats.significant(low / 60, 2)} to {formats.significant(high / 60, 2)} hours"


def _more(many: int, noun: str, words_: str, lead: str = "- ") -> Iterator[str]:
    if many > 0:
        yield f"{lead}{_count(many, noun) if noun != 'more' else f'{many} more'}: {words_}."


def _count(many: int, noun: str) -> str:
    return f"{many} {noun}{'s' * (many != 1)}"


def _code(text: str) -> str:
    return code(legible(text, LONGEST))


def _prose(text: str) -> str:
    return prose(legible(text, LONGEST).rstrip("."))

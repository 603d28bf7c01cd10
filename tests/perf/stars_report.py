"""The study of star rules as Markdown: tables, sentences and two drawings, all from the outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OURS = "ours"
# What shows in a drawing as the lighter the better: five stars to one.
SHADES = (0.1, 0.22, 0.36, 0.68, 0.92)
WIDTH, LEFT = 480, 170


class Outcome(NamedTuple):
    """What came of one rule on all boards of a data set, in % of its models; `shares` from five stars to one.

    outlier, each: how many stars were others, had one outlier been among the founders, or each model in turn not.
    within_five: the energy of the worst five-star model over that of the best, the median of the boards.
    """

    rule: str
    frozen: bool
    shares: tuple[float, ...]
    worst: float
    noise: float
    stuffing: float
    outlier: float
    each: float
    raised: float
    confirmed: float
    within_five: float

    @property
    def name(self) -> str:
        """How tables name it."""
        return f"{self.rule}, {'frozen' if self.frozen else 'recomputed'}"


class Field(NamedTuple):
    """A board: its models, its highest energy over its lowest, and by rule how many have 5, 4, 3, 2 and 1 stars."""

    board: str
    models: int
    range: float
    counts: dict[str, tuple[int, ...]]


class Study(NamedTuple):
    """The outcomes of one data set."""

    name: str
    attribution: str
    boards: int
    models: int
    left_out: int
    outcomes: tuple[Outcome, ...]
    fields: tuple[Field, ...]

    def of(self, rule: str, *, frozen: bool) -> Outcome:
        """Give the outcome of a rule."""
        return next(one for one in self.outcomes if (one.rule, one.frozen) == (rule, frozen))

    @property
    def shown(self) -> tuple[Outcome, ...]:
        """Every rule recomputed, as its users do, then ours frozen."""
        return (*(one for one in self.outcomes if not one.frozen), self.of(OURS, frozen=True))


def text(studies: Sequence[Study]) -> str:
    """Give what stands between the marks of the page."""
    parts = [shares_chart(studies), changes_chart(studies)]
    for study in studies:
        parts += [
            f"### {study.name}",
            opening(study),
            outcomes_table(study),
            "\n".join(f"- {sentence}" for sentence in sentences(study)),
            "**The same four, all frozen**\n\n" + frozen_table(study),
            "**Stars on each board**: models with 5/4/3/2/1 stars\n\n" + fields_table(study),
        ]
    return "\n\n".join(parts)


def opening(study: Study) -> str:
    """Say how much was looked at, and whose it is."""
    return (
        f"{study.boards} boards with {study.models} results, a model once a board; {study.left_out} more have fewer "
        f"than eight models, where our rule gives no stars, and are left out. Data: {study.attribution}."
    )


def outcomes_table(study: Study) -> str:
    """Tabulate the rules as they are used."""
    head = [
        "Rule",
        "5 / 4 / 3 / 2 / 1 stars, % of models",
        "Moved: worst model dropped",
        "Moved: 10 % noise",
        "Moved: 25 % inefficient added",
        "Sure at ±2 %",
        "Energy within five stars",
    ]
    rows = [
        [
            f"**{one.name}**" if one.rule == OURS and one.frozen else one.name,
            " / ".join(f"{share:.0f}" for share in one.shares),
            *(f"{value:.0f} %" for value in (one.worst, one.noise, one.stuffing, one.confirmed)),
            f"x {one.within_five:.2f}",
        ]
        for one in study.shown
    ]
    return _markdown(head, rows)


def frozen_table(study: Study) -> str:
    """Tabulate what freezing alone does for every rule, and what it leaves to the choice of the founders."""
    head = [
        "Rule",
        "Moved: worst dropped",
        "Moved: 25 % added",
        "Moved: 10 % noise",
        "Sure at ±2 %",
        "Others: founded without one",
        "Others: founded with an outlier",
    ]
    rows = [
        [
            one.rule,
            *(f"{value:.0f} %" for value in (one.worst, one.stuffing, one.noise, one.confirmed, one.each, one.outlier)),
        ]
        for one in study.outcomes
        if one.frozen
    ]
    return _markdown(head, rows)


def fields_table(study: Study) -> str:
    """Tabulate how many models have how many stars on each board."""
    rules = list(study.fields[0].counts)
    rows = [
        [one.board, str(one.models), f"{one.range:,.0f}", *("/".join(map(str, one.counts[rule])) for rule in rules)]
        for one in study.fields
    ]
    return _markdown(["Board", "Models", "Highest / lowest energy", *rules], rows)


def sentences(study: Study) -> Iterator[str]:
    """Say what came out, what speaks against us too."""
    wide, ours, ours_moving = (
        study.of("equal width", frozen=False),
        study.of(OURS, frozen=True),
        study.of(OURS, frozen=False),
    )
    fifths, logs = study.of("quintiles", frozen=False), study.of("min-max log", frozen=False)
    yield (
        f"Equal width gives five stars to {wide.shares[0]:.0f} % of the models, and on the middle board the worst of "
        f"them uses {wide.within_five:.1f} times what the best does; with our bands it is {ours.shares[0]:.0f} % and "
        f"{ours.within_five:.1f} times."
    )
    yield (
        f"One model leaves, the worst of its board, and of the others' stars {wide.worst:.0f} % move under equal "
        f"width, {logs.worst:.0f} % under min-max log, {fifths.worst:.0f} % under quintiles, and {ours.worst:.0f} % "
        "under frozen thresholds."
    )
    yield (
        f"A quarter of inefficient entries is added, and {fifths.raised:.0f} % of the models gain a star under "
        f"quintiles, {logs.raised:.0f} % under min-max log, {wide.raised:.0f} % under equal width: without having "
        f"changed. Frozen: {ours.raised:.0f} %."
    )
    yield (
        f"It is the freezing that does this, and not our bands: recomputed, they too would move "
        f"{ours_moving.worst:.0f} % and {ours_moving.stuffing:.0f} % of the stars."
    )
    steadier = [one for one in study.outcomes if one.noise < ours.noise and one.rule != OURS]
    if steadier:
        told = ", ".join(f"{one.name} {one.noise:.0f} %" for one in sorted(steadier, key=lambda one: one.noise))
        yield f"Under 10 % noise our stars are not the steadiest: {ours.noise:.0f} % move, against {told}."
    else:
        yield f"Under 10 % noise our stars are the steadiest: {ours.noise:.0f} % move."
    surer = [one for one in study.outcomes if one.frozen and one.confirmed > ours.confirmed and one.rule != OURS]
    told = ", ".join(f"{one.rule} {one.confirmed:.0f} %" for one in surer)
    yield (
        f"With an interval of ±2 %, {ours.confirmed:.0f} % of our stars would be confirmed; "
        + (f"more of {told}." if surer else "no other rule has more.")
    )
    logs_frozen = study.of("min-max log", frozen=True)
    yield (
        f"Min-max log, frozen, is the strongest rival. It rests on two models alone: with one outlier among the "
        f"founders {logs_frozen.outlier:.0f} % of its stars would have been others, of ours {ours.outlier:.0f} %. With "
        f"any one founder left out it is the reverse, {logs_frozen.each:.0f} % against {ours.each:.0f} %."
        if logs_frozen.outlier > ours.outlier and logs_frozen.each < ours.each
        else f"With one outlier among the founders {logs_frozen.outlier:.0f} % of the stars of min-max log would have "
        f"been others and {ours.outlier:.0f} % of ours; with any one founder left out {logs_frozen.each:.0f} % and "
        f"{ours.each:.0f} %."
    )


def shares_chart(studies: Sequence[Study]) -> str:
    """Draw how many models have how many stars under each rule: a bar a rule, 100 % wide."""
    row, parts, y = 22, list[str](), 30
    for study in studies:
        parts.append(f'<text x="0" y="{y}" font-weight="600">{study.name}</text>')
        y += 10
        for one in (outcome for outcome in study.outcomes if outcome.frozen):
            parts.append(f'<text x="{LEFT - 8}" y="{y + 15}" text-anchor="end">{one.rule}</text>')
            x = float(LEFT)
            for number, (share, shade) in enumerate(zip(one.shares, SHADES, strict=True)):
                width = (WIDTH - LEFT) * share / 100
                parts.append(
                    f'<rect x="{x:.1f}" y="{y + 2}" width="{width:.1f}" height="{row - 4}" fill="currentColor" '
                    f'fill-opacity="{shade}" stroke="currentColor" stroke-opacity=".5"/>'
                )
                if width > 14:
                    fill = "var(--md-default-bg-color, #fff)" if shade > 0.5 else "currentColor"
                    place = f'x="{x + width / 2:.1f}" y="{y + 15}" text-anchor="middle" fill="{fill}"'
                    parts.append(f"<text {place}>{5 - number}</text>")
                x += width
            y += row
        y += 34
    words = "Share of models with five, four, three, two and one stars under each rule, as bars. " + " ".join(
        f"{study.name}: "
        + "; ".join(f"{one.rule} {_listed(one.shares)} %" for one in study.outcomes if one.frozen)
        + "."
        for study in studies
    )
    return _svg(words, "Share of models by number of stars, 5 on the left", y - 20, parts)


def changes_chart(studies: Sequence[Study]) -> str:
    """Draw the share of stars that move, a panel a mishap: as bars from nothing to 100 %."""
    panels = (
        ("the worst model is dropped", "worst"),
        ("25 % inefficient entries are added", "stuffing"),
        ("10 % noise", "noise"),
    )
    row, parts, y = 20, list[str](), 20
    for study in studies:
        parts.append(f'<text x="0" y="{y}" font-weight="600">{study.name}</text>')
        for title, value in panels:
            y += 22
            parts.append(f'<text x="{LEFT}" y="{y}" font-style="italic">{title}</text>')
            y += 4
            for one in study.shown:
                share: float = getattr(one, value)
                length = share / 100 * (WIDTH - LEFT - 45)
                size, shade = f'width="{max(length, 0.8):.1f}" height="{row - 8}"', 0.9 if one.frozen else 0.4
                parts += [
                    f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end">{one.name}</text>',
                    f'<rect x="{LEFT}" y="{y + 4}" {size} fill="currentColor" fill-opacity="{shade}"/>',
                    f'<text x="{LEFT + length + 5:.1f}" y="{y + 14}">{share:.0f} %</text>',
                ]
                y += row
        y += 34
    words = "Share of stars that move, as bars. " + " ".join(
        f"{study.name}: "
        + "; ".join(
            f"{one.name}: {one.worst:.0f} % with the worst model dropped, {one.stuffing:.0f} % with a quarter of "
            f"inefficient entries added, {one.noise:.0f} % under noise"
            for one in study.shown
        )
        + "."
        for study in studies
    )
    return _svg(words, "Share of stars that move when", y - 20, parts)


def _listed(shares: Sequence[float]) -> str:
    return ", ".join(f"{share:.0f}" for share in shares)


def _svg(words: str, title: str, height: int, parts: Sequence[str]) -> str:
    view = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" style="max-width:100%;height:auto" font-size="13"'
    drawing = f'<svg role="img" aria-label="{words}" {view} fill="currentColor">'
    return f"**{title}**\n\n" + "\n".join([drawing, *parts, "</svg>"])


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])

"""All that a model's page says beside its numbers: its place, its alternatives, its curves, its history. Pure.

What is needed for every page is sorted once (`Atlas`), so that a page costs little however many there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattboard import explaining
from wattboard.advising import advice_words, choices, savings
from wattboard.explaining import sentences
from wattboard.profiles import families, standing, sweeps, wheres

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wattbench.runs import Run
    from wattbench.tasks import Metric
    from wattboard.advising.comparisons import Switch, Why
    from wattboard.advising.savings import Saving
    from wattboard.advising.scores import Pairing
    from wattboard.charts.curves import Curve
    from wattboard.listings import Listing, Profile, Result, Site
    from wattboard.profiles.families import Family
    from wattboard.profiles.standing import Alternatives, Field, Standing
    from wattboard.profiles.wheres import Where
    from wattboard.ratings import Rating


@dataclass(frozen=True, slots=True)
class Atlas:
    """What pages share. `pairing` compares two models query by query; `past` are a model's ratings in all editions."""

    site: Site
    fields: Mapping[str, Field]
    purposes: Mapping[str, int]
    families: Mapping[str, Family]
    past: Mapping[tuple[str, str], tuple[Rating, ...]]
    pairing: Pairing


@dataclass(frozen=True, slots=True)
class Story:
    """A result's place and reasons. None where the result is not among its board's choices."""

    place: str | None
    claim: str | None
    alternatives: Alternatives | None
    among: Field
    why: tuple[str, ...]
    where: Where
    batches: Curve | None
    past: tuple[Rating, ...]


def atlas(site: Site, pairing: Pairing | None = None) -> Atlas:
    """Sort what pages share. Without a pairing nothing is compared query by query."""
    fields = {one.board.name: standing.field(choices.of(one, {})) for one in site.listings}
    purposes = choices.purposes([one.offer for one in fields.values()])
    past: dict[tuple[str, str], list[Rating]] = {}
    for opened in site.editions:
        for rating in sorted(site.archive[opened.edition.id], key=lambda one: (one.measured_at, one.revision)):
            past.setdefault((rating.model, rating.board), []).append(rating)
    for profile in site.profiles:
        for rating in (*(one.rating for one in profile.results if one.listing.edition is None), *profile.earlier):
            if rating.edition is None:
                past.setdefault((rating.model, rating.board), []).append(rating)
    return Atlas(
        site,
        fields,
        purposes,
        families.families(site.profiles),
        {key: tuple(reversed(told)) for key, told in past.items()},
        pairing or unpaired,
    )


def unpaired(_a: object, _b: object) -> Why:
    """Compare nothing query by query."""
    return "no-scores"


def story(one: Result, known: Atlas) -> Story:
    """Tell a result."""
    rating, listing = one.rating, one.listing
    among = known.fields[listing.board.name]
    own = among.own.get(rating.model)
    told = None if own is None else standing.standing(own, among, known.pairing)
    runs = [filed.run for filed in one.runs]
    return Story(
        place=None if told is None else place(told, listing),
        claim=None if told is None else _claim(told, among),
        alternatives=None if own is None else standing.alternatives(own, among, known.pairing),
        among=among,
        why=_why(one, runs),
        where=wheres.where(runs),
        batches=_batches(runs, listing),
        past=known.past.get((rating.model, rating.board), ()),
    )


def brief(one: Result, known: Atlas) -> list[str]:
    """Tell a result's place in a sentence or two."""
    among = known.fields[one.listing.board.name]
    own = among.own.get(one.rating.model)
    if own is None:
        return []
    told = standing.standing(own, among, known.pairing)
    return [line for line in (_claim(told, among), place(told, one.listing)) if line]


def saving(listing: Listing, known: Atlas) -> Saving | None:
    """Give what a board's pick saves, and against which model."""
    return savings.saving(listing, known.fields[listing.board.name], known.purposes, known.pairing)


def switches(listing: Listing, known: Atlas) -> tuple[Switch, ...]:
    """Give the switches to a board's pick that may be claimed."""
    return savings.switches(listing, known.fields[listing.board.name], known.purposes, known.pairing)


def claims(listing: Listing, known: Atlas) -> dict[str, dict[str, str]]:
    """Say every switch of a board that may be claimed and was looked for: from a model, to another, in words."""
    among = known.fields[listing.board.name]
    found: dict[str, dict[str, str]] = {}
    for own in among.own.values():
        for one in standing.cheaper(own, among, known.pairing):
            if one.claimed:
                found.setdefault(one.a, {})[one.b] = advice_words.claim(one, among.offer)
    for one in switches(listing, known):
        found.setdefault(one.a, {})[one.b] = advice_words.claim(one, among.offer)
    return found


def picked_place(listing: Listing, known: Atlas) -> str | None:
    """Say the rank of a board's pick."""
    among = known.fields[listing.board.name]
    own = among.own.get(listing.pick.model) if listing.pick else None
    return None if own is None else place(standing.standing(own, among, known.pairing), listing)


def precision_curves(profile: Profile) -> list[Curve]:
    """Draw a model's precisions, one drawing for boards that are alike in all else."""
    drawn = (sweeps.by_precision(group) for group in sweeps.precisions(profile.results))
    return [one for one in drawn if one is not None]


def place(told: Standing, listing: Listing) -> str | None:
    """Say a model's rank as counts, or as shares where there are many others; None where it is alone."""
    if told.others < 1:
        return None
    estimated = "estimated " if listing.board.kind == "estimated" else ""
    if told.others == 1:
        return _pair(told, listing.task.metric, estimated)
    more = _share(told.more, told.surely_more, told.others)
    rated = "rated models" if listing.frozen else "models"
    said = f"Of the {told.others:,} other {rated} of this board, {more} more {estimated}energy"
    if told.lower is None:
        return f"{said}; its quality is not known."
    metric = listing.task.metric
    worse = "lower" if metric.higher_is_better else "higher, so worse,"
    graded = _share(told.lower, told.surely_lower, told.graded, verb="has", verbs="have")
    return f"{said}, and {graded} a {worse} {metric.name}."


def _pair(told: Standing, metric: Metric, estimated: str) -> str:
    """Say how the one other model of a board compares, by estimates."""
    less = "more" if told.more else "no more"
    if told.lower is None or not told.graded:
        return f"The one other model of this board uses {less} {estimated}energy."
    worse = "lower" if metric.higher_is_better else "higher"
    return f"The one other model of this board uses {less} {estimated}energy, and its {metric.name} is " + (
        f"{worse}." if told.lower else f"not {worse}."
    )


def _share(count: int, surely: int | None, others: int, verb: str = "uses", verbs: str = "use") -> str:
    """Say a count of models, and how many of them beyond their intervals, where that is fewer."""
    many = others >= standing.PER_CENT

    def said(n: int) -> str:
        if not n:
            return "none"
        return f"{100 * n / others:.0f} %" if many else f"{n}"

    beyond = f" ({said(surely)} beyond the intervals)" if surely is not None and surely < count else ""
    return f"{said(count)}{beyond} {verb if count <= 1 and not many else verbs}"


def _claim(told: Standing, among: Field) -> str | None:
    """Say what a model saves against the median model, if METHOD lets us."""
    if told.median is None or not told.median.claimed:
        return None
    less = advice_words.less(told.median, among.offer)
    paired = advice_words.paired(told.median, among.offer)
    return f"It {less} than the median model of this board, {told.median.a}, and its quality is not worse{paired}."


def _why(one: Result, runs: list[Run]) -> tuple[str, ...]:
    judged = tuple(
        explaining.Judged(run.session, filed.digest, gate)
        for filed, run in zip(one.runs, runs, strict=True)
        for gate in run.gates
        if gate.verdict != "pass"
    )
    told = explaining.of(one.rating, one.listing.frozen, judged, demo=one.listing.demo)
    return tuple(sentences.sentences(told))


def _batches(runs: list[Run], listing: Listing) -> Curve | None:
    run = sweeps.climbed(runs)
    if run is None:
        return None
    return sweeps.by_batch(run, listing.task.metric, listing.frozen.thresholds_wh if listing.frozen else ())

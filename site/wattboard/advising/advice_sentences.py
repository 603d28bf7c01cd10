"""Advice as people read it, one sentence a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench.boards import Board
from wattboard import formats
from wattboard.advising import advice_words as words
from wattboard.formats import significant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wattboard.advising import Advice
    from wattboard.advising.choices import Offer
    from wattboard.advising.gains import Gain, Ladder

MOST = 5  # of a kind that are said; JSON has all


def sentences(told: Advice) -> list[str]:
    """Give the advice in plain sentences."""
    return [
        *_board(told),
        *_pick(told),
        *_switches(told),
        *_purpose(told),
        *_frontier(told),
        *_prices(told),
        *(line for gain in told.gains for line in _gain(gain, told.offer)),
        *(line for ladder in told.ladders for line in _ladder(ladder, told.offer)),
        *_left_out(told),
    ]


def _board(told: Advice) -> Iterator[str]:
    offer = told.offer
    edition = f", edition {offer.edition}" if offer.edition else ", in no edition yet"
    many = f"{len(offer.choices)} {'model' if len(offer.choices) == 1 else 'models'}"
    query = "" if offer.query in offer.title else f", one query being {offer.query}"
    yield f"{offer.title} on {offer.board}{edition}: {many}{query}."
    if offer.source:
        yield f"Imported from {offer.source}: single values, which give an order and nothing more."


def _pick(told: Advice) -> Iterator[str]:
    offer, pick, metric = told.offer, told.pick, told.offer.metric
    wanted = _wanted(told)
    chosen = offer.find(pick.model) if pick.model else None
    if chosen is None:
        yield f"No model of this board {wanted or 'has an energy'}."
    else:
        lead = f"Of what {wanted}, " if wanted else "Of all, "
        yield f"{lead}{chosen.model} has the lowest energy: {words.told(chosen, offer)}."
        yield f"As much keeps a 10 W LED alight for {formats.led(chosen.wh)}."
        if pick.order_only:
            yield "That is a single value without an interval: how sure the order is cannot be said."
    for other in pick.alike[:MOST]:
        yield f"{pick.model} and {other} cannot be told apart by their energy."
    if len(pick.alike) > MOST:
        yield f"Nor can {len(pick.alike) - MOST} others be told from it."
    today = offer.find(told.wish.model) if told.wish.model else None
    if today is not None and today.model != pick.model:
        yield f"In use today: {today.model}, {words.told(today, offer)}."
    top = offer.find(pick.best) if pick.best else None
    if top is not None and metric is not None and top.model not in {pick.model, told.wish.model}:
        yield f"The best {metric.name} of the board is {top.model}'s: {words.told(top, offer)}."


def _wanted(told: Advice) -> str:
    """Say what was asked for, as what a model does: `has an accuracy of 80.0 % or better and answers within 0.2 s`."""
    parts, metric, pick = [], told.offer.metric, told.pick
    if metric is not None and pick.bar is not None:
        bar = formats.quality(pick.bar, metric)
        if told.recommended:
            parts.append(f"has the recommended {metric.name} of {bar} or better")
        elif told.wish.within is not None:
            within = words.points(told.wish.within, metric)
            parts.append(f"is within {within} of the best {metric.name}, so has {bar} or better")
        else:
            parts.append(f"has a {metric.name} of {bar} or better")
    if told.wish.max_latency is not None:
        parts.append(f"answers within {significant(told.wish.max_latency)} s")
    return " and ".join(parts)


def _switches(told: Advice) -> Iterator[str]:
    claimed = [one for one in told.switches if one.claimed]
    for one in claimed[:MOST]:
        yield words.claim(one, told.offer)
    if len(claimed) > MOST:
        yield f"{len(claimed) - MOST} more models use less energy at a quality that is not worse."
    first = next((one for one in told.switches if one.b == told.pick.model and not one.claimed), None)
    if first is not None:
        yield f"No claim is made for a switch from {first.a} to {first.b}: {words.why(first)}."
    if told.wish.model and not told.switches:
        yield f"No model that meets this uses less energy than {told.wish.model}."


def _purpose(told: Advice) -> Iterator[str]:
    if (one := told.purpose) is None:
        return
    yield (
        f"Task-specific against general-purpose: {one.specific} has results for this task alone, "
        f"{one.general} for {one.tasks} tasks."
    )
    if one.switch.claimed:
        yield words.claim(one.switch, told.offer)
    else:
        yield f"No claim is made between the two: {words.why(one.switch)}."


def _frontier(told: Advice) -> Iterator[str]:
    if not told.frontier:
        return
    named = ", ".join(told.frontier[:MOST]) + (f" and {more} more" if (more := len(told.frontier) - MOST) > 0 else "")
    if told.exact:
        yield f"On the frontier of energy and quality, the lowest energy first: {named}."
    else:
        yield f"By single values, without intervals, nothing beats these on both energy and quality: {named}."


def _prices(told: Advice) -> Iterator[str]:
    metric = told.offer.metric
    if metric is None:
        return
    estimated = "an estimated " if told.offer.kind == "estimated" else ""
    for one in told.prices:
        if one.wh_per_point is None:
            yield (
                f"From {one.cheaper} to {one.better} there is no price of quality: "
                "their energies or their qualities cannot be told apart."
            )
        else:
            unit = "point" if metric.unit == "%" else f"{formats.trim_zeros(f'{one.point:.4f}')} of {metric.name}"
            yield (
                f"From {one.cheaper} to {one.better} a {unit} costs {estimated}{significant(one.wh_per_point)} Wh per "
                f"1,000 queries ({significant(one.low)} to {significant(one.high)}), and there are "
                f"{significant(one.points)} of them."
            )


def _gain(one: Gain, offer: Offer) -> Iterator[str]:
    first, second = Board.parse(one.a), Board.parse(one.b)
    if one.what == "batching":
        what, a, b = "Batching", formats.scenario(first), f"in {formats.scenario(second)}"
    else:
        what, a, b = "Precision", f"at {first.precision}", f"at {second.precision}"
    both = (words.told(one.first, offer), words.told(one.second, offer))
    yield f"{what}, {one.model} compared with itself: {a}, {both[0]}; {b}, {both[1]}."
    if one.switch.claimed:
        fine = f"its quality is not worse{words.paired(one.switch, offer)}"
        yield f"{formats.capitalize_first(b)} it {words.less(one.switch, offer)}, and {fine}."
    else:
        yield f"No claim is made between the two: {words.why(one.switch)}."


def _ladder(one: Ladder, offer: Offer) -> Iterator[str]:
    sound = [step for step in one.steps if step.wh is not None and step.why is None]
    lowest = one.lowest
    if lowest is None or len(sound) < 2:  # noqa: PLR2004 - one batch size is no ladder
        return
    estimated = "an estimated " if offer.kind == "estimated" else ""
    first, least = sound[0], f"lowest at batch {lowest.batch} with {significant(lowest.wh)} Wh"
    yield (
        f"Energy against batch, {one.model} ({one.what}, single values): at batch {first.batch} {estimated}"
        f"{significant(first.wh)} Wh per 1,000 queries, {least}."
    )
    for step in one.steps:
        if step.why is not None:
            yield f"Batch {step.batch} is left out: {step.why}."


def _left_out(told: Advice) -> Iterator[str]:
    passed = told.pick.passed_over
    counts = {
        "no-quality": "without a quality",
        "below-quality": "below that quality",
        "no-latency": "of unknown latency",
        "too-slow": "too slow",
    }
    said = [f"{n} {words}" for name, words in counts.items() if (n := sum(name in why for why in passed.values()))]
    if said:
        yield f"Passed over: {', '.join(said)}."
    left = told.offer.left_out
    for model, why in list(left.items())[:MOST]:
        yield f"Left out: {model}, because {why}."
    if len(left) > MOST:
        yield f"Left out besides: {len(left) - MOST} more."

"""Bytes and documents that come close to what is read, and are not it: good ones, with something done to them."""

from __future__ import annotations

import json
import string
from typing import TYPE_CHECKING, Any

import hostile
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

# What means something to YAML, JSON, Markdown, logs and terminals.
TOKENS = (
    *("&a ", "*a", "!!python/object:x ", "!x ", "<<: ", "? ", ": ", "- ", "---\n", "...\n", "%TAG ! x:\n", "\t"),
    *("[", "]", "{", "}", ",", '"', "'", "\\", "|", ">", "#", "~", "null", "true", "yes", ".nan", ".inf", "1e999"),
    *("0x" + "f" * 40, "1:59:59", "2026-11-27", "2026-13-99", "NaN", "Infinity", "-0", "9" * 400, "\\ud800", "\\u0000"),
    *("::error::", "##[error]", "%0A", "\x1b[0m", "\u202e", "\u2028", "\0", "\ufeff", "<script>", "@octocat", "`"),
)
WEIRD: SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 10**400, 2**63, 1.0, 1e308, float("nan"), float("inf"), -float("inf")]),
    st.text(max_size=20),
    st.sampled_from([one for one in hostile.WORDS if len(one) < 1000]),
    st.lists(st.none() | st.integers() | st.text(max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.none() | st.integers(), max_size=3),
)


def near(seeds: Sequence[bytes]) -> SearchStrategy[bytes]:
    """Bytes near some seeds: cut, doubled, overwritten, with tokens put in; now and then anything at all."""
    return st.one_of(_mutated(list(seeds)), _mutated(list(seeds)), st.binary(max_size=300), _texts(), _deep())


def near_json(seeds: Sequence[Any]) -> SearchStrategy[bytes]:
    """JSON near some documents: a few nodes replaced, taken away or added; now and then cut as bytes."""
    documents = _documents(list(seeds)).map(lambda one: json.dumps(one).encode())
    return st.one_of(documents, documents, near([json.dumps(one).encode() for one in seeds]))


def _deep() -> SearchStrategy[bytes]:
    """Brackets and braces by the thousand, with and without what closes them."""
    pieces = st.sampled_from([b"[", b"{", b'{"a":', b"- ", b"? ", b"[{", b"("])
    closes = st.sampled_from([b"", b"]", b"}", b"1"])
    return st.builds(
        lambda one, many, end: one * many + end * many, pieces, st.sampled_from([9, 2_000, 60_000]), closes
    )


def _texts() -> SearchStrategy[bytes]:
    pieces = st.sampled_from(TOKENS) | st.text(string.printable, max_size=5)
    return st.lists(pieces, max_size=40).map(lambda some: "".join(some).encode("utf-8", "surrogatepass"))


@st.composite
def _mutated(draw: DrawFn, seeds: list[bytes]) -> bytes:
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 40)))
        what = draw(st.sampled_from(["put", "cut", "double", "byte"]))
        if what == "put":
            data[start:start] = draw(st.sampled_from(TOKENS)).encode("utf-8", "surrogatepass")
        elif what == "cut":
            del data[start:end]
        elif what == "double":
            data[start:start] = data[start:end] * draw(st.integers(1, 3))
        elif start < len(data):
            data[start] = draw(st.integers(0, 255))
    return bytes(data)


@st.composite
def _documents(draw: DrawFn, seeds: list[Any]) -> Any:
    whole = json.loads(json.dumps(draw(st.sampled_from(seeds))))
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(whole))
        if not places:
            return draw(WEIRD)
        inside, key = draw(st.sampled_from(places))
        what = draw(st.sampled_from(["another", "another", "none", "more"]))
        if what == "another":
            inside[key] = draw(WEIRD)
        elif what == "none":
            del inside[key]
        elif isinstance(inside, dict):
            inside[draw(st.text(max_size=5))] = draw(WEIRD)
        else:
            inside.append(draw(WEIRD))
    return whole


def _places(one: Any) -> Any:
    """Every mapping or list of a document, with each key that it has."""
    for key in list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ():
        yield one, key
        yield from _places(one[key])

"""The names files: every model is found by each of its words, and no file is large."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import site_factory as make
from hypothesis import given, settings
from hypothesis import strategies as st

from wattboard import frame, listings
from wattboard.publishing import searching

if TYPE_CHECKING:
    from pathlib import Path

WORD = st.text("ab1", min_size=1, max_size=4)
NAMES = st.lists(st.builds("{}/{}".format, WORD, st.builds("{}-{}".format, WORD, WORD)), max_size=40)


def lookup(told: dict[str, tuple[int, list[str]]], word: str) -> tuple[int, list[str]]:
    """What the browser does: the file of the longest prefix of a word."""
    for size in range(len(word), 0, -1):
        if word[:size] in told:
            return told[word[:size]]
    return 0, []


@settings(max_examples=150, deadline=None)
@given(NAMES, WORD, st.integers(1, 6))
def test_a_word_leads_to_all_names_or_to_the_shortest_and_says_how_many_there_are(
    names: list[str], word: str, most: int
) -> None:
    told = searching.split(names, most)
    assert all(len(found) <= most for _, found in told.values())
    count, found = lookup(told, word)
    begin = sorted({name for name in names if any(one.startswith(word) for one in searching.words(name))})
    if count <= most:  # whole: the names that begin so are all in it
        assert [name for name in sorted(found) if name in begin] == begin
    else:  # cut: it is the file of the word itself, with the shortest names
        assert count >= len(begin)
        assert found == sorted(found, key=lambda name: (len(name), name))


def test_files_are_small_at_fifty_thousand_names_that_share_their_words() -> None:
    families = ("bert", "qwen", "llama", "vit", "whisper")
    names = [f"org{i % 997}/{families[i % 5]}-base-v{i}" for i in range(50_000)]
    told = searching.split(names)
    assert max(len(found) for _, found in told.values()) <= searching.MOST
    assert told["base"][0] == 50_000
    assert names[31415] in lookup(told, "v31415")[1]
    assert len(told) < 5_000


@settings(max_examples=80, deadline=None)
@given(NAMES, st.lists(WORD, min_size=2, max_size=3), st.integers(1, 6), st.integers(1, 9))
def test_several_words_lead_to_their_names_though_each_is_too_common_for_its_file(
    names: list[str], wanted: list[str], most: int, size: int
) -> None:
    told = searching.split(names, most)
    shards = searching.sharded(names, told, size)
    counts = [lookup(told, word) for word in wanted]
    count, found = min(counts, key=lambda one: one[0])
    all_of_them = {
        name for name in names if all(any(one.startswith(word) for one in searching.words(name)) for word in wanted)
    }
    seen = set(found) if count <= most else {name for shard in shards for name in shard}
    assert all_of_them <= seen
    assert max(map(len, shards), default=0) <= size
    assert bool(shards) == any(count > most for count, _ in told.values())


def test_every_file_of_the_index_is_there_and_has_its_names(tmp_path: Path) -> None:
    site = listings.assemble(frame.gather([make.write(make.demo(), tmp_path)]), [])
    files = searching.files(site)
    index = json.loads(files["search/names/index.json"])
    assert set(files) == {"search/names/index.json"} | {
        f"search/names/{searching.file_name(prefix)}" for prefix in index["prefixes"]
    }
    assert index["models"] == 6
    assert ["Sentence similarity", "tasks/sentence-similarity/", "3 models"] in index["tasks"]
    found = json.loads(files[f"search/names/{searching.file_name('p')}"])
    assert found == [["demo/paraphrase-MiniLM-L3-v2", None, "Sentence similarity"]]


def test_a_name_outside_ascii_has_a_file_name_inside_it() -> None:
    assert searching.file_name("é/") == "_e9_2f.json"
    assert searching.file_name("ab1") == "ab1.json"
    assert searching.words("Org/Some-Name_v1.5") == ["org", "some", "name", "v1", "5"]


def test_without_results_the_index_is_there_and_empty() -> None:
    files = searching.files(listings.assemble([], []))
    assert json.loads(files["search/names/index.json"]) == {
        "schema": 1,
        "models": 0,
        "tasks": [],
        "most": 400,
        "shards": 0,
        "prefixes": {},
    }
    assert len(files) == 1

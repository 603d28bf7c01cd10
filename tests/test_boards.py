from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.boards import Board, slug

words = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z][a-z0-9]{0,5}){0,2}", fullmatch=True)


@given(
    task=words,
    version=st.integers(0, 99),
    sku=words.filter(lambda name: not __import__("re").search(r"x\d+$", name)),
    count=st.integers(1, 64),
    precision=st.sampled_from(["fp32", "bf16", "int4"]),
    scenario=st.sampled_from(["single", "saturated"]),
    reasoning=st.sampled_from(["off", "on", "high"]),
    meter=st.sampled_from(["nvml", "rapl", "estimate"]),
)
def test_every_board_reads_back_from_its_name(**fields: object) -> None:
    board = Board(**fields)  # type: ignore[arg-type]
    assert Board.parse(board.name) == board


def test_the_name_has_the_form_that_the_method_gives() -> None:
    board = Board("text-classification", 1, "h100-sxm5-80gb", "fp16")
    assert board.name == "text-classification-v1~h100-sxm5-80gb~fp16~single~off~nvml"
    assert Board.parse("text-classification-v1~h100-sxm5-80gbx8~fp16~single~off~nvml").count == 8


@pytest.mark.parametrize(
    "name",
    [
        "",
        "text-classification",
        "text-classification-v1~h100~fp16~single~off",
        "text-classification-v1~h100~fp17~single~off~nvml",
        "text-classification-v1~h100~fp16~single~off~guess",
        "../../etc-v1~h100~fp16~single~off~nvml",
        "Text-v1~h100~fp16~single~off~nvml",
        "text-v1~h100~fp16~single~off~nvml\n",
    ],
)
def test_what_is_no_board_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"no board|none of"):
        Board.parse(name)


def test_a_sku_that_would_read_back_as_a_count_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be named"):
        Board("task", 1, "gtx1080", "fp32")


def test_a_marketing_name_becomes_a_slug() -> None:
    assert slug("AMD EPYC 9B14 (96-Core)") == "amd-epyc-9b14-96-core"
    assert slug("§§") == "unknown"

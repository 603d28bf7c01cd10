from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import tiny_models
import transformers

from wattbench.asking import prompting
from wattbench.problems import ModelRefused

if TYPE_CHECKING:
    from pathlib import Path

LOOP = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
SWITCHED = (
    LOOP
    + "{% if add_generation_prompt %}<bot>{% if NAME is defined and not NAME %}<think></think>{% endif %}{% endif %}"
)
# gpt-oss writes whatever effort it is given, in a macro, beside today's date
EFFORTS = (
    "{%- macro head() -%}{{ strftime_now('%Y-%m-%d') }} effort {{ reasoning_effort }}{%- endmacro -%}"
    "{%- if reasoning_effort is not defined %}{%- set reasoning_effort = 'medium' %}{%- endif -%}{{ head() }}" + LOOP
)
NAMED = "{% if (reasoning_effort or 'none') not in ['none', 'high'] %}{{ raise_exception('no') }}{% endif %}"
TEMPLATES: dict[str, tuple[str | None, set[str]]] = {
    "no template": (None, {"off"}),
    "no switch": (LOOP, {"off"}),
    "enable_thinking": (SWITCHED.replace("NAME", "enable_thinking"), {"off", "on"}),
    "thinking": (SWITCHED.replace("NAME", "thinking"), {"off", "on"}),
    "a switch without effect": (LOOP + "{% if enable_thinking %}{% endif %}", {"off"}),
    "any effort": (EFFORTS, {"low", "medium", "high"}),
    "named efforts": (NAMED + LOOP + "{{ reasoning_effort or 'none' }}", {"off", "high"}),
    "always": (LOOP + "{% if add_generation_prompt %}<think>\n{% endif %}", {"on"}),
    "closed at once": (LOOP + "<think>\n\n</think>\n\n", {"off"}),
    "speaks of it": ("{% for m in messages %}{{ m.content.split('</think>')[-1] }}{% endfor %}", {"off", "on"}),
    "broken": ("{% if %}", {"off"}),
}


def tokenizer(template: str | None) -> Any:
    return SimpleNamespace(chat_template=template, special_tokens_map={"bos_token": "<s>"})


def said(template: str | None, mode: str = "off", system: str | None = None) -> str:
    first = [{"role": "system", "content": system}] if system else []
    return prompting.prompt(tokenizer(template), [*first, {"role": "user", "content": "Why?"}], mode)


@pytest.mark.parametrize(("template", "modes"), TEMPLATES.values(), ids=TEMPLATES)
def test_the_ways_of_reasoning_are_those_that_change_the_prompt(template: str | None, modes: set[str]) -> None:
    assert prompting.reasoning_modes(tokenizer(template)) == modes


@pytest.mark.parametrize(("template", "modes"), TEMPLATES.values(), ids=TEMPLATES)
def test_the_files_of_a_folder_tell_the_same(template: str | None, modes: set[str], tmp_path: Path) -> None:
    config = {"chat_template": template, "bos_token": {"content": "<s>"}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    assert prompting.modes_of_folder(tmp_path) == modes
    (tmp_path / "chat_template.jinja").write_text(LOOP)
    assert prompting.modes_of_folder(tmp_path) == {"off"}


def test_saved_tokenizers_tell_the_same_as_loaded_ones(tmp_path: Path) -> None:
    for family, modes in (("llama", {"off"}), ("qwen3", {"off", "on"}), ("gpt2", {"off"})):
        folder = tiny_models.build(family, tmp_path / family)
        assert prompting.modes_of_folder(folder) == modes
        assert prompting.reasoning_modes(transformers.AutoTokenizer.from_pretrained(folder)) == modes


def test_a_mode_that_the_template_lacks_is_refused_with_those_that_it_has() -> None:
    with pytest.raises(ModelRefused, match=r"no reasoning mode 'high'\. Choose one of: off, on"):
        said(SWITCHED.replace("NAME", "enable_thinking"), "high")


def test_every_mode_gives_another_prompt() -> None:
    assert said(SWITCHED.replace("NAME", "thinking"), "off") == "<user>Why?<bot><think></think>"
    assert said(SWITCHED.replace("NAME", "thinking"), "on") == "<user>Why?<bot>"
    assert "effort high" in said(EFFORTS, "high")


def test_the_date_in_a_template_stands_still() -> None:
    assert said(EFFORTS, "low").startswith("2026-01-01 effort low")
    assert said("{{ strftime_now('%d %B %Y') }}" + LOOP).startswith("01 January 2026")


def test_a_system_prompt_goes_to_the_head_of_the_question_where_a_template_has_no_place_for_it() -> None:
    strict = "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}" + LOOP
    assert said(LOOP, system="Be brief.") == "<system>Be brief.<user>Why?"
    assert said(strict, system="Be brief.") == "<user>Be brief.\n\nWhy?"
    assert said(None, system="Be brief.") == "Be brief.\n\nWhy?\n\nAnswer:"


def test_a_template_that_cannot_be_rendered_is_the_models_fault() -> None:
    with pytest.raises(ModelRefused, match="cannot be rendered"):
        said("{% if %}")


@pytest.mark.parametrize(
    ("text", "asked", "answer", "reasoned"),
    [
        ("Paris", "Q", "Paris", False),
        ("<think>Hm. <b></think>\n\nParis", "Q", "Paris", True),
        ("<think>\n\n</think>\n\nParis", "Q", "Paris", False),
        ("Hm.</think>Paris", "Q<think>\n", "Paris", True),
        ("Hm. Never done", "Q<think>\n", "", True),
        ("<think>Hm. Never done", "Q", "", True),
        ("<think>a</think>no<think>b</think>Paris", "Q", "Paris", True),
        ("[THINK]Hm.[/THINK]Paris", "Q", "Paris", True),
        (
            "<|channel|>analysis<|message|>Hm<|end|><|start|>assistant<|channel|>final<|message|>Paris",
            "Q",
            "Paris",
            True,
        ),
        ("<|channel|>analysis<|message|>Hm. Never done", "Q", "", True),
    ],
)
def test_reasoning_is_taken_off_and_one_that_never_ends_leaves_no_answer(
    text: str,
    asked: str,
    answer: str,
    reasoned: bool,  # noqa: FBT001
) -> None:
    assert prompting.answer_of(text, asked) == (answer, reasoned)

"""Prompts: the model's own chat template where it has one, its ways of reasoning, and where reasoning ends.

Which ways of reasoning a template has is found by rendering it: a switch that changes nothing is no switch. Dates in
templates stand still, so that a model is asked the same today and in a year.
"""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any

from wattbench.problems import ModelRefused, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MODES = ("off", "on", "low", "medium", "high")
SWITCHES = ("enable_thinking", "thinking")  # true or false
EFFORT = "reasoning_effort"  # low, medium, high; `none` turns reasoning off in templates that name it
# What opens and closes a stretch of reasoning, by family.
TAGS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("[THINK]", "[/THINK]"),
    ("<seed:think>", "</seed:think>"),
    ("<|channel>thought", "<channel|>"),
    ("<|channel|>analysis", "<|channel|>final<|message|>"),
)
DATE = {"%Y": "2026", "%m": "01", "%d": "01", "%B": "January", "%b": "Jan", "%A": "Thursday", "%a": "Thu"}
DATED = (
    "{%- macro strftime_now(format) -%}{{ format"
    + "".join(f" | replace('{sign}', '{said}')" for sign, said in DATE.items())
    + " }}{%- endmacro -%}"
)
PROBE = ({"role": "user", "content": "How many?"},)
Switch = dict[str, Any]


def prompt(tokenizer: Any, messages: Sequence[Mapping[str, str]], mode: str) -> str:  # noqa: ANN401 - transformers'
    """Write messages as the model expects them, with the place for its answer open.

    Without a chat template: the contents, and `Answer:`. A template that knows no system role gets the system prompt
    at the head of the first message. Raises ModelRefused for a mode of reasoning that the template does not have.
    """
    template = template_of(tokenizer)
    switch = _switch(template, _tokens(tokenizer), mode)
    if template is None:
        return "\n\n".join([*(one["content"].strip() for one in messages), "Answer:"])
    chat = [dict(one) for one in messages]
    text = _rendered(template, _tokens(tokenizer), chat, switch)
    if text is None and len(chat) > 1 and chat[0]["role"] == "system":
        merged = {"role": "user", "content": f"{chat[0]['content']}\n\n{chat[1]['content']}"}
        text = _rendered(template, _tokens(tokenizer), [merged, *chat[2:]], switch)
    if text is None:
        raise ModelRefused(
            [Problem("", "chat template", "cannot be rendered for a plain question", "Mend the model's chat template")]
        )
    return text


def reasoning_modes(tokenizer: Any) -> set[str]:  # noqa: ANN401 - transformers'
    """Give the ways of reasoning that a tokenizer's chat template has, out of off, on, low, medium and high.

    A template that opens the reasoning itself has `on` alone; one that speaks of reasoning but has no switch may be
    either, and the outputs tell; one that does not, or no template at all, is `off`.
    """
    return set(_modes(template_of(tokenizer), _tokens(tokenizer)))


def modes_of_folder(folder: Path) -> set[str]:
    """Give the same from the tokenizer's files in a folder, without loading a tokenizer."""
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    template, own = config.get("chat_template"), folder / "chat_template.jinja"
    if own.is_file():
        template = own.read_text(encoding="utf-8")
    if isinstance(template, list):  # named templates, as older files have them
        template = next((one["template"] for one in template if one["name"] == "default"), None)
    named = [(name, config.get(name)) for name in ("bos_token", "eos_token")]
    tokens = [(name, one["content"] if isinstance(one, dict) else one) for name, one in named]
    return set(_modes(template, tuple((name, one) for name, one in tokens if isinstance(one, str))))


def unknown_mode(modes: set[str], mode: str) -> list[Problem]:
    """Say what is wrong with a mode of reasoning that a model does not have, and which it has."""
    if mode in modes:
        return []
    known = ", ".join(one for one in MODES if one in modes)
    message = f"the model's chat template has no reasoning mode {mode!r}"
    return [Problem("", "reasoning", message, f"Choose one of: {known}")]


def answer_of(text: str, asked: str) -> tuple[str, bool]:
    """Split reasoning off a text that was written behind a prompt: (the answer, whether there was reasoning).

    Reasoning that never ended leaves no answer. A stretch without a word in it is no reasoning.
    """
    for opening, closing in TAGS:
        if closing in text:
            thought, answer = text.rsplit(closing, 1)
            return answer.strip(), bool(thought.replace(opening, "").strip())
        if opening in text or asked.rstrip().endswith(opening):
            return "", True
    return text.strip(), False


def template_of(tokenizer: Any) -> str | None:  # noqa: ANN401 - transformers'
    """Give the chat template that questions without tools use, or None."""
    template = getattr(tokenizer, "chat_template", None)
    if isinstance(template, dict):
        template = template.get("default")
    return template if isinstance(template, str) and template else None


def _tokens(tokenizer: Any) -> tuple[tuple[str, str], ...]:  # noqa: ANN401 - transformers'
    """Give the special tokens that templates may write, hashable."""
    known = getattr(tokenizer, "special_tokens_map", {})
    return tuple(sorted((name, str(token)) for name, token in known.items() if isinstance(token, str)))


def _switch(template: str | None, tokens: tuple[tuple[str, str], ...], mode: str) -> Switch:
    modes = _modes(template, tokens)
    if problems := unknown_mode(set(modes), mode):
        raise ModelRefused(problems)
    return modes[mode]


@functools.lru_cache(maxsize=16)  # found once a model, asked once a query
def _modes(template: str | None, tokens: tuple[tuple[str, str], ...]) -> dict[str, Switch]:
    """Give, for every way of reasoning that a template has, what it is rendered with."""
    if template is None:
        return {"off": {}}

    def probe(**switch: Any) -> str | None:  # noqa: ANN401 - what templates take
        return _rendered(template, tokens, list(PROBE), switch)

    found: dict[str, Switch] = {}
    for name in SWITCHES:
        with_it, without = probe(**{name: True}), probe(**{name: False})
        if None not in {with_it, without} and with_it != without:
            found = {"on": {name: True}, "off": {name: False}}
            break
    found |= _efforts(template, found.get("on", {}), probe)
    return found or _unswitched(template, probe() or "")


def _efforts(template: str, on: Switch, probe: Any) -> dict[str, Switch]:  # noqa: ANN401 - renders with a switch
    """Give the efforts that a template tells apart; `none` only where it is named, for it would print any word."""

    def named(level: str) -> bool:
        return re.search(rf"""["']{level}["']""", template) is not None

    unheard = probe(**on, **{EFFORT: "unheard-of"})
    said = {level: probe(**on, **{EFFORT: level}) for level in ("low", "medium", "high", "none")}
    known = {level: text for level, text in said.items() if text is not None and (named(level) or text != unheard)}
    if not named("none"):
        known.pop("none", None)
    if len(set(known.values())) < 2:  # noqa: PLR2004 - two are told apart, or none is
        return {}
    return {"off" if level == "none" else level: {**({} if level == "none" else on), EFFORT: level} for level in known}


def _unswitched(template: str, plain: str) -> dict[str, Switch]:
    """Tell of a template without a switch whether it makes the model reason."""
    if any(plain.rstrip().endswith(opening) for opening, _ in TAGS):
        return {"on": {}}
    if any(plain.rstrip().endswith(closing) for _, closing in TAGS):  # an empty stretch, closed for the model
        return {"off": {}}
    return {"off": {}, "on": {}} if any(closing in template for _, closing in TAGS) else {"off": {}}


def _rendered(
    template: str | None, tokens: tuple[tuple[str, str], ...], messages: list[dict[str, str]], switch: Switch
) -> str | None:
    """Render a template in the sandbox of transformers; None where it fails, as strangers' templates do in any way."""
    from transformers.utils.chat_template_utils import render_jinja_template

    try:
        texts, _ = render_jinja_template(
            conversations=[messages],
            chat_template=DATED + (template or ""),
            add_generation_prompt=True,
            date_string="01 Jan 2026",
            **dict(tokens),
            **switch,
        )
    except Exception:  # noqa: BLE001 - whatever a stranger's template raises
        return None
    return str(texts[0])

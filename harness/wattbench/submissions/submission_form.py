"""The form of a submission: what people may write into `submission.yml`, as strict values with their descriptions.

The JSON Schema that editors complete from is made of it, and submissions/README.md explains each field.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from wattbench import tasks
from wattbench.boards import Precision, Reasoning, Scenario

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?"
MODEL_ID = rf"^{_NAME}/{_NAME}$"
ModelId = Annotated[str, Field(pattern=MODEL_ID, examples=["sentence-transformers/all-MiniLM-L6-v2"], max_length=193)]
# What a line of plain words cannot hold: markup, line breaks, and marks that turn or hide text.
_NOT_PLAIN = r"<>`|\[\]\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"


def _plain(text: str) -> str:
    if not text.isprintable():
        raise ValueError("holds a character that cannot be seen")
    return text


def _exactly(*, value: object) -> BeforeValidator:
    """Refuse what Python alone takes for the same: 1 is not true, and neither is 1.0."""

    def same(given: object) -> object:
        if given is not None and (type(given) is not type(value) or given != value):
            raise PydanticCustomError("literal_error", "is another value", {"expected": str(value).lower()})
        return given

    return BeforeValidator(same)


class _Strict(BaseModel):
    model_config = ConfigDict(
        defer_build=True, frozen=True, strict=True, extra="forbid", populate_by_name=True, use_attribute_docstrings=True
    )


class Package(_Strict):
    """A package on the Python index that carries weights: the demo's stand-in for a revision. Never rated."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    """The distribution's name on the index."""
    version: Annotated[str, Field(pattern=r"^[0-9][0-9A-Za-z.+!-]{0,31}$")]
    """Its version, in quotes."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """The sha256 of its archive."""


class ModelRef(_Strict):
    """Which model, at which revision (or, in the demo, from which package)."""

    id: ModelId
    """ORG/NAME as the Hub spells it. It agrees with the folder that the file lies in."""
    revision: (
        Annotated[str, Field(pattern=r"^[0-9a-f]{40}$", examples=["1110a243fdf4706b3f48f1d95db1a4f5529b4d41"])] | None
    ) = None
    """The commit that is to be measured: 40 hex digits, in quotes. A branch or a tag can move, so neither is taken."""
    base_model: ModelId | None = None
    """The model that this one was fine-tuned, distilled or quantised from, as ORG/NAME."""
    package: Package | None = None
    """The demo's stand-in for a revision; no rated edition accepts it."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.revision is None) == (self.package is None):
            raise ValueError("needs exactly one of revision and package")
        return self

    @property
    def key(self) -> str:
        """The revision as run files and the Shelf name it: 40 hex, or `package:NAME==VERSION`."""
        return self.revision or (f"package:{self.package.name}=={self.package.version}" if self.package else "")


class Submitter(_Strict):
    """Who asks, and how they stand to the model."""

    github: Annotated[str, Field(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$", examples=["octocat"])]
    """Your name on GitHub, without @."""
    relationship: Literal["owner", "user", "maintainer"]
    """`owner`: you made the model or speak for who did; `user`: anybody else; `maintainer`: of this leaderboard."""


class Attestations(_Strict):
    """What the submitter vouches for. Both are ticked by a person; no tool fills them in."""

    no_benchmark_specific_tuning: Annotated[Literal[True], _exactly(value=True)]
    """The model was not trained or changed to do well on this leaderboard's workloads in particular."""
    license_permits_publication: Annotated[Literal[True], _exactly(value=True)]
    """The model's licence permits that measurements of it are published."""


class Submission(_Strict):
    """What people ask for: one model, its tasks, precisions, scenarios and ways of reasoning."""

    schema_: Annotated[Literal[1], _exactly(value=1)] = Field(alias="schema")
    """The version of this form: 1."""
    model: ModelRef
    """Which model, at which commit."""
    tasks: Annotated[tuple[str, ...], Field(min_length=1, max_length=11, strict=False)]
    """What the model is to be measured at; each task is a board of its own."""
    precisions: Annotated[tuple[Precision, ...], Field(min_length=1, max_length=5, strict=False)]
    """The number formats to run it in; each is a board of its own."""
    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1, max_length=2, strict=False)] = ("single",)
    """`single`: one query at a time; `saturated`: the batch size at which a query costs least."""
    reasoning: Annotated[tuple[Reasoning, ...], Field(min_length=1, max_length=5, strict=False)] = ("off",)
    """Ways of reasoning, of tasks that know them; each is a board of its own. Quote "off" and "on"."""
    submitter: Submitter
    """Who asks."""
    attestations: Attestations
    """What you vouch for; both must be true."""
    notes: Annotated[str, Field(max_length=280, pattern=rf"^[^{_NOT_PLAIN}]*$"), AfterValidator(_plain)] | None = None
    """Anything that the maintainers should know: plain words, 280 characters at most."""

    @field_validator("tasks", "precisions", "scenarios", "reasoning")
    @classmethod
    def _each_once(cls, some: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(some)) < len(some):
            raise ValueError("names something twice")
        return some


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a submission, for editors and checks. It names every task that there is."""
    schema = Submission.model_json_schema(by_alias=True)
    schema["properties"]["tasks"]["items"]["enum"] = tasks.names()
    for name in ("tasks", "precisions", "scenarios", "reasoning"):
        schema["properties"][name]["uniqueItems"] = True
    return schema

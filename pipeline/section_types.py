"""The kinds of value that sections of the configuration are made of."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from pipeline import located


def only(pattern: str, allowed: str, example: str, **more: Any) -> Any:
    """A limit on a text. `allowed` completes "it must be …": people read it instead of the pattern, here and in editors that know the schema."""
    said: dict[str, Any] = {located.ALLOWED: f"it must be {allowed}, for example {example}"}
    return Field(pattern=pattern, examples=[example], json_schema_extra=said, **more)


Id = Annotated[str, only(r"^[a-z0-9][a-z0-9-]{1,63}$", "2 to 64 small letters, digits and hyphens, no hyphen first", "tagesblatt-2")]
Prefix = Annotated[str, only(r"^[a-z0-9._-]*$", "small letters, digits, dots, hyphens and underscores, or nothing", "desk1.")]
Country = Annotated[str, only(r"^([A-Z]{2})?$", "two capital letters, or nothing", "DE")]
OptionalWebAddress = Annotated[
    str, only(r"^(https?://.*)?$", "an address that begins with http:// or https://, or nothing", "https://lagebild.example")
]
LanguageCode = Annotated[
    str, only(r"^([a-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3})?$", "a language code (ISO 639: two or three small letters), or nothing", "de")
]
PageLanguage = Annotated[str, only("^(de|en)$", "de or en", "de")]

SecretReference = Annotated[
    str,
    only(
        r"^(\$\{(env|file):[^}]+\})?$",
        "${env:NAME} or ${file:PATH} for where the secret stands, never the secret itself (change it when others could read it here)",
        "${env:KIBANA_API_KEY}",
    ),
]
SpaceName = Annotated[str, only(r"^[a-z0-9_-]*$", "small letters, digits, hyphens and underscores, or nothing", "news-desk")]


class Names(StrEnum):
    """What the path in a field of the configuration leads to, as an annotation of the field: `lagebild check` looks there."""

    AUTHORITIES = "certificates of authorities"
    CERTIFICATE = "a certificate of ours"
    KEY = "the key to it"
    FOLDER = "a folder that is read"
    WRITTEN = "a file or folder that is made where it is missing"


class Strict(BaseModel):
    """Unknown names are errors, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)

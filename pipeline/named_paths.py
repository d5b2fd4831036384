"""The files and folders that a configuration names, looked at: are they there, do they hold what they should, and is it still valid.

`lagebild check` asks for all of it. Starting asks for less (`settings.load`, and whoever opens a file): a certificate of one receiver that has
expired must not keep everything else from running.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pydantic
from pydantic import SecretStr

from pipeline import located, plugins, tls
from pipeline.errors import BadConfiguration, Problem
from pipeline.section_types import Names
from pipeline.sections import Elasticsearch, Kafka, Kibana
from pipeline.settings import MAX_BYTES, PLUGIN_SECTIONS, entries, secret

_SECTIONS: dict[str, type[pydantic.BaseModel]] = {"kafka": Kafka, "elasticsearch": Elasticsearch, "kibana": Kibana}

Place = tuple[str | int, ...]
Values = Mapping[str, Any]


def problems(path: Path) -> list[Problem]:
    """What is wrong with the files and folders that the configuration in `path` names, at their places, whatever else is wrong with it."""
    source = located.read(path, max_bytes=MAX_BYTES)
    data = source.data if isinstance(source.data, dict) else {}
    folder = path.resolve().parent
    now = datetime.now(UTC)
    return [
        source.problem((*place, name), why)
        for place, model, values in _models(data, folder)
        for name, why in _faults(model, values, folder, now)
    ]


def _models(data: Mapping[str, Any], folder: Path) -> Iterator[tuple[Place, type[pydantic.BaseModel], Values]]:
    """Each part of the configuration whose fields are known, with its place and what is written there."""
    for section, model in _SECTIONS.items():
        if isinstance(data.get(section), dict):
            yield (section,), model, data[section]
    listed = data.get("plugins")
    folders = tuple(folder / each for each in (listed if isinstance(listed, list) else ()) if isinstance(each, str))
    for section, kind, key in PLUGIN_SECTIONS:
        for index, each in entries(data, section):
            if isinstance(each.get(key), str) and isinstance(each.get("options"), dict):
                try:
                    module = plugins.load(kind, each[key], folders)
                except (plugins.NoSuchPlugin, plugins.FaultyPlugin):
                    continue
                yield (section, index, "options"), module.Options, each["options"]


def _faults(model: type[pydantic.BaseModel], values: Values, folder: Path, now: datetime) -> Iterator[tuple[str, str]]:
    """Field and fault of each path that is wrong, and of a key that does not belong to its certificate."""
    sound: dict[Names, Path] = {}
    at: dict[Names, str] = {}
    for name, named in _named(model):
        written = values.get(name)
        if isinstance(written, str) and written:
            at[named] = name
            if why := _LOOKS[named](written, folder / written, now):
                yield name, why
            else:
                sound[named] = folder / written
    # A key that is named and missing has been reported; without one it stands in the file of the certificate.
    certificate, key = sound.get(Names.CERTIFICATE), sound.get(Names.KEY)
    if certificate and (key or Names.KEY not in at) and (why := _unfit(certificate, key, values.get("key_password"))):
        yield at.get(Names.KEY, at[Names.CERTIFICATE]), why


def _named(model: type[pydantic.BaseModel]) -> Iterator[tuple[str, Names]]:
    for name, field in getattr(model, "model_fields", {}).items():
        for each in field.metadata:
            if isinstance(each, Names):
                yield name, each


def _missing(what: str, written: str, path: Path) -> str:
    return f"there is no {what} {written!r} (looked for {path})"


def _folder(written: str, path: Path, _now: datetime) -> str:
    return "" if path.is_dir() else f"{_missing('folder', written, path)}: create it, or correct the name"


def _written(written: str, path: Path, _now: datetime) -> str:
    above = next(each for each in path.absolute().parents if each.exists())
    return "" if above.is_dir() else f"{written!r} cannot be made: {above} is no folder"


def _key(written: str, path: Path, _now: datetime) -> str:
    return "" if path.is_file() else _missing("file", written, path)


def _authorities(written: str, path: Path, now: datetime) -> str:
    if not path.is_file():
        return _missing("file", written, path)
    if why := _refusal(lambda: tls.trusting(str(path), "")):
        return why
    ends = [each.ends_at for each in tls.certificates_in(path)]
    if ends and max(ends) <= now:
        return f"every certificate in {written!r} has expired (the last one on {max(ends):%Y-%m-%d}): ask for the authority's present one"
    return ""


def _certificate(written: str, path: Path, now: datetime) -> str:
    if not path.is_file():
        return _missing("file", written, path)
    found = tls.certificates_in(path)
    if not found:
        return f"{path} holds no certificate (PEM): name the file that begins with -----BEGIN CERTIFICATE-----"
    if found[0].ends_at <= now:
        return f"the certificate in {written!r} has expired on {found[0].ends_at:%Y-%m-%d}: have a new one issued"
    if found[0].begins_at > now:
        return f"the certificate in {written!r} is not valid before {found[0].begins_at:%Y-%m-%d %H:%M} UTC: wait, or look at this machine's clock"
    return ""


_LOOKS: dict[Names, Callable[[str, Path, datetime], str]] = {
    Names.AUTHORITIES: _authorities,
    Names.CERTIFICATE: _certificate,
    Names.KEY: _key,
    Names.FOLDER: _folder,
    Names.WRITTEN: _written,
}


def _unfit(certificate: Path, key: Path | None, password: Any) -> str:
    """Why certificate and key cannot be used together; "" also when the key's password is not set here, which is a warning of its own."""
    known = ""
    if isinstance(password, str):
        try:
            known = secret(SecretStr(password))
        except BadConfiguration:
            return ""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return _refusal(lambda: tls.present(context, str(certificate), str(key or ""), lambda: known, ""))


def _refusal(look: Callable[[], object]) -> str:
    try:
        look()
    except BadConfiguration as error:
        return error.problems[0].message
    return ""

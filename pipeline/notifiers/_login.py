"""Signing in to a receiver: with a token, or with a user and a password."""

from __future__ import annotations

from pydantic import Field, SecretStr

from pipeline.notifiers._post import PostOptions
from pipeline.notifiers._secrets import NamedSecret, resolved
from pipeline.outgoing.exchange import basic
from pipeline.plugins import Context


class LoginOptions(PostOptions):
    """What a notifier may be told whose receiver takes either."""

    token: NamedSecret = Field(SecretStr(""), description="access token, as ${env:NAME} or ${file:/path}")
    user: str = Field("", max_length=200, description="user name, with a password instead of a token")
    password: NamedSecret = Field(SecretStr(""), description="password of the user, as ${env:NAME} or ${file:/path}")


def login(options: LoginOptions, context: Context) -> dict[str, str]:
    """The header that signs in, {} where the options name neither; a token comes first. Raises BadConfiguration as `resolved` does."""
    password = resolved(options.password, context.name, "the password")
    if token := resolved(options.token, context.name, "the token"):
        return {"authorization": f"Bearer {token}"}
    return {"authorization": basic(options.user, password)} if password else {}

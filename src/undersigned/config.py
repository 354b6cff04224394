"""Settings from the environment (`UNDERSIGNED_*`), read at the doors only; `docs/settings.md`.

A secret may be given as a file instead: the variable with `_FILE` after its name holds the path. What
is wrong with a setting is told without its value.
"""

import os
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from undersigned.errors import FormatError

PREFIX: Final = "UNDERSIGNED_"
_CONTACT: Final = (
    r"(mailto:[^\s@<>]{1,64}@[^\s@<>]{1,253}|https://[^\s<>]{1,500}|tel:\+[0-9-]{3,30})"
)
CONTACTS: Final = rf"^{_CONTACT}( {_CONTACT}){{0,3}}\Z"
"""Addresses that a `Contact` of a security.txt may have (RFC 9116, section 2.5.3)."""

Role = Literal["all", "collector", "issuer"]
LONGEST_SECRET: Final = 4096
"""Bytes of a secret's file: far above any address of a mail server."""


class Settings(BaseSettings):
    """What can be set. Read with `read_settings`, which says what is wrong in words."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        # The other engine builds automata of every character there is before anything is read.
        regex_engine="python-re",
    )

    data: Path = Field(
        default=Path("undersigned-data"), description="the folder that holds the site"
    )
    database: SecretStr | None = Field(
        default=None,
        description="a PostgreSQL database for the tables of site, issuer and desk, each in a schema of "
        "its own: `postgresql://user:password@host/name`; without one they are in files in the folder",
    )
    host: str = Field(
        default="127.0.0.1", min_length=1, max_length=253, description="the address to listen at"
    )
    port: int = Field(default=8000, ge=1, le=65535, description="the port to listen at")
    url: str | None = Field(
        default=None,
        description="the address at which people reach this server, such as "
        "`https://letters.example.org`: links in mails and the addresses that pages name are made from "
        "it, and passkeys of the desk are bound to its host; `http://localhost` and the port where only "
        "this machine reaches it, else https and the host of the site, or the address of the issuer",
    )
    role: Role | None = Field(
        default=None,
        description="what is served: `all`, a site with its issuer; `collector`, a site without one; "
        "`issuer`, an issuer apart; what the folder holds otherwise",
    )
    operator: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        pattern=r"^\S(.*\S)?\Z",
        description="who runs this server, as its pages about itself and about privacy name them",
    )
    contact: str | None = Field(
        default=None,
        pattern=CONTACTS,
        description="where people reach whoever runs this server: addresses that begin with `mailto:`, "
        "`https:` or `tel:`, at most 4, with spaces between; without any, its pages say that none is named",
    )
    security_contact: str | None = Field(
        default=None,
        pattern=CONTACTS,
        description="where a weakness of this server is reported, written alike; without any there is no "
        "`/.well-known/security.txt`",
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="the mail server: `smtp://`, `smtp+starttls://` or "
        "`smtps://[user:password@]host[:port]`; without one, mails are written to the outbox folder",
    )
    mail_sender: str | None = Field(
        default=None,
        pattern=r"^[^\s@<>]{1,64}@[^\s@<>]{1,253}\Z",
        description="the address that mails come from; `no-reply@` and the host of the site otherwise",
    )
    dkim_selector: str | None = Field(
        default=None,
        min_length=1,
        max_length=63,
        description="the selector under which the DNS of the sender's domain holds the DKIM key; "
        "set together with the key",
    )
    dkim_key: SecretStr | None = Field(
        default=None,
        description="an RSA key (PEM) that signs mails by DKIM; without one they are not signed here",
    )
    openid_issuer: str | None = Field(
        default=None,
        min_length=1,
        max_length=500,
        description="the address of a sign-on provider (OpenID Connect), as it calls itself; without one "
        "no letter can have members who sign on",
    )
    openid_client_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=500,
        description="the name under which the provider knows this server; set together with the provider",
    )
    openid_client_secret: SecretStr | None = Field(
        default=None, description="the secret that goes with that name, if the provider gave one"
    )
    openid_name: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="what people call the provider; its host otherwise",
    )
    fonts: Path | None = Field(
        default=None,
        description="a folder with fonts (TTF, OTF) for PDFs, for names in scripts that the fonts "
        "within Undersigned lack",
    )
    witness_policy: Path | None = Field(
        default=None,
        description="a C2SP tlog-policy with the witnesses that are asked to cosign the log, each with "
        "its address; nothing newer is published before the quorum that it names has cosigned it",
    )

    timestamp_urls: SecretStr | None = Field(
        default=None,
        description="timestamp authorities (RFC 3161), at most 8, with spaces between their "
        "addresses; without any, nothing is stamped",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the names are the library's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment, and files that it names; nothing else."""
        return init_settings, env_settings, _SecretFiles(settings_cls)


class _SecretFiles(PydanticBaseSettingsSource):
    """Reads the files that `<NAME>_FILE` names."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """Return the content of a setting's file."""
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        return (None if path is None else _read_secret(path)), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return every secret that is given as a file."""
        values = {name: self.get_field_value(None, name)[0] for name in secret_names()}
        return {name: value for name, value in values.items() if value is not None}


def secret_names() -> list[str]:
    """Return the settings that may be given as files."""
    return [
        name
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    ]


def variable_names() -> set[str]:
    """Return every variable that is read."""
    names = {PREFIX + name.upper() for name in Settings.model_fields}
    return names | {f"{PREFIX}{name.upper()}_FILE" for name in secret_names()}


def read_settings() -> Settings:
    """Read the environment. Raises FormatError, naming the variable that is wrong."""
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in variable_names():
            raise FormatError(f"{name} is not a setting")
    for name in secret_names():
        variable = PREFIX + name.upper()
        if variable in os.environ and f"{variable}_FILE" in os.environ:
            raise FormatError(f"{variable} and {variable}_FILE are both set; one of them is enough")
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        variable = PREFIX + str(first["loc"][0]).upper()
        raise FormatError(f"{variable}: {first['msg']}") from None


def _read_secret(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            data = file.read(LONGEST_SECRET + 1)
        text = data.decode().rstrip("\n")
    except (OSError, UnicodeDecodeError):
        raise FormatError("the file of a secret cannot be read as text") from None
    if not text or len(data) > LONGEST_SECRET:
        raise FormatError("the file of a secret is empty or too long")
    return text

"""The settings: one typed object, from one YAML file and STELLA_ variables. None is needed.

docs/reference/settings.example.yaml says what each key means, in what unit, and its default; a
test holds it to this class, both ways.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from stella.app.errors import MalformedSetting, UnknownSetting, UnreadableSettings
from stella.hub.guard import is_network
from stella.hub.keepers import ENV, FORM, parse_keeper
from stella.kernel import Remedy

PREFIX = "STELLA_"
SETTINGS_FILE = "STELLA_SETTINGS"
# Other parts of Stella read these; the server does not.
_OTHERS = frozenset({SETTINGS_FILE, "STELLA_URL", "STELLA_TOKEN"})
_SECRETS = "STELLA_SECRET_"
_FILE_BYTES_MAX = 1_000_000
_LOG_LEVELS = ("debug", "info", "warning", "error")
_LEAST = {
    "session_hours": 1,
    "login_hours": 1,
    "order_life_s": 1,
    "sweep_s": 1,
    "request_bytes_max": 65_536,
    "disk_free_bytes_min": 0,
    "feeds_every_min": 1,
}
_DOCS = "docs/reference/settings.example.yaml"


@dataclass(frozen=True, slots=True)
class RegistrySetting:
    """How to reach one registry. username, password: references, resolved at the last moment.

    simulated_in: directory of a simulated registry that stands in for it.
    """

    plain_http: bool = False
    username: str = ""
    password: str = ""
    ca_file: str = ""
    simulated_in: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting. Times end in their unit; empty text means the default that is derived."""

    data_directory: str = ""
    database_url: str = ""
    listen_host: str = "127.0.0.1"
    listen_port: int = 8474
    public_url: str = ""
    tls_ends_at_proxy: bool = False
    agents_host: str = "127.0.0.1"
    agents_port: int = 8475
    agents_names: tuple[str, ...] = ()
    agents_url: str = ""
    agents_tls_ends_at_proxy: bool = False
    advisories: str = ""
    feeds_every_min: int = 60
    end_of_life: str = ""
    registries: Mapping[str, RegistrySetting] = field(default_factory=dict)
    networks: tuple[str, ...] = ()
    offline: bool = False
    secret_directories: tuple[str, ...] = ("/run/secrets",)
    secret_variables: str = _SECRETS
    secret_keepers: tuple[str, ...] = ("file:",)
    object_directories: tuple[str, ...] = ()
    plugins_unconfined: bool = False
    disk_free_bytes_min: int = 1_000_000_000
    button_approvals: bool = False
    ledger_witnesses: tuple[str, ...] = ()
    console_directory: str = ""
    session_hours: int = 12
    login_hours: int = 168
    order_life_s: int = 900
    sweep_s: int = 10
    request_bytes_max: int = 8_388_608
    simulated: bool = False
    log_level: str = "info"

    def __post_init__(self) -> None:
        for key in ("listen_port", "agents_port"):
            if not 0 <= getattr(self, key) <= 65535:
                raise _malformed(key, "a port is 0 (any free one) to 65535")
        for key, least in _LEAST.items():
            if getattr(self, key) < least:
                raise _malformed(key, f"at least {least}")
        for network in self.networks:
            if not is_network(network):
                raise _malformed("networks", "networks such as 10.0.0.0/8")
        if not self.secret_variables:
            raise _malformed("secret_variables", "how the names begin; never nothing")
        self._check_keepers()
        if self.log_level not in _LOG_LEVELS:
            raise _malformed("log_level", f"one of {', '.join(_LOG_LEVELS)}")

    def _check_keepers(self) -> None:
        found = [parse_keeper(one) for one in self.secret_keepers]
        if not found or None in found or len({*self.secret_keepers}) != len(found):
            raise _malformed("secret_keepers", f"each once and at least one of {FORM}")
        for one in found:
            if one and one.scheme == ENV and one.place.startswith(self.secret_variables):
                why = f"variables that do not begin with {self.secret_variables}, for integrations"
                raise _malformed("secret_keepers", f"{why} may read those")

    @property
    def data(self) -> Path:
        """The directory of everything that the server keeps."""
        if self.data_directory:
            return Path(self.data_directory).expanduser().resolve()
        if os.geteuid() == 0:
            return Path("/var/lib/stella")
        base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
        return Path(base) / "stella"

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the records."""
        return self.database_url or f"sqlite:///{self.data / 'stella.db'}"

    @property
    def url(self) -> str:
        """Where people reach the API and the console, without a slash at the end."""
        return (self.public_url or f"http://{self.listen_host}:{self.listen_port}").rstrip("/")

    @property
    def agents_hosts(self) -> tuple[str, ...]:
        """Every name that the agents' certificate is good for."""
        always = (self.agents_host, "localhost", "127.0.0.1")
        hosts = (*self.agents_names, *(host for host in always if host not in {"0.0.0.0", "::"}))  # noqa: S104
        return tuple(dict.fromkeys(hosts))

    @property
    def agents_address(self) -> str:
        """The URL that agents are told, without a slash at the end."""
        return (self.agents_url or f"https://{self.agents_hosts[0]}:{self.agents_port}").rstrip("/")


def load_settings(
    file: Path | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """The settings of ``file`` (else of STELLA_SETTINGS, else none), STELLA_ variables over it.

    Raises UnreadableSettings, UnknownSetting, MalformedSetting.
    """
    variables = os.environ if environment is None else environment
    named = variables.get(SETTINGS_FILE, "")
    path = file or (Path(named) if named else None)
    values = read_settings_file(path) if path is not None else {}
    for name, text in variables.items():
        if name.startswith(PREFIX) and name not in _OTHERS:
            key = name.removeprefix(PREFIX).lower()
            if key == "registries":
                raise _malformed(name, f"no value: `{key}` stand in the settings file alone")
            if key in _KINDS:
                values[key] = _from_text(key, text)
            elif name.startswith(_SECRETS):
                continue  # a secret of the owner's, for integrations
            elif close := get_close_matches(key, _KINDS, 1, 0.85):
                # Other programs have variables with this prefix; only near misses are refused.
                raise _unknown(name, f"{PREFIX}{close[0].upper()}")
    return Settings(**values)


def read_settings_file(path: Path) -> dict[str, Any]:
    """The checked values of a settings file, by key."""
    try:
        content = path.read_bytes()[: _FILE_BYTES_MAX + 1]
        document = yaml.safe_load(content) if len(content) <= _FILE_BYTES_MAX else "too large"
    except OSError as error:
        raise _unreadable(path, error.strerror or "cannot be read") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(path, f"no YAML: {str(error).splitlines()[0]}") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise _unreadable(path, "not a mapping of keys to values")
    return {_known(key, _KINDS): _checked(str(key), value) for key, value in document.items()}


def _known(key: object, known: Mapping[str, Any], inside: str = "") -> str:
    if key not in known:
        close = get_close_matches(str(key), known, 1, 0.0)
        raise _unknown(f"{inside}{key}", f"{inside}{close[0]}" if close else "")
    return str(key)


def _checked(key: str, value: object) -> Any:
    if key == "registries":
        if not isinstance(value, dict):
            raise _malformed(key, "a mapping from host to how it is reached")
        return {str(host): _registry(str(host), one) for host, one in value.items()}
    return _of_kind(key, _KINDS[key], value)


def _registry(host: str, value: object) -> RegistrySetting:
    inside = f"registries.{host}."
    if not isinstance(value, dict):
        raise _malformed(inside[:-1], f"a mapping with {', '.join(_REGISTRY_KINDS)}")
    return RegistrySetting(
        **{
            _known(key, _REGISTRY_KINDS, inside): _of_kind(
                f"{inside}{key}", _REGISTRY_KINDS[str(key)], item
            )
            for key, item in value.items()
            if _known(key, _REGISTRY_KINDS, inside)
        }
    )


def _of_kind(key: str, kind: Any, value: object) -> Any:
    if kind is bool and isinstance(value, bool):
        return value
    if kind is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind is str and isinstance(value, str):
        return value
    if kind == tuple[str, ...] and isinstance(value, list):
        if all(isinstance(item, str) for item in value):
            return tuple(value)
        raise _malformed(key, "a list of text")
    raise _malformed(key, _KIND_WORDS[kind])


def _from_text(key: str, text: str) -> Any:
    kind = _KINDS[key]
    if kind is str:
        return text
    if kind == tuple[str, ...]:
        return tuple(item.strip() for item in text.split(",") if item.strip())
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = None
    return _of_kind(f"{PREFIX}{key.upper()}", kind, value)


def _unknown(key: str, nearest: str) -> UnknownSetting:
    meant = f"Did you mean {nearest}? " if nearest else ""
    return UnknownSetting(
        f"there is no setting {key}",
        remedy=Remedy(f"{meant}Every key stands in {_DOCS}."),
        key=key,
        nearest=nearest,
    )


def _malformed(key: str, wanted: str) -> MalformedSetting:
    return MalformedSetting(
        f"the setting {key} takes {wanted}", remedy=Remedy(f"See {_DOCS}."), key=key
    )


def _unreadable(path: Path, why: str) -> UnreadableSettings:
    return UnreadableSettings(
        f"the settings file {path}: {why}",
        remedy=Remedy(f"Begin with a copy of {_DOCS}."),
        path=path,
    )


_KINDS: dict[str, Any] = {one.name: get_type_hints(Settings)[one.name] for one in fields(Settings)}
_REGISTRY_KINDS: dict[str, Any] = get_type_hints(RegistrySetting)
_KIND_WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    str: "text",
    tuple[str, ...]: "a list of text",
}

# ruff: noqa: ARG002, PLR0911 - one line an answer
"""Token servers and stores of Azure and Google, played by their documented APIs.

Signatures of JWTs and of Azure's Shared Key are checked, tokens end, and what an account may not is
refused as the services refuse it.
"""

import base64
import contextlib
import hmac
import json
import re
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from connectors.registries import Answer, played_registry

JSON = {"content-type": "application/json"}


@cache
def rsa_key(number: int) -> RSAPrivateKey:
    """The same at every call: making one takes a while."""
    del number
    return generate_private_key(65537, 2048)


def answer(status: int, document: object, **headers: str) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(document).encode(), {**JSON, **named})


def page_after_page(_url: str, body: bytes) -> bytes:
    """The list of a bucket (S3's, Google's, Azure's), which names one more page, whichever it is."""
    more = b"<IsTruncated>true</IsTruncated><NextContinuationToken>z-more</NextContinuationToken>"
    body = re.sub(rb"<IsTruncated>.*?</IsTruncated>", more, body)
    marker = rb"<NextMarker\s*/>|<NextMarker>.*?</NextMarker>"
    return re.sub(marker, b"<NextMarker>z-more</NextMarker>", body)


@dataclass
class Cloud:
    """tokens: those that count. secrets: name -> its versions, (id, text). forbidden: names."""

    endpoint: str = ""
    tokens: set[str] = field(default_factory=set)
    secrets: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def play(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        named = {name.lower(): text for name, text in headers.items()}
        with self.lock:
            return self.answer(method, path, named, body)

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        raise NotImplementedError

    def new_token(self) -> str:
        token = f"ya29.{uuid.uuid4().hex}"
        self.tokens.add(token)
        return token

    def is_let_in(self, headers: Mapping[str, str]) -> bool:
        return headers.get("authorization", "").removeprefix("Bearer ") in self.tokens

    @contextlib.contextmanager
    def served(self) -> Iterator[Any]:
        with played_registry(self.play) as host:
            self.endpoint = f"http://{host}"
            yield self


# ---------------------------------------------------------------- Azure Key Vault


@dataclass
class KeyVault(Cloud):
    """With Microsoft Entra ID in the same place."""

    tenant: str = "72f988bf-86f1-41af-91ab-2d7cd011db47"
    client_id: str = "6731de76-14a6-49ae-97bc-6eba6914391e"
    client_secret: str = field(default_factory=lambda: f"s~{uuid.uuid4().hex}")

    def put(self, path: str, value: str | Mapping[str, str]) -> str:
        text = value if isinstance(value, str) else json.dumps(dict(value))
        version = uuid.uuid4().hex
        self.secrets.setdefault(path.replace("/", "--"), []).append((version, text))
        return f"?version={version}"

    def new_login(self) -> None:
        self.client_secret = f"s~{uuid.uuid4().hex}"
        self.tokens.clear()

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        parts = urlsplit(path)
        if parts.path == f"/{self.tenant}/oauth2/v2.0/token":
            return self._login(parse_qs(body.decode()))
        query = parse_qs(parts.query)
        if query.get("api-version") != ["7.4"]:
            return answer(400, {"error": {"code": "BadParameter", "message": "api-version"}})
        if not self.is_let_in(headers):
            challenge = f'Bearer authorization="{self.endpoint}/{self.tenant}"'
            told = {"error": {"code": "Unauthorized", "message": "AKV10000: missing a token"}}
            return answer(401, told, www_authenticate=challenge)
        _, _, name, version = (*parts.path.split("/"), "", "")[:4]
        if not name:
            return answer(200, {"value": [], "nextLink": None})
        if name in self.forbidden:
            return answer(403, {"error": {"code": "Forbidden", "message": "not authorized"}})
        kept = self.secrets.get(name, [])
        found = [one for one in kept if version in {"", one[0]}]
        if not found:
            return answer(404, {"error": {"code": "SecretNotFound", "message": "not found"}})
        made, text = found[-1]
        place = f"{self.endpoint}/secrets/{name}/{made}"
        return answer(200, {"value": text, "id": place, "attributes": {"enabled": True}})

    def _login(self, form: Mapping[str, list[str]]) -> Answer:
        assert form["grant_type"] == ["client_credentials"]
        assert form["scope"][0].endswith("/.default")
        if (form["client_id"], form["client_secret"]) != (
            [self.client_id],
            [self.client_secret],
        ):
            told = "AADSTS7000215: Invalid client secret provided."
            return answer(401, {"error": "invalid_client", "error_description": told})
        made = {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599}
        return answer(200, {**made, "access_token": self.new_token()})


# ---------------------------------------------------------------- Google


@dataclass
class Google(Cloud):
    """With the token server in the same place. key: which of ``rsa_key`` counts."""

    project: str = "acme-prod"
    email: str = "stella@acme-prod.iam.gserviceaccount.com"
    key: int = 0

    def key_file(self, number: int | None = None) -> str:
        """As it is given out."""
        key = rsa_key(self.key if number is None else number)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return json.dumps(
            {
                "type": "service_account",
                "project_id": self.project,
                "private_key_id": f"k{self.key}",
                "private_key": pem,
                "client_email": self.email,
                "token_uri": "https://evil.example/token",
            },
            indent=2,
        )

    def put(self, path: str, value: str | Mapping[str, str]) -> str:
        text = value if isinstance(value, str) else json.dumps(dict(value))
        kept = self.secrets.setdefault(path.replace("/", "--"), [])
        kept.append((str(len(kept) + 1), text))
        return f"?version={len(kept)}"

    def new_login(self) -> None:
        self.key = 1 - self.key
        self.tokens.clear()

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        parts = urlsplit(path)
        if (method, parts.path) == ("POST", "/token"):
            return self._login(parse_qs(body.decode()))
        if not self.is_let_in(headers):
            return answer(401, {"error": {"code": 401, "status": "UNAUTHENTICATED"}})
        start = f"/v1/projects/{self.project}/secrets"
        if not parts.path.startswith(start):
            return answer(403, {"error": {"code": 403, "status": "PERMISSION_DENIED"}})
        rest = parts.path.removeprefix(start)
        if not rest:
            return answer(200, {})
        _, name, word, version = rest.split("/")
        assert (word, version.endswith(":access")) == ("versions", True)
        if name in self.forbidden:
            return answer(403, {"error": {"code": 403, "status": "PERMISSION_DENIED"}})
        wanted = version.removesuffix(":access")
        found = [one for one in self.secrets.get(name, []) if wanted in {"latest", one[0]}]
        if not found:
            return answer(404, {"error": {"code": 404, "status": "NOT_FOUND"}})
        made, text = found[-1]
        data = base64.b64encode(text.encode()).decode()
        place = f"projects/123/secrets/{name}/versions/{made}"
        return answer(200, {"name": place, "payload": {"data": data, "dataCrc32c": "1"}})

    def _login(self, form: Mapping[str, list[str]]) -> Answer:
        assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
        (jwt,) = form["assertion"]
        signed, _, signature = jwt.rpartition(".")
        head, claims = (json.loads(_decoded(one)) for one in signed.split("."))
        assert (head["alg"], claims["aud"]) == ("RS256", "https://oauth2.googleapis.com/token")
        assert claims["exp"] - claims["iat"] == 3600
        public = rsa_key(self.key).public_key()
        try:
            public.verify(_decoded(signature), signed.encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            return answer(400, {"error": "invalid_grant", "error_description": "Invalid JWT"})
        if claims["iss"] != self.email:
            return answer(400, {"error": "invalid_grant", "error_description": "not found"})
        made = {"token_type": "Bearer", "expires_in": 3599}
        return answer(200, {**made, "access_token": self.new_token()})


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# ---------------------------------------------------------------- buckets


@dataclass
class Objects:
    """What lies in a bucket. page_max: so many names in a page of a list."""

    kept: dict[str, tuple[bytes, datetime, dict[str, str]]] = field(default_factory=dict)
    page_max: int = 3

    def put(self, key: str, content: bytes, headers: Mapping[str, str], meta: str) -> None:
        told = {name: text for name, text in headers.items() if name.startswith(meta)}
        self.kept[key] = (content, datetime.now(UTC), told)

    def shown(self, key: str) -> Answer:
        content, at, told = self.kept[key]
        headers = {"last-modified": format_datetime(at, usegmt=True), **told}
        return Answer(200, content, headers)

    def page(self, prefix: str, after: str, limit: int) -> tuple[list[str], str]:
        """Keys of one page, and where the next begins; empty at the end."""
        found = sorted(one for one in self.kept if one.startswith(prefix) and one > after)
        size = min(limit, self.page_max)
        return found[:size], (found[size - 1] if len(found) > size else "")


def xml(status: int, text: str) -> Answer:
    body = f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()
    return Answer(status, body, {"content-type": "application/xml"})


def xml_error(status: int, code: str) -> Answer:
    return xml(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>")


@dataclass
class GoogleBucket(Google):
    """The XML API of Cloud Storage, with one bucket."""

    bucket: str = "acme-objects"
    objects: Objects = field(default_factory=Objects)
    is_allowed: bool = True

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        parts = urlsplit(path)
        if parts.path == "/token":
            return self._login(parse_qs(body.decode()))
        if not self.is_let_in(headers):
            return xml_error(401, "AuthenticationRequired")
        if not self.is_allowed:
            return xml_error(403, "AccessDenied")
        _, bucket, *rest = parts.path.split("/")
        if bucket != self.bucket:
            return xml_error(404, "NoSuchBucket")
        key = "/".join(rest)
        if not key:
            return self._list({name: one[0] for name, one in parse_qs(parts.query).items()})
        if method == "PUT":
            if headers.get("x-goog-if-generation-match") == "0" and key in self.objects.kept:
                return xml_error(412, "PreconditionFailed")
            self.objects.put(key, body, headers, "x-goog-meta-")
            return Answer(200)
        if key not in self.objects.kept:
            return xml_error(404, "NoSuchKey")
        if method == "DELETE":
            del self.objects.kept[key]
            return Answer(204)
        return self.objects.shown(key)

    def _list(self, query: Mapping[str, str]) -> Answer:
        assert (query["list-type"], query["encoding-type"]) == ("2", "url")
        after = max(query.get("start-after", ""), query.get("continuation-token", ""))
        keys, token = self.objects.page(query.get("prefix", ""), after, int(query["max-keys"]))
        told = "".join(
            f"<Contents><Key>{quote(key)}</Key><LastModified>{self._at(key)}</LastModified>"
            f"<Size>{len(self.objects.kept[key][0])}</Size></Contents>"
            for key in keys
        )
        more = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
        truncated = f"<IsTruncated>{'true' if token else 'false'}</IsTruncated>{more}"
        start = '<ListBucketResult xmlns="http://doc.s3.amazonaws.com/2006-03-01">'
        return xml(200, f"{start}<Name>{self.bucket}</Name>{truncated}{told}</ListBucketResult>")

    def _at(self, key: str) -> str:
        return self.objects.kept[key][1].strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass
class AzureContainer(KeyVault):
    """The Blob service with one container; signatures of Shared Key are made again and compared."""

    account: str = "acmeobjects"
    account_key: str = field(
        default_factory=lambda: base64.b64encode(uuid.uuid4().bytes * 4).decode()
    )
    container: str = "objects"
    objects: Objects = field(default_factory=Objects)
    is_allowed: bool = True

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        parts = urlsplit(path)
        if parts.path == f"/{self.tenant}/oauth2/v2.0/token":
            return self._login(parse_qs(body.decode()))
        assert headers["x-ms-version"] == "2021-08-06"
        assert "x-ms-date" in headers
        if not self._is_signed(method, path, headers, body):
            return xml_error(403, "AuthenticationFailed")
        if not self.is_allowed:
            return xml_error(403, "AuthorizationPermissionMismatch")
        _, container, *rest = parts.path.split("/")
        if container != self.container:
            return xml_error(404, "ContainerNotFound")
        key = "/".join(rest)
        if not key:
            return self._list({name: one[0] for name, one in parse_qs(parts.query).items()})
        if method == "PUT":
            assert headers["x-ms-blob-type"] == "BlockBlob"
            if headers.get("if-none-match") == "*" and key in self.objects.kept:
                return xml_error(409, "BlobAlreadyExists")
            self.objects.put(key, body, headers, "x-ms-meta-")
            return Answer(201)
        if key not in self.objects.kept:
            return xml_error(404, "BlobNotFound")
        if method == "DELETE":
            del self.objects.kept[key]
            return Answer(202)
        return self.objects.shown(key)

    def _is_signed(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bool:
        given = headers.get("authorization", "")
        if given.startswith("Bearer "):
            return self.is_let_in(headers)
        parts = urlsplit(path)
        standard = [
            headers.get("content-encoding", ""),
            headers.get("content-language", ""),
            str(len(body)) if body else "",
            headers.get("content-md5", ""),
            headers.get("content-type", ""),
            "",  # the date is in x-ms-date
            headers.get("if-modified-since", ""),
            headers.get("if-match", ""),
            headers.get("if-none-match", ""),
            headers.get("if-unmodified-since", ""),
            headers.get("range", ""),
        ]
        ours = sorted((name, text) for name, text in headers.items() if name.startswith("x-ms-"))
        resource = f"/{self.account}{unquote(parts.path)}"
        query = sorted((name, ",".join(one)) for name, one in parse_qs(parts.query, True).items())
        text = method + "\n" + "\n".join(standard) + "\n"
        text += "".join(f"{name}:{one}\n" for name, one in ours)
        text += resource + "".join(f"\n{name}:{one}" for name, one in query)
        key = base64.b64decode(self.account_key)
        made = hmac.new(key, text.encode(), "sha256").digest()
        return given == f"SharedKey {self.account}:{base64.b64encode(made).decode()}"

    def _list(self, query: Mapping[str, str]) -> Answer:
        assert (query["restype"], query["comp"]) == ("container", "list")
        after, limit = query.get("marker", ""), int(query["maxresults"])
        keys, token = self.objects.page(query.get("prefix", ""), after, limit)
        told = "".join(
            f"<Blob><Name>{key}</Name><Properties><Last-Modified>{self._at(key)}</Last-Modified>"
            f"<Content-Length>{len(self.objects.kept[key][0])}</Content-Length></Properties></Blob>"
            for key in keys
        )
        whole = f"<Blobs>{told}</Blobs><NextMarker>{token}</NextMarker>"
        return xml(200, f'<EnumerationResults ServiceEndpoint="x">{whole}</EnumerationResults>')

    def _at(self, key: str) -> str:
        return format_datetime(self.objects.kept[key][1], usegmt=True)

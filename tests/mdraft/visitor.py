"""Somebody with a browser, as far as HTTP goes: cookies, forms, uploads; and every status they ever saw."""

from __future__ import annotations

import json
import re
import time
import uuid
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

__all__ = ["Answer", "Visitor"]

_TOKEN = re.compile(r'name="csrf_token" value="(?P<token>[^"]+)"')
PATIENCE = 60.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Visitor:
    """The proxy in front of the application ended TLS for them. Cookies are kept whatever they say."""

    address: str
    cookies: dict[str, str] = field(default_factory=dict)
    statuses: list[tuple[str, int]] = field(default_factory=list)

    def request(self, method: str, path: str, body: bytes = b"", kind: str = "", **headers: str) -> Answer:
        connection = HTTPConnection(self.address, timeout=60)
        sent = {"X-Forwarded-Proto": "https", "Referer": f"https://{self.address}/", **headers}
        if kind:
            sent["Content-Type"] = kind
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, path, body or None, sent)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        for line in response.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        self.statuses.append((f"{method} {path}", response.status))
        return Answer(response.status, {key.lower(): value for key, value in response.headers.items()}, text)

    def get(self, path: str) -> Answer:
        return self.request("GET", path)

    def post_json(self, path: str, **fields: object) -> Answer:
        return self.request("POST", path, json.dumps(fields).encode(), "application/json")

    def upload(self, path: str, filename: str, content: bytes, **fields: object) -> Answer:
        body, kind = multipart(filename, content, fields)
        return self.request("POST", path, body, kind)

    def submit(self, page: str, action: str = "", **fields: str) -> Answer:
        """Open the page and send its form, with the token that stands in it."""
        found = _TOKEN.search(self.get(page).text)
        token = found["token"] if found else ""
        body = urlencode({"csrf_token": token, **fields}).encode()
        return self.request("POST", action or page, body, "application/x-www-form-urlencoded")

    def register(self, email: str, password: str) -> Answer:
        return self.submit("/register", email=email, password=password)

    def log_in(self, email: str, password: str) -> Answer:
        return self.submit("/login", email=email, password=password)

    def log_out(self) -> Answer:
        return self.submit("/proposals", "/logout")

    def wait_for(self, conversion: str) -> dict[str, Any]:
        """The conversion once the worker is done with it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = self.get(f"/api/conversions/{conversion}")
            assert found.status == 200, found
            if found.json["status"] in ("COMPLETED", "FAILED"):
                assert isinstance(found.json, dict)
                return found.json
            time.sleep(0.15)
        raise AssertionError(f"conversion {conversion} is never done")


def multipart(filename: str, content: bytes, fields: dict[str, object]) -> tuple[bytes, str]:
    """The body of a form with a file (RFC 7578), and its type."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
    parts += [f"{head}Content-Type: application/octet-stream\r\n\r\n".encode(), content, b"\r\n"]
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"

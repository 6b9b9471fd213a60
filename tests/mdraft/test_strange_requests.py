"""Requests that no browser sends never end in an error of the application's own, with and without the real server."""

from __future__ import annotations

import re
import socket
import zlib
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote, unquote

import pytest
from flask import Flask

from mdraft.settings import settings_from
from mdraft.web import create_app
from mdraft.web.database import db
from mdraft.web.strange import attachment
from tests.mdraft.deployment import Deployment
from tests.mdraft.papers import pdf
from tests.mdraft.visitor import Visitor

DEEP = b"[" * 100_000 + b"]" * 100_000
JSON = b"Content-Type: application/json"
FORM = b"Content-Type: application/x-www-form-urlencoded"
MULTIPART = b"Content-Type: multipart/form-data; boundary=x"
DIGITS = b"9" * 5000


class Case(NamedTuple):
    """What is sent, and which answers are right."""

    name: str
    line: bytes
    headers: tuple[bytes, ...] = ()
    body: bytes = b""
    expected: tuple[int, ...] = (400,)


CASES = [
    Case("JSON nested deeply", b"POST /api/proposals", (JSON,), DEEP),
    Case("JSON objects nested deeply", b"POST /api/proposals", (JSON,), b'{"name":' * 100_000),
    Case("JSON that is no UTF-8", b"POST /api/proposals", (JSON,), b'{"name": "\xff\xfe"}'),
    Case("JSON with a huge number", b"POST /api/proposals", (JSON,), b'{"name": ' + DIGITS + b"}"),
    Case("JSON with NaN", b"POST /api/proposals", (JSON,), b'{"name": NaN}'),
    Case("JSON with NUL", b"POST /api/proposals", (JSON,), b'{"name": "\\u0000"}'),
    Case("JSON in UTF-16 that ends in the middle", b"POST /api/proposals", (JSON,), b"\xff\xfe{\x00a"),
    Case("JSON of an unknown charset", b"POST /api/proposals", (JSON + b"; charset=klingon",), b"{}"),
    Case("an Origin that cannot be read", b"POST /api/proposals", (b"Origin: http://[::1", JSON), b"{}", (403,)),
    Case("an Origin with a port that is none", b"POST /api/proposals", (b"Origin: http://h:port", JSON), b"{}", (403,)),
    Case("an Origin that is no UTF-8", b"POST /api/proposals", (b"Origin: http://\xff\xfe", JSON), b"{}", (403,)),
    Case("a cookie of Flask-Login", b"GET /", ("Cookie: remember_token=1|é".encode(),), expected=(200,)),
    Case("a cookie of Flask-Login, latin-1", b"GET /", (b"Cookie: remember_token=1|\xe9",), expected=(200,)),
    Case("a cookie of Flask-Login without a digest", b"GET /", (b"Cookie: remember_token=1",), expected=(200,)),
    Case("a visitor's cookie", b"GET /", (b"Cookie: mdraft_visitor=\xe9.\xff.x",), expected=(200,)),
    Case("a session's cookie", b"GET /", (b"Cookie: mdraft_session=\xe9.\xff.x",), expected=(200,)),
    Case("a compressed session's cookie", b"GET /", (b"Cookie: mdraft_session=.x.y.z",), expected=(200,)),
    Case("a Referer that cannot be read", b"POST /login", (b"Referer: https://[::1", FORM), b"email=a"),
    Case("a Referer that is no UTF-8", b"POST /login", (b"Referer: https://\xff", FORM), b"email=a"),
    Case("a Host that cannot be read", b"GET /healthz", (b"Host: [::1",)),
    Case("a Host with a port that is none", b"GET /healthz", (b"Host: h:port",)),
    Case("a Host with a long label", b"GET /login", (b"Host: " + b"a" * 300,), expected=(200, 400)),
    Case("a forwarded host that cannot be read", b"GET /login", (b"X-Forwarded-Host: [::1",), expected=(200, 400)),
    Case("a forwarded scheme that is none", b"GET /login", (b"X-Forwarded-Proto: \xff://",), expected=(200, 400)),
    Case("where to go after logging in", b"GET /login?next=/%5C[x", expected=(200,)),
    Case("a huge number of a proposal", b"GET /api/proposals/" + DIGITS, expected=(404, 414)),
    Case("a negative number of a proposal", b"GET /api/proposals/-1", expected=(404,)),
    Case("another alphabet's digits", b"GET /api/proposals/%D9%A3", expected=(404,)),
    Case("NUL in a path", b"GET /conversions/%00", expected=(404,)),
    Case("NUL in a path of the API", b"GET /api/conversions/%00.md", expected=(404,)),
    Case("no UTF-8 in a path", b"GET /conversions/%ff%fe", expected=(404,)),
    Case("a path with broken percent-encoding", b"GET /conversions/%zz%", expected=(404,)),
    Case("no UTF-8 in a query", b"GET /api/conversions/recent?limit=%ff"),
    Case("broken percent-encoding in a query", b"GET /api/conversions/recent?limit=%zz%"),
    Case("a huge limit", b"GET /api/conversions/recent?limit=" + DIGITS[:3000]),
    Case("NUL in a form", b"POST /api/proposals", (FORM,), b"name=%00"),
    Case("no UTF-8 in a form", b"POST /api/proposals", (FORM,), b"name=%ff%fe", (201,)),
    Case("a form of an unknown charset", b"POST /api/proposals", (FORM + b"; charset=klingon",), b"name=%e9", (201,)),
    Case("a form with broken percent-encoding", b"POST /api/proposals", (FORM,), b"name=%zz%&&=&%", (201,)),
    Case("NUL in a login", b"POST /login", (FORM, b"Referer: https://x"), b"email=%00&password=%00"),
    Case("a body that is no multipart", b"POST /api/conversions", (MULTIPART,), b"nothing"),
    Case("multipart without a boundary", b"POST /api/conversions", (b"Content-Type: multipart/form-data",), b"--x"),
    Case("multipart without an end", b"POST /api/conversions", (MULTIPART,), b"--x\r\nContent-Disposition: form-d"),
    Case(
        "multipart with a huge proposal_id",
        b"POST /api/conversions",
        (MULTIPART,),
        b'--x\r\nContent-Disposition: form-data; name="proposal_id"\r\n\r\n'
        + DIGITS
        + b'\r\n--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.4\r\n--x--\r\n',
    ),
    Case(
        "a part of an unknown charset, with a name that is no UTF-8",
        b"POST /api/conversions",
        (MULTIPART,),
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a\xff\xfe"\r\n'
        b"Content-Type: text/plain; charset=klingon\r\n\r\nnothing\r\n--x--\r\n",
        (400, 415),
    ),
    Case("a method that there is not", b"BREW /", expected=(405,)),
    Case("HEAD", b"HEAD /login", expected=(200,)),
    Case("HEAD of what is not there", b"HEAD /api/conversions/x", expected=(404,)),
    Case("OPTIONS", b"OPTIONS /api/proposals", expected=(200,)),
    Case("PUT where there is only GET and POST", b"PUT /api/proposals", (JSON,), b"{}", (405,)),
    Case("a range that is none", b"GET /api/openapi.json", (b"Range: bytes=x-y",), expected=(200, 416)),
    Case("a date that is none", b"GET /api/openapi.json", (b"If-Modified-Since: \xff",), expected=(200,)),
    Case("compressed JSON", b"POST /api/proposals", (JSON, b"Content-Encoding: gzip"), zlib.compress(b"{}")),
]
OF_THE_SERVER = [
    Case("a Content-Length that is none", b"POST /api/proposals", (JSON, b"Content-Length: many"), b"{}"),
    Case("a negative Content-Length", b"POST /api/proposals", (JSON, b"Content-Length: -5"), b"{}"),
    Case("two Content-Lengths", b"POST /api/proposals", (JSON, b"Content-Length: 2", b"Content-Length: 3"), b"{}"),
    Case("NUL in a header", b"GET /", (b"X-Strange: a\0b",)),
    Case("NUL in the request line", b"GET /\0", expected=(400, 404)),
]
"""Which the server in front of the application answers."""
NAMES = ["смета.docx", "見積.docx", "a–b.pdf", "größe.pdf", 'quo"te; x=y.pdf', "100% %41.pdf", "\U0001f600.pdf", ".pdf"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """gunicorn, started as render.yaml says."""
    folder = tmp_path_factory.mktemp("strange")
    deployment = Deployment(f"sqlite:///{folder / 'strange.db'}", folder)
    assert deployment.predeploy().returncode == 0
    with deployment.web() as address:
        yield address


def exchange(address: str, case: Case) -> bytes:
    """Send bytes, and return the whole answer."""
    host, _, port = address.partition(":")
    names = {header.partition(b":")[0].lower() for header in case.headers}
    headers = [*case.headers, b"Connection: close"]
    headers += [] if b"host" in names else [f"Host: {address}".encode()]
    headers += [] if b"content-length" in names or not case.body else [b"Content-Length: %d" % len(case.body)]
    headers += [] if b"x-forwarded-proto" in names else [b"X-Forwarded-Proto: https"]
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(case.line + b" HTTP/1.1\r\n" + b"\r\n".join(headers) + b"\r\n\r\n" + case.body)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("case", [*CASES, *OF_THE_SERVER], ids=lambda case: case.name)
def test_through_the_server(case: Case, address: str) -> None:
    answer = exchange(address, case)
    status = int(answer.split(b" ", 2)[1])
    assert status in case.expected, answer[:2000]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder = tmp_path_factory.mktemp("client")
    made = create_app(settings_from({"DATABASE_URL": f"sqlite:///{folder / 'app.db'}"}))
    made.config.update(WTF_CSRF_ENABLED=False)
    with made.app_context():
        db.create_all()
    return made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_without_a_server(case: Case, app: Flask) -> None:
    """What the application itself says: in no case that something went wrong on our side."""
    method, _, path = case.line.decode().partition(" ")
    headers = [header.decode("latin-1").split(": ", 1) for header in case.headers]
    answer = app.test_client().open(
        path, method=method, headers=[(name, value) for name, value in headers], data=case.body or None
    )
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_file(name: str, address: str) -> None:
    """Whatever alphabet it is in, the Markdown comes under that name."""
    visitor = Visitor(address)
    sent = visitor.upload("/api/conversions", name, pdf("Text."))
    assert sent.status == 202, sent.text
    got = visitor.get(f"/conversions/{sent.json['id']}.md")
    assert got.status == 200, got.text
    header = got.headers["content-disposition"]
    assert header.isascii()
    told = re.fullmatch(r"""attachment; filename="([^"\\;%]*)"; filename\*=UTF-8''([\w.~%-]+)""", header)
    assert told is not None, header
    stem = sent.json["filename"].rpartition(".")[0] or sent.json["filename"]
    assert unquote(told[2]) == f"{stem}.md"


def test_halves_of_surrogate_pairs_and_controls() -> None:
    """Older rows may hold what is no longer taken in."""
    assert (
        attachment("a\r\nb\ud800.md") == f"attachment; filename=\"a__b.md\"; filename*=UTF-8''{quote('a')}%0D%0Ab%3F.md"
    )

"""The description of `/api` against what answers: schemathesis makes requests that fit it, and some that do not."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from central.openapi import described
from tests.centres import SmallCentre
from tests.portal import Portal, submission

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


class SigningLine:
    """What lies between a portal's program and central: it signs whatever passes."""

    portal: Portal

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["REQUEST_URI"].partition("?")[0]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        for name, value in self.portal.headers(method, path, None if method == "GET" else body).items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        return self.portal.client.application.wsgi_app(environ, start_response)


line = SigningLine()
schema = schemathesis.openapi.from_dict(described())
schema.app = line


@pytest.fixture(scope="module", autouse=True)
def portal(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One centre for all requests: what one of them registers the next may ask about."""
    data = tmp_path_factory.mktemp("described")
    shutil.copytree(founded / "central", data / "central")
    small = SmallCentre(data, "central")
    line.portal = Portal(small["central"])
    line.portal.post(submission("known"))
    yield
    small.close()


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_what_is_described_is_what_answers(case: Any) -> None:
    case.call_and_validate(checks=CHECKS)

"""The API does what its description says, whatever it is sent: schemathesis makes the requests."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.mdraft.deployment import Deployment
from tests.mdraft.visitor import Visitor

EXAMPLES = 25
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def test_no_request_gets_a_500_or_an_undescribed_answer(deployment: Deployment, tmp_path: Path) -> None:
    assert deployment.guard().returncode == 0
    with deployment.unguarded() as address:
        visitor = Visitor(address)
        visitor.post_json("/api/proposals", name="Somebody has to own something")
        done = deployment.run(
            str(Path(sys.executable).parent / "schemathesis"),
            "run",
            f"http://{address}/api/openapi.json",
            f"--checks={CHECKS}",
            f"--max-examples={EXAMPLES}",
            "--seed=20250814",
            "--generation-database=none",
            f"--header=Cookie: mdraft_visitor={visitor.cookies['mdraft_visitor']}",
            "--no-color",
        )
    assert done.returncode == 0, done.stdout + done.stderr

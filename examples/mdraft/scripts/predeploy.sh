#!/usr/bin/env bash
# Before a release takes over: runs the migrations under the guard's lock, then the guard itself.
#
# A broken chain is repaired only by proof: where alembic_version is empty or wrong, the revision that this database is
# shown to satisfy is stamped, and the upgrade goes on from there. Where none can be proved it stops and says why.
#
# A revision in alembic_version that this release does not have belongs to a newer release: then this one changes nothing,
# and only says whether it can start (a rollback). Where you know that its file is lost: scripts/predeploy.sh --lost REVISION
#
# Never here: a blind stamp, a new revision (those are generated in development and reviewed), or `|| true`.
#
# The exit code is that of `schema-guard deploy`; the host keeps the old release running unless it is 0.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Asked of the application's settings, so that nothing else is migrated than what it will use.
url="$(python -m mdraft.settings)" || exit 2
export DATABASE_URL="$url"
exec python -m schema_guard deploy mdraft.guard:guard --repair-chain "$@"

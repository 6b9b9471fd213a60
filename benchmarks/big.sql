-- mdraft's first database, but its conversions know their proposal, and there are many of them.
-- psql variables: rows (conversions); a tenth of them proposals.
\ir ../tests/scenarios/mdraft/database-1.postgresql.sql
ALTER TABLE conversions ADD proposal_id INTEGER;

INSERT INTO users (email, password_hash, subscription_status, plan, revoked, created_at, updated_at)
SELECT 'user' || n || '@example.com', 'x', 'free', 'F&F', false, '2026-01-01', '2026-01-01' FROM generate_series(1, 1000) n;

INSERT INTO proposals (user_id, name, status, created_at, updated_at)
SELECT 1 + n % 1000, 'proposal ' || n, 'active', '2026-01-01', '2026-01-01' FROM generate_series(1, :rows / 10) n;

-- which proposal a conversion belongs to has nothing to do with where it lies
INSERT INTO conversions (id, filename, status, proposal_id, created_at, updated_at)
SELECT n::text, 'file ' || n || '.pdf', 'COMPLETED', 1 + (n * 7919::bigint) % (:rows / 10), '2026-01-01', '2026-01-01'
FROM generate_series(1, :rows) n;
VACUUM ANALYZE;

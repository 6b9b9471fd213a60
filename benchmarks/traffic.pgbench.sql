\set conversion random(1, :rows)
\set proposal random(1, :rows / 10)
UPDATE conversions SET status = 'COMPLETED', updated_at = now() WHERE id = (:conversion)::text;
INSERT INTO conversions (id, filename, status, created_at, updated_at)
VALUES (gen_random_uuid()::text, 'new.pdf', 'QUEUED', now(), now());
UPDATE proposals SET updated_at = now() WHERE id = :proposal;

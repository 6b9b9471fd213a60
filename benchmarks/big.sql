-- mdraft's database on the day before anonymous visitors, but with conversions that have their proposal, and many of them.
-- psql variables: rows (conversions); a tenth of them proposals.
CREATE TABLE users (
  id SERIAL NOT NULL,
  email VARCHAR(255) NOT NULL,
  password_hash VARCHAR(255) NOT NULL,
  stripe_customer_id VARCHAR(255),
  subscription_status VARCHAR(64) NOT NULL,
  plan VARCHAR(64) NOT NULL,
  last_login_at TIMESTAMP WITHOUT TIME ZONE,
  revoked BOOLEAN NOT NULL,
  created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
  PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_users_email ON users (email);
INSERT INTO users (email, password_hash, subscription_status, plan, revoked, created_at, updated_at)
SELECT 'user' || n || '@example.com', 'x', 'free', 'F&F', false, '2026-01-01', '2026-01-01' FROM generate_series(1, 1000) n;

CREATE TABLE proposals (
  id SERIAL NOT NULL,
  user_id INTEGER NOT NULL,
  name VARCHAR(255) NOT NULL,
  description TEXT,
  status VARCHAR(64) NOT NULL,
  created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY (user_id) REFERENCES users (id)
);
INSERT INTO proposals (user_id, name, status, created_at, updated_at)
SELECT 1 + n % 1000, 'proposal ' || n, 'active', '2026-01-01', '2026-01-01' FROM generate_series(1, :rows / 10) n;

CREATE TABLE conversions (
  id VARCHAR(36) NOT NULL,
  filename VARCHAR(255) NOT NULL,
  status VARCHAR(20) NOT NULL,
  markdown TEXT,
  error TEXT,
  proposal_id INTEGER,
  sha256 VARCHAR(64),
  original_mime VARCHAR(120),
  original_size INTEGER,
  stored_uri VARCHAR(512),
  expires_at TIMESTAMP WITHOUT TIME ZONE,
  created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
  PRIMARY KEY (id)
);
-- which proposal a conversion belongs to has nothing to do with where it lies
INSERT INTO conversions (id, filename, status, proposal_id, created_at, updated_at)
SELECT n::text, 'file ' || n || '.pdf', 'COMPLETED', 1 + (n * 7919::bigint) % (:rows / 10), '2026-01-01', '2026-01-01'
FROM generate_series(1, :rows) n;
CREATE INDEX ix_conversions_sha256 ON conversions (sha256);
VACUUM ANALYZE;

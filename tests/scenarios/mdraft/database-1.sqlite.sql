-- mdraft's first database: the one before anonymous visitors.

CREATE TABLE allowlist (
  id VARCHAR(36) NOT NULL,
  email VARCHAR(255) NOT NULL,
  status VARCHAR(64) NOT NULL,
  "plan" VARCHAR(64) NOT NULL,
  notes TEXT,
  created_at DATETIME NOT NULL,
  PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_allowlist_email ON allowlist (email);

CREATE TABLE api_keys (
  id VARCHAR(36) NOT NULL,
  name VARCHAR(120) NOT NULL,
  "key" VARCHAR(128) NOT NULL,
  is_active BOOLEAN NOT NULL,
  rate_limit VARCHAR(64) NOT NULL,
  created_at DATETIME NOT NULL,
  last_used_at DATETIME,
  PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_api_keys_key ON api_keys ("key");

CREATE TABLE conversions (
  id VARCHAR(36) NOT NULL,
  filename VARCHAR(255) NOT NULL,
  status VARCHAR(20) NOT NULL,
  markdown TEXT,
  error TEXT,
  sha256 VARCHAR(64),
  original_mime VARCHAR(120),
  original_size INTEGER,
  stored_uri VARCHAR(512),
  expires_at DATETIME,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX ix_conversions_sha256 ON conversions (sha256);

CREATE TABLE users (
  id INTEGER NOT NULL,
  email VARCHAR(255) NOT NULL,
  password_hash VARCHAR(255) NOT NULL,
  stripe_customer_id VARCHAR(255),
  subscription_status VARCHAR(64) NOT NULL,
  "plan" VARCHAR(64) NOT NULL,
  last_login_at DATETIME,
  revoked BOOLEAN NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL,
  PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_users_email ON users (email);

CREATE TABLE jobs (
  id INTEGER NOT NULL,
  user_id INTEGER NOT NULL,
  filename VARCHAR(255) NOT NULL,
  status VARCHAR(64) NOT NULL,
  gcs_uri TEXT,
  output_uri TEXT,
  error_message TEXT,
  started_at DATETIME,
  completed_at DATETIME,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY(user_id) REFERENCES users (id)
);

CREATE TABLE proposals (
  id INTEGER NOT NULL,
  user_id INTEGER NOT NULL,
  name VARCHAR(255) NOT NULL,
  description TEXT,
  status VARCHAR(64) NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY(user_id) REFERENCES users (id)
);

CREATE TABLE proposal_documents (
  id INTEGER NOT NULL,
  proposal_id INTEGER NOT NULL,
  filename VARCHAR(255) NOT NULL,
  document_type VARCHAR(64) NOT NULL,
  gcs_uri TEXT,
  parsed_text TEXT,
  section_mapping TEXT,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY(proposal_id) REFERENCES proposals (id)
);

CREATE TABLE requirements (
  id INTEGER NOT NULL,
  proposal_id INTEGER NOT NULL,
  requirement_id VARCHAR(32) NOT NULL,
  requirement_text TEXT NOT NULL,
  section_ref VARCHAR(128) NOT NULL,
  page_number INTEGER,
  source_document VARCHAR(255) NOT NULL,
  assigned_owner VARCHAR(255),
  status VARCHAR(64) NOT NULL,
  notes TEXT,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY(proposal_id) REFERENCES proposals (id)
);
CREATE INDEX ix_requirements_requirement_id ON requirements (requirement_id);

-- Rows in each of mdraft's tables; they fit the first database and today's.

INSERT INTO users (email, password_hash, stripe_customer_id, subscription_status, plan, revoked, created_at, updated_at) VALUES
  ('ada@example.com', 'hash-1', 'cus_1', 'active', 'Pro', false, '2025-08-01 09:00:00', '2025-08-01 09:00:00'),
  ('bob@example.com', 'hash-2', NULL, 'free', 'F&F', false, '2025-08-02 09:00:00', '2025-08-02 09:00:00');
INSERT INTO allowlist (id, email, status, plan, created_at) VALUES
  ('a1', 'ada@example.com', 'accepted', 'Pro', '2025-08-01 08:00:00'),
  ('a2', 'eve@example.com', 'invited', 'F&F', '2025-08-01 08:00:00');
INSERT INTO jobs (user_id, filename, status, created_at, updated_at) VALUES
  (1, 'rfp.pdf', 'completed', '2025-08-01 10:00:00', '2025-08-01 10:05:00'),
  (2, 'annex.docx', 'pending', '2025-08-02 10:00:00', '2025-08-02 10:00:00');
INSERT INTO proposals (user_id, name, status, created_at, updated_at) VALUES
  (1, 'Bridge repair', 'active', '2025-08-01 11:00:00', '2025-08-01 11:00:00'),
  (2, 'School roof', 'active', '2025-08-02 11:00:00', '2025-08-02 11:00:00'),
  (1, 'Harbour lights', 'archived', '2025-08-03 11:00:00', '2025-08-03 11:00:00'),
  (2, 'Town archive', 'active', '2025-08-04 11:00:00', '2025-08-04 11:00:00');
INSERT INTO proposal_documents (proposal_id, filename, document_type, section_mapping, created_at, updated_at) VALUES
  (1, 'rfp.pdf', 'rfp', '{"1": "Scope"}', '2025-08-01 11:10:00', '2025-08-01 11:10:00'),
  (2, 'annex.docx', 'annex', NULL, '2025-08-02 11:10:00', '2025-08-02 11:10:00');
INSERT INTO requirements (proposal_id, requirement_id, requirement_text, section_ref, page_number, source_document, status, created_at, updated_at) VALUES
  (1, 'R-1', 'The contractor shall close the bridge at night only.', '1.2', 3, 'rfp.pdf', 'pending', '2025-08-01 11:20:00', '2025-08-01 11:20:00'),
  (2, 'R-1', 'The roof shall be tight.', '2', NULL, 'annex.docx', 'done', '2025-08-02 11:20:00', '2025-08-02 11:20:00');
INSERT INTO conversions (id, filename, status, markdown, created_at, updated_at) VALUES
  ('c1', 'rfp.pdf', 'COMPLETED', '# Bridge', '2025-08-01 12:00:00', '2025-08-01 12:00:00'),
  ('c2', 'annex.docx', 'QUEUED', NULL, '2025-08-02 12:00:00', '2025-08-02 12:00:00'),
  ('c3', 'plan.pdf', 'FAILED', NULL, '2025-08-03 12:00:00', '2025-08-03 12:00:00');
INSERT INTO api_keys (id, name, key, is_active, rate_limit, created_at) VALUES
  ('k1', 'ci', 'sk-1', true, '60/minute', '2025-08-01 13:00:00');

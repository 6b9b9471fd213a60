"""Single changes to a PostgreSQL database that satisfied the models."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

__all__ = ["DRIFTS", "metadata"]

metadata = sa.MetaData()
state = sa.Enum("draft", "open", "done", name="state")
short_code = pg.DOMAIN("short_code", sa.String(8))
numbers = sa.Sequence("invoice_numbers", metadata=metadata)
users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("email", sa.String(80), nullable=False, comment="where letters go"),
    sa.Column("name", sa.Text),
    sa.Column("seen", sa.DateTime(timezone=True), server_default=sa.func.now()),
    sa.Column("tags", pg.ARRAY(sa.Text)),
    sa.UniqueConstraint("email", name="uq_users_email"),
)
orders = sa.Table(
    "orders",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("owner", sa.ForeignKey("users.id", name="fk_owner", ondelete="CASCADE"), nullable=False),
    sa.Column("parent", sa.ForeignKey("orders.id", name="fk_parent")),
    sa.Column("state", state, nullable=False, server_default="draft"),
    sa.Column("amount", sa.Numeric(10, 2)),
    sa.Column("fee", sa.Numeric(10, 2), server_default="1.5"),
    sa.Column("code", short_code),
    sa.Column("number", sa.BigInteger, numbers, server_default=numbers.next_value()),
    sa.Column("data", pg.JSONB),
    sa.Column("title", sa.String(40, collation="C")),
    sa.Column("total", sa.Numeric(10, 2), sa.Computed("amount * 2", persisted=True)),
    sa.CheckConstraint("amount > 0", name="ck_amount"),
    sa.CheckConstraint("state <> 'done' OR amount IS NOT NULL", name="ck_done"),
    sa.Index("ix_orders_owner", "owner"),
    sa.Index("ix_orders_open", "owner", unique=True, postgresql_where=sa.text("state = 'open'")),
    sa.Index("ix_orders_title", sa.text("lower(title)")),
    sa.Index("ix_orders_data", "data", postgresql_using="gin"),
    sa.Index("ix_orders_parent", "parent", postgresql_include=["amount"]),
)
lines = sa.Table(
    "lines",
    metadata,
    sa.Column("order_id", sa.ForeignKey("orders.id", name="fk_order"), primary_key=True),
    sa.Column("position", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("day", sa.Date),
)

DRIFTS: dict[str, tuple[str, str | None, str]] = {
    "table missing": ("DROP TABLE lines", None, "table-missing"),
    "column missing": ("ALTER TABLE users DROP name", "ALTER TABLE users ADD name text", "column-missing"),
    "column with a default missing": (
        "ALTER TABLE orders DROP fee",
        "ALTER TABLE orders ADD fee numeric(10, 2) DEFAULT 1.5",
        "column-missing",
    ),
    "column renamed": (
        "ALTER TABLE users RENAME name TO called",
        "ALTER TABLE users RENAME called TO name",
        "column-missing",
    ),
    "required column more": (
        "ALTER TABLE users ADD more int NOT NULL",
        "ALTER TABLE users DROP more",
        "column-unknown",
    ),
    "column more": ("ALTER TABLE users ADD more int", "ALTER TABLE users DROP more", "column-unknown"),
    "table more": ("CREATE TABLE other (id int)", "DROP TABLE other", "table-unknown"),
    "type narrower": (
        "ALTER TABLE users ALTER email TYPE varchar(40)",
        "ALTER TABLE users ALTER email TYPE varchar(80)",
        "type-differs",
    ),
    "integer for bigint": (
        "ALTER TABLE orders ALTER parent TYPE int",
        "ALTER TABLE orders ALTER parent TYPE bigint",
        "type-differs",
    ),
    "another type": (
        "ALTER TABLE lines ALTER day TYPE text",
        "ALTER TABLE lines ALTER day TYPE date USING day::date",
        "type-differs",
    ),
    "scale": (
        "ALTER TABLE orders ALTER fee TYPE numeric(10, 1)",
        "ALTER TABLE orders ALTER fee TYPE numeric(10, 2)",
        "type-differs",
    ),
    "json for jsonb": (
        "DROP INDEX ix_orders_data; ALTER TABLE orders ALTER data TYPE json",
        "ALTER TABLE orders ALTER data TYPE jsonb; CREATE INDEX ix_orders_data ON orders USING gin (data)",
        "type-differs",
    ),
    "text for array": (
        "ALTER TABLE users ALTER tags TYPE text",
        "ALTER TABLE users ALTER tags TYPE text[] USING tags::text[]",
        "type-differs",
    ),
    "timestamp without time zone": (
        "ALTER TABLE users ALTER seen TYPE timestamp",
        "ALTER TABLE users ALTER seen TYPE timestamptz",
        "type-differs",
    ),
    "base type for a domain": (
        "ALTER TABLE orders ALTER code TYPE varchar(4)",
        "ALTER TABLE orders ALTER code TYPE short_code",
        "type-differs",
    ),
    "collation": (
        'ALTER TABLE orders ALTER title TYPE varchar(40) COLLATE "POSIX"',
        'ALTER TABLE orders ALTER title TYPE varchar(40) COLLATE "C"',
        "collation-differs",
    ),
    "NOT NULL gone": (
        "ALTER TABLE users ALTER email DROP NOT NULL",
        "ALTER TABLE users ALTER email SET NOT NULL",
        "nullability-differs",
    ),
    "NOT NULL more": (
        "ALTER TABLE users ALTER name SET NOT NULL",
        "ALTER TABLE users ALTER name DROP NOT NULL",
        "nullability-differs",
    ),
    "default gone": (
        "ALTER TABLE orders ALTER state DROP DEFAULT",
        "ALTER TABLE orders ALTER state SET DEFAULT 'draft'",
        "default-differs",
    ),
    "another default": (
        "ALTER TABLE orders ALTER fee SET DEFAULT 2.5",
        "ALTER TABLE orders ALTER fee SET DEFAULT 1.5",
        "default-differs",
    ),
    "default of a function gone": (
        "ALTER TABLE users ALTER seen DROP DEFAULT",
        "ALTER TABLE users ALTER seen SET DEFAULT now()",
        "default-differs",
    ),
    "default of a sequence gone": (
        "ALTER TABLE users ALTER id DROP DEFAULT",
        "ALTER TABLE users ALTER id SET DEFAULT nextval('users_id_seq')",
        "default-differs",
    ),
    "identity gone": (
        "ALTER TABLE orders ALTER id DROP IDENTITY",
        "ALTER TABLE orders ALTER id ADD GENERATED BY DEFAULT AS IDENTITY",
        "identity-differs",
    ),
    "identity always": (
        "ALTER TABLE orders ALTER id SET GENERATED ALWAYS",
        "ALTER TABLE orders ALTER id SET GENERATED BY DEFAULT",
        "identity-differs",
    ),
    "no longer generated": (
        "ALTER TABLE orders ALTER total DROP EXPRESSION",
        "ALTER TABLE orders DROP total, ADD total numeric(10, 2) GENERATED ALWAYS AS (amount * 2) STORED",
        "generated-differs",
    ),
    "generated otherwise": (
        "ALTER TABLE orders DROP total, ADD total numeric(10, 2) GENERATED ALWAYS AS (amount * 3) STORED",
        "ALTER TABLE orders DROP total, ADD total numeric(10, 2) GENERATED ALWAYS AS (amount * 2) STORED",
        "generated-differs",
    ),
    "primary key gone": (
        "ALTER TABLE lines DROP CONSTRAINT lines_pkey",
        "ALTER TABLE lines ADD PRIMARY KEY (order_id, position)",
        "primary-key-differs",
    ),
    "primary key of fewer columns": (
        "ALTER TABLE lines DROP CONSTRAINT lines_pkey; ALTER TABLE lines ADD PRIMARY KEY (order_id)",
        "ALTER TABLE lines DROP CONSTRAINT lines_pkey; ALTER TABLE lines ADD PRIMARY KEY (order_id, position)",
        "primary-key-differs",
    ),
    "UNIQUE gone": (
        "ALTER TABLE users DROP CONSTRAINT uq_users_email",
        "ALTER TABLE users ADD CONSTRAINT uq_users_email UNIQUE (email)",
        "unique-missing",
    ),
    "CHECK gone": (
        "ALTER TABLE orders DROP CONSTRAINT ck_amount",
        "ALTER TABLE orders ADD CONSTRAINT ck_amount CHECK (amount > 0)",
        "check-missing",
    ),
    "CHECK changed": (
        "ALTER TABLE orders DROP CONSTRAINT ck_amount; ALTER TABLE orders ADD CONSTRAINT ck_amount CHECK (amount > 1)",
        "ALTER TABLE orders DROP CONSTRAINT ck_amount; ALTER TABLE orders ADD CONSTRAINT ck_amount CHECK (amount > 0)",
        "check-missing",
    ),
    "CHECK NOT VALID": (
        "ALTER TABLE orders DROP CONSTRAINT ck_done;"
        " ALTER TABLE orders ADD CONSTRAINT ck_done CHECK (state <> 'done' OR amount IS NOT NULL) NOT VALID",
        "ALTER TABLE orders VALIDATE CONSTRAINT ck_done",
        "check-not-validated",
    ),
    "CHECK more": (
        "ALTER TABLE users ADD CONSTRAINT more CHECK (name <> 'x')",
        "ALTER TABLE users DROP CONSTRAINT more",
        "object-unknown",
    ),
    "foreign key gone": (
        "ALTER TABLE orders DROP CONSTRAINT fk_parent",
        "ALTER TABLE orders ADD CONSTRAINT fk_parent FOREIGN KEY (parent) REFERENCES orders (id)",
        "foreign-key-missing",
    ),
    "foreign key NOT VALID": (
        "ALTER TABLE orders DROP CONSTRAINT fk_parent;"
        " ALTER TABLE orders ADD CONSTRAINT fk_parent FOREIGN KEY (parent) REFERENCES orders (id) NOT VALID",
        "ALTER TABLE orders VALIDATE CONSTRAINT fk_parent",
        "foreign-key-not-validated",
    ),
    "foreign key with another action": (
        "ALTER TABLE orders DROP CONSTRAINT fk_owner;"
        " ALTER TABLE orders ADD CONSTRAINT fk_owner FOREIGN KEY (owner) REFERENCES users (id)",
        "ALTER TABLE orders DROP CONSTRAINT fk_owner;"
        " ALTER TABLE orders ADD CONSTRAINT fk_owner FOREIGN KEY (owner) REFERENCES users (id) ON DELETE CASCADE",
        "foreign-key-differs",
    ),
    "foreign key more": (
        "ALTER TABLE users ADD CONSTRAINT more FOREIGN KEY (id) REFERENCES users (id)",
        "ALTER TABLE users DROP CONSTRAINT more",
        "object-unknown",
    ),
    "index gone": ("DROP INDEX ix_orders_owner", "CREATE INDEX ix_orders_owner ON orders (owner)", "index-missing"),
    "index of another column": (
        "DROP INDEX ix_orders_owner; CREATE INDEX ix_orders_owner ON orders (parent)",
        "DROP INDEX ix_orders_owner; CREATE INDEX ix_orders_owner ON orders (owner)",
        "index-missing",
    ),
    "partial index with another condition": (
        "DROP INDEX ix_orders_open; CREATE UNIQUE INDEX ix_orders_open ON orders (owner) WHERE state = 'done'",
        "DROP INDEX ix_orders_open; CREATE UNIQUE INDEX ix_orders_open ON orders (owner) WHERE state = 'open'",
        "index-missing",
    ),
    "index no longer unique": (
        "DROP INDEX ix_orders_open; CREATE INDEX ix_orders_open ON orders (owner) WHERE state = 'open'",
        "DROP INDEX ix_orders_open; CREATE UNIQUE INDEX ix_orders_open ON orders (owner) WHERE state = 'open'",
        "index-missing",
    ),
    "index of another expression": (
        "DROP INDEX ix_orders_title; CREATE INDEX ix_orders_title ON orders (upper(title))",
        "DROP INDEX ix_orders_title; CREATE INDEX ix_orders_title ON orders (lower(title))",
        "index-missing",
    ),
    "index INVALID": (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_orders_owner'::regclass",
        "UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'ix_orders_owner'::regclass",
        "index-invalid",
    ),
    "unique index more": (
        "CREATE UNIQUE INDEX more ON users (name)",
        "DROP INDEX more",
        "object-unknown",
    ),
    "enum label more": ("ALTER TYPE state ADD VALUE 'lost'", None, "enum-value-unknown"),
    "enum label renamed": (
        "ALTER TYPE state RENAME VALUE 'open' TO 'opened'",
        "ALTER TYPE state RENAME VALUE 'opened' TO 'open'",
        "enum-value-missing",
    ),
    "sequence gone": (
        "ALTER TABLE orders ALTER number DROP DEFAULT; DROP SEQUENCE invoice_numbers",
        "CREATE SEQUENCE invoice_numbers; ALTER TABLE orders ALTER number SET DEFAULT nextval('invoice_numbers')",
        "sequence-missing",
    ),
    "sequence behind its key": (
        "INSERT INTO users (id, email) VALUES (1, 'a')",
        "DELETE FROM users",
        "sequence-behind",
    ),
    "comment": (
        "COMMENT ON COLUMN users.email IS 'other'",
        "COMMENT ON COLUMN users.email IS 'where letters go'",
        "comment-differs",
    ),
}
"""By what changed: the statements that change it, those that undo it (None: it is made anew), and the code of the
difference.
"""

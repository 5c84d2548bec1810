-- Tokens of the contact centre's API.

CREATE TABLE token (
    id TEXT PRIMARY KEY,                 -- the public part
    name TEXT NOT NULL,                  -- whose; stands in the audit trail
    role TEXT NOT NULL,
    digest BLOB NOT NULL,                -- SHA-256 of the whole token; the token itself is nowhere
    made_at REAL NOT NULL,
    expires_at REAL,
    revoked_at REAL
);
CREATE UNIQUE INDEX token_name ON token (name) WHERE revoked_at IS NULL;

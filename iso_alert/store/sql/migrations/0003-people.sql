-- The life of a subscription, what is remembered of whoever changed it, and alerts that may overtake others.

ALTER TABLE customer ADD COLUMN is_natural INTEGER NOT NULL DEFAULT 1;  -- 0: a company (R-30)

ALTER TABLE card ADD COLUMN status TEXT NOT NULL DEFAULT 'open';        -- open, blocked, closed

ALTER TABLE subscription ADD COLUMN news INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN terms TEXT NOT NULL DEFAULT '';     -- the version that was agreed to (R-55)
ALTER TABLE subscription ADD COLUMN applied_at REAL NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN activated_at REAL;
ALTER TABLE subscription ADD COLUMN suspended_from TEXT;                -- where a suspension goes back to
ALTER TABLE subscription ADD COLUMN confirmations INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN confirm_until REAL;
ALTER TABLE subscription ADD COLUMN look_at REAL;                       -- when time does something to it
UPDATE subscription SET applied_at = changed_at, activated_at = changed_at;
CREATE INDEX subscription_mobile ON subscription (mobile);
CREATE INDEX subscription_look_at ON subscription (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX subscription_applied ON subscription (applied_at) WHERE state = 'applied';

CREATE TABLE setting (
    name TEXT PRIMARY KEY,               -- stopped: the kill switch for everybody
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE answer (                    -- what was answered to requests that may be repeated
    key TEXT PRIMARY KEY,
    at REAL NOT NULL,
    answer TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX answer_at ON answer (at);

CREATE TABLE audit (                     -- append-only; each hash covers its row and the hash before it
    id INTEGER PRIMARY KEY,              -- without gaps
    at REAL NOT NULL,
    actor TEXT NOT NULL,
    via TEXT NOT NULL,
    origin TEXT NOT NULL,
    operation TEXT NOT NULL,
    outcome TEXT NOT NULL,
    customer TEXT NOT NULL,
    last4 TEXT NOT NULL,
    reason TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    hash BLOB NOT NULL
);
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
WHEN OLD.id > coalesce((SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'audit_purged'), 0)
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

ALTER TABLE alert ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;       -- 0: at once; 1: only when nothing else waits
DROP INDEX alert_queued;
CREATE INDEX alert_queued ON alert (priority, not_before, id) WHERE state = 'queued';
CREATE INDEX alert_sending ON alert (id) WHERE state = 'sending';

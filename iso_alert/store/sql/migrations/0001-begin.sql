-- The first schema.  Ids of messages and alerts are microseconds since 1970, made unique: a span of time is a span of ids.

CREATE TABLE customer (
    id INTEGER PRIMARY KEY,
    ref TEXT NOT NULL UNIQUE             -- the bank's own name for the customer
);

CREATE TABLE card (
    id INTEGER PRIMARY KEY,
    token BLOB NOT NULL UNIQUE,          -- key name, then HMAC-SHA-256 of the PAN; nothing else of the PAN is kept
    last4 TEXT NOT NULL,
    kind TEXT,                           -- credit, debit; NULL: seen in a message, not in the card file
    customer INTEGER REFERENCES customer,
    is_primary INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX card_customer ON card (customer) WHERE customer IS NOT NULL;

CREATE TABLE subscription (
    customer INTEGER PRIMARY KEY REFERENCES customer,
    mobile TEXT NOT NULL,                -- E.164
    language TEXT NOT NULL,              -- th, en
    state TEXT NOT NULL,
    changed_at REAL NOT NULL
);

CREATE TABLE txn (                       -- one row a message: what it said, and the decision on it
    id INTEGER PRIMARY KEY,
    stan TEXT NOT NULL,
    card INTEGER NOT NULL,               -- 0: the message names none
    key INTEGER NOT NULL,                -- the same for every repeat of a message
    link TEXT NOT NULL,
    mti TEXT NOT NULL,
    rrn TEXT,
    approval_code TEXT,
    terminal TEXT,
    merchant_id TEXT,
    acquirer TEXT,
    invoice TEXT,
    happened_at INTEGER NOT NULL,
    transmitted_at INTEGER,
    local TEXT,                          -- MMDDhhmmss of DE13 and DE12
    original TEXT,                       -- DE90 as mti|stan|transmitted|acquirer
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    reversed INTEGER,
    balance INTEGER,                     -- of unmatched cancellations only: their SMS may have to be written again
    merchant TEXT,
    response_code TEXT,
    facts TEXT NOT NULL,                 -- what the tables were asked, in the order of domain Facts
    event TEXT NOT NULL,
    channel TEXT NOT NULL,
    sub_channel TEXT,
    kind TEXT NOT NULL,
    rules TEXT NOT NULL,                 -- ids: event row, channel row, policy version, policy row
    subscription TEXT NOT NULL,
    reason TEXT NOT NULL,
    thread INTEGER NOT NULL,             -- the message that began it; its own id when none did
    matched INTEGER,                     -- the message it speaks of
    matched_by TEXT,
    unmatched INTEGER                    -- 1: a cancellation that has not found its original
);
CREATE UNIQUE INDEX txn_key ON txn (stan, card, key);
CREATE INDEX txn_rrn ON txn (rrn, card) WHERE rrn IS NOT NULL;
CREATE INDEX txn_approval ON txn (approval_code, card) WHERE approval_code IS NOT NULL;
CREATE INDEX txn_unmatched ON txn (card) WHERE unmatched = 1;
CREATE INDEX txn_small ON txn (card, id) WHERE reason = 'below_threshold';
CREATE INDEX txn_thread ON txn (thread) WHERE thread <> id;

CREATE TABLE thread (                    -- only threads that something has changed
    id INTEGER PRIMARY KEY,
    state TEXT NOT NULL,
    given_back INTEGER NOT NULL,
    cancelled_by INTEGER
);

CREATE TABLE alert (                     -- one SMS to one person
    id INTEGER PRIMARY KEY,
    txn INTEGER,
    thread INTEGER,
    lane INTEGER NOT NULL,               -- alerts of one lane leave in the order of their ids: the card
    customer INTEGER NOT NULL,
    key TEXT NOT NULL,                   -- approval, cancel
    mobile TEXT NOT NULL,
    language TEXT NOT NULL,
    text TEXT NOT NULL,
    state TEXT NOT NULL,
    not_before REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    doubts INTEGER NOT NULL DEFAULT 0,   -- how often it was written and never answered
    cause TEXT,                          -- why it was withdrawn, refused or given up
    settled_at REAL,
    confirmed_at REAL
);
CREATE INDEX alert_thread ON alert (thread);
CREATE INDEX alert_txn ON alert (txn);
CREATE INDEX alert_open ON alert (lane, id) WHERE state IN ('queued', 'sending');
CREATE INDEX alert_queued ON alert (not_before, id) WHERE state = 'queued';

CREATE TABLE part (                      -- one submit_sm that the SMSC accepted
    alert INTEGER NOT NULL,
    n INTEGER NOT NULL,
    route TEXT NOT NULL,
    message_id TEXT NOT NULL,            -- as the SMSC wrote it
    matched_id TEXT NOT NULL,            -- case folded, leading zeros gone
    parts INTEGER NOT NULL,
    accepted_at REAL NOT NULL,
    state TEXT,                          -- of the receipt, once there is one
    error TEXT,
    confirmed_at REAL,
    PRIMARY KEY (alert, n, matched_id)
) WITHOUT ROWID;
CREATE INDEX part_message ON part (matched_id, route);

CREATE TABLE early_receipt (             -- receipts that came before the answer to their submit_sm
    id INTEGER PRIMARY KEY,
    route TEXT NOT NULL,
    message_id TEXT NOT NULL,
    mobile TEXT NOT NULL,
    state TEXT NOT NULL,
    error TEXT,
    at REAL NOT NULL
);
CREATE INDEX early_receipt_message ON early_receipt (message_id);

-- Indexes in which neighbours in time are neighbours.  STANs, RRNs, approval codes and cards come in no order: in an index
-- that begins with one of them every message has a leaf of its own, and of a large store a commit wrote five of them a
-- message.  So each begins with a span of time, whose leaves are few and at hand; who does not know the time asks span by
-- span.  By card nothing is written message by message (see store/recent.py).

ALTER TABLE txn ADD COLUMN untimed INTEGER;      -- 1: it named no time that its repeats must name too
-- 256 s by its own clock, and 268 s by ours.
ALTER TABLE txn ADD COLUMN spell INTEGER AS (CASE WHEN untimed = 1 THEN 0 ELSE happened_at >> 8 END) VIRTUAL;
ALTER TABLE txn ADD COLUMN slot INTEGER AS (id >> 28) VIRTUAL;

UPDATE txn SET untimed = 1 WHERE transmitted_at IS NULL AND local IS NULL;

DROP INDEX txn_key;
CREATE UNIQUE INDEX txn_key ON txn (spell, stan, card, key);
DROP INDEX txn_rrn;
CREATE INDEX txn_rrn ON txn (slot, rrn) WHERE rrn IS NOT NULL;
DROP INDEX txn_approval;

CREATE TABLE card_txn (                  -- the messages of a card; the newest stand only in txn
    age INTEGER NOT NULL,                -- of 4.8 hours: the message's id >> 34
    card INTEGER NOT NULL,
    txn INTEGER NOT NULL,
    PRIMARY KEY (age, card, txn)
) WITHOUT ROWID;
INSERT INTO card_txn SELECT id >> 34, card, id FROM txn WHERE card <> 0 ORDER BY 1, 2, 3;
-- Newer messages are not in it for certain.
INSERT INTO setting (name, value) SELECT 'card_txn_until', coalesce(max(id), 0) FROM txn;

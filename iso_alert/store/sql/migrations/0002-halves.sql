-- Mirrored feeds: a request waits here for its response, or a response for its request, across restarts too.

CREATE TABLE half (
    stan TEXT NOT NULL,
    card INTEGER NOT NULL,
    key INTEGER NOT NULL,
    arrived_at REAL NOT NULL,
    transaction_ TEXT NOT NULL,          -- as JSON; no card number in it
    PRIMARY KEY (stan, card, key)
) WITHOUT ROWID;
CREATE INDEX half_card ON half (card);
CREATE INDEX half_arrived ON half (arrived_at);

-- Statements and their reminders, campaigns of news, purges, disclosures.

CREATE TABLE statement (
    due TEXT NOT NULL,                   -- YYYY-MM-DD
    card INTEGER NOT NULL REFERENCES card,
    total INTEGER NOT NULL,              -- satang
    minimum INTEGER NOT NULL,
    reminder INTEGER,                    -- the alert that reminds of it
    PRIMARY KEY (due, card)
) WITHOUT ROWID;

CREATE TABLE campaign (
    id INTEGER PRIMARY KEY,
    th TEXT NOT NULL,
    en TEXT NOT NULL,
    state TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at REAL NOT NULL,
    pointer INTEGER NOT NULL DEFAULT 0,  -- customers up to this one have been thought of
    ended_at REAL
);
CREATE INDEX campaign_open ON campaign (id) WHERE state = 'sending';
CREATE INDEX subscription_news ON subscription (customer) WHERE news = 1 AND state = 'active';

ALTER TABLE alert ADD COLUMN not_after REAL;     -- from then on it must not begin to be sent; NULL: its age decides
ALTER TABLE alert ADD COLUMN campaign INTEGER;
CREATE INDEX alert_not_after ON alert (not_after) WHERE state = 'queued' AND not_after IS NOT NULL;
CREATE INDEX alert_campaign ON alert (campaign, customer, state) WHERE campaign IS NOT NULL;
CREATE INDEX alert_not_urgent ON alert (customer) WHERE state = 'queued' AND key IN ('due', 'news');

-- Withdrawal acts at once, also on what waits already, whoever writes it; so do a change of number and the kill switch
-- (R-52).  A reminder is given up rather than withdrawn: whoever is told again before the due date is reminded after all.
CREATE TRIGGER told_no_more AFTER UPDATE OF state, news ON subscription WHEN NEW.state <> 'active' OR NEW.news = 0
BEGIN
    UPDATE alert SET state = CASE key WHEN 'due' THEN 'given_up' ELSE 'withdrawn' END, cause = 'no longer wanted'
    WHERE customer = NEW.customer AND state = 'queued' AND key IN ('due', 'news')
      AND (key = 'news' OR NEW.state <> 'active');
END;
CREATE TRIGGER number_is_another_now AFTER UPDATE OF mobile ON subscription WHEN NEW.mobile <> OLD.mobile
BEGIN
    UPDATE alert SET mobile = NEW.mobile WHERE customer = NEW.customer AND state = 'queued' AND key IN ('due', 'news');
END;

CREATE TRIGGER stopped_for_all_then AFTER UPDATE ON setting WHEN NEW.name = 'stopped' AND NEW.value = '1'
BEGIN
    UPDATE alert SET state = CASE key WHEN 'due' THEN 'given_up' ELSE 'withdrawn' END, cause = 'stopped for everybody'
    WHERE state = 'queued' AND key IN ('due', 'news');
END;
CREATE TRIGGER stopped_for_all_first AFTER INSERT ON setting WHEN NEW.name = 'stopped' AND NEW.value = '1'
BEGIN
    UPDATE alert SET state = CASE key WHEN 'due' THEN 'given_up' ELSE 'withdrawn' END, cause = 'stopped for everybody'
    WHERE state = 'queued' AND key IN ('due', 'news');
END;

CREATE TABLE purge (                     -- one row a purge: how far it is, and how much is gone
    id INTEGER PRIMARY KEY,
    began_at REAL NOT NULL,
    journal_before REAL NOT NULL,
    texts_before REAL NOT NULL,
    step TEXT NOT NULL,
    pointer INTEGER NOT NULL,
    gone TEXT NOT NULL,                  -- JSON: how many rows of what
    ended_at REAL
);

CREATE TABLE disclosure (                -- one row a request of the authorities (R-53)
    id INTEGER PRIMARY KEY,
    customers TEXT NOT NULL,             -- JSON: the bank's names
    since REAL NOT NULL,
    until REAL NOT NULL,
    legal_reference TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    requested_from TEXT NOT NULL,        -- the account of the machine
    requested_at REAL NOT NULL,
    approved_by TEXT,
    approved_at REAL
);

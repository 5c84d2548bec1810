-- What recording needs.  Reads give one row with one JSON array: one step, however long the answer.

-- name: asked
-- The newest message, alert and card; whether the bank has stopped the service for everybody, and from which message on
-- small purchases are counted; and of each message that is asked for: its card by token with the subscription that covers
-- it, the number under which it is written already, and whether a cancellation of the card waits for its original.
WITH want (n, token, happened_at, stan, key) AS (VALUES :rows)
SELECT coalesce((SELECT max(id) FROM txn), 0), coalesce((SELECT max(id) FROM alert), 0),
       coalesce((SELECT max(id) FROM card), 0), (SELECT value = '1' FROM setting WHERE name = 'stopped'),
       (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'small_from'),
       json_group_array(json_array(
           want.n, met.id, met.kind,
           CASE WHEN subscription.customer IS NOT NULL THEN json_array(
               subscription.customer, subscription.mobile, subscription.language, subscription.state) END,
           (SELECT txn.id FROM txn WHERE txn.spell = want.happened_at >> 8 AND txn.stan = want.stan
            AND txn.card = coalesce(met.id, 0) AND txn.key = want.key),
           EXISTS (SELECT 1 FROM txn WHERE txn.unmatched = 1 AND txn.card = met.id)))
FROM want LEFT JOIN card AS met ON met.token = want.token
LEFT JOIN subscription ON subscription.customer = met.customer

-- name: history
-- Earlier messages of a card that share a STAN, an RRN or an approval code with a later one, and their threads.  The newest
-- of a card, which card_txn may not hold yet, come with the question; of a card that never rests, the newest are enough.
-- Marks (store/recent.py) spare reading most of the others.
WITH RECURSIVE want (card, own_stan, said_stan, rrn, approval_code, since, newest,
                     own_bits, said_bits, rrn_bits, approval_bits) AS (VALUES :rows),
span (age) AS (
    SELECT max(age) FROM card_txn
    UNION ALL SELECT age - 1 FROM span
    WHERE age > max((SELECT min(since) FROM want) >> 34, (SELECT min(age) FROM card_txn))),
found (id) AS (
    SELECT txn.id FROM want CROSS JOIN span CROSS JOIN txn
    ON txn.id IN (
        SELECT txn FROM (SELECT txn, mark FROM card_txn WHERE age = span.age AND card = want.card ORDER BY txn DESC LIMIT 1024)
        WHERE mark IS NULL OR mark & 65535 IN (want.own_bits, want.said_bits) OR mark >> 16 & 65535 = want.rrn_bits
              OR mark >> 32 = want.approval_bits)
    WHERE span.age >= want.since >> 34 AND txn.id >= want.since AND txn.card = want.card
      AND (txn.stan IN (want.own_stan, want.said_stan) OR txn.rrn = want.rrn OR txn.approval_code = want.approval_code)
    UNION SELECT txn.id FROM want CROSS JOIN json_each(want.newest) AS newest CROSS JOIN txn ON txn.id = newest.value
    WHERE txn.id >= want.since AND txn.card = want.card
      AND (txn.stan IN (want.own_stan, want.said_stan) OR txn.rrn = want.rrn OR txn.approval_code = want.approval_code)
)
SELECT json_group_array(json_array(
    txn.id, txn.card, txn.mti, txn.event, txn.channel, txn.sub_channel, txn.stan, txn.rrn, txn.approval_code, txn.terminal,
    txn.merchant_id, txn.acquirer, txn.invoice, txn.amount, txn.currency, txn.merchant, txn.local, txn.transmitted_at,
    txn.thread, txn.reason, txn.original, txn.reversed, txn.balance, txn.unmatched,
    unit.id, unit.amount, unit.currency, thread.state, thread.given_back, thread.cancelled_by,
    EXISTS (SELECT 1 FROM alert
            WHERE alert.txn IN (unit.id, CASE WHEN unit.reason IN ('completion_told', 'force_posted') THEN unit.matched END)
              AND (alert.key = 'approval' OR unit.event = 'refund') AND alert.state NOT IN ('refused', 'given_up', 'withdrawn')),
    (SELECT max(alert.id) FROM alert WHERE alert.txn = txn.id AND alert.state NOT IN ('refused', 'given_up', 'withdrawn')),
    (SELECT max(alert.id) FROM alert WHERE alert.txn = txn.id AND alert.state = 'queued' AND alert.doubts = 0
     AND NOT EXISTS (SELECT 1 FROM part WHERE part.alert = alert.id))))
FROM found JOIN txn ON txn.id = found.id JOIN txn AS unit
    ON unit.id = CASE WHEN txn.event IN ('void', 'void_of_refund') THEN coalesce(txn.matched, txn.id) ELSE txn.id END
LEFT JOIN thread ON thread.id = unit.id

-- name: unmatched
-- Cancellations of these cards that have not found their original: of each card the newest, for a terminal that repeats
-- its reversal with ever new STANs must not make everybody wait.
WITH asked (card) AS (VALUES :rows)
SELECT json_group_array(json_array(
    txn.id, txn.card, txn.mti, txn.event, txn.channel, txn.sub_channel, txn.stan, txn.rrn, txn.approval_code, txn.terminal,
    txn.merchant_id, txn.acquirer, txn.invoice, txn.amount, txn.currency, txn.merchant, txn.local, txn.transmitted_at,
    txn.thread, txn.reason, txn.original, txn.reversed, txn.balance, txn.unmatched,
    unit.id, unit.amount, unit.currency, thread.state, thread.given_back, thread.cancelled_by,
    EXISTS (SELECT 1 FROM alert
            WHERE alert.txn IN (unit.id, CASE WHEN unit.reason IN ('completion_told', 'force_posted') THEN unit.matched END)
              AND (alert.key = 'approval' OR unit.event = 'refund') AND alert.state NOT IN ('refused', 'given_up', 'withdrawn')),
    (SELECT max(alert.id) FROM alert WHERE alert.txn = txn.id AND alert.state NOT IN ('refused', 'given_up', 'withdrawn')),
    (SELECT max(alert.id) FROM alert WHERE alert.txn = txn.id AND alert.state = 'queued' AND alert.doubts = 0
     AND NOT EXISTS (SELECT 1 FROM part WHERE part.alert = alert.id))))
FROM txn JOIN txn AS unit
    ON unit.id = CASE WHEN txn.event IN ('void', 'void_of_refund') THEN coalesce(txn.matched, txn.id) ELSE txn.id END
LEFT JOIN thread ON thread.id = unit.id
WHERE txn.id IN (SELECT newest.id FROM asked JOIN txn AS newest ON newest.id IN (
    SELECT id FROM txn WHERE unmatched = 1 AND card = asked.card ORDER BY id DESC LIMIT 64))

-- name: small
-- Purchases of these cards that were below the threshold, and that neither an SMS nor a cancellation has settled.
SELECT json_group_array(json_array(txn.card, txn.id, txn.amount))
FROM txn LEFT JOIN thread ON thread.id = txn.id
WHERE txn.small = 1 AND txn.card IN (:list) AND txn.id >= ?
  AND txn.currency = 'THB' AND (thread.state IS NULL OR thread.state IN ('standing', 'completed'))

-- name: cover
-- Small purchases that are told together with others.
UPDATE txn SET reason = 'in_burst', small = NULL WHERE id IN (:list)

-- name: count_earlier
-- Small purchases of a span that are not counted yet, for a policy that looks back further than the last one did.
UPDATE txn SET small = 1 WHERE id >= ? AND id < ? AND reason = 'below_threshold'

-- name: counted_from
-- The first message from which on they are counted.
INSERT INTO setting (name, value) VALUES ('small_from', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value

-- name: count_no_more
-- No policy asks for them.
DELETE FROM setting WHERE name = 'small_from'

-- name: halves_of_cards
-- Messages of these cards that wait for their other half.
SELECT json_group_array(json_array(stan, card, key, transaction_)) FROM half WHERE card IN (:list)

-- name: overdue_halves
-- Messages whose other half has not come in time.
SELECT stan, card, key, transaction_ FROM half WHERE arrived_at <= ? ORDER BY arrived_at LIMIT ?

-- name: keep_halves
-- Messages that wait for their other half.
INSERT INTO half (stan, card, key, arrived_at, transaction_) VALUES :rows ON CONFLICT (stan, card, key) DO NOTHING

-- name: forget_half
-- A message that waits no longer.
DELETE FROM half WHERE stan = ? AND card = ? AND key = ?

-- name: newest_txn
-- The newest message.
SELECT coalesce(max(id), 0) FROM txn

-- name: card_txn_until
-- The newest message from which on card_txn holds nothing for certain.
SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'card_txn_until'

-- name: card_txns_after
-- Newer messages, by card.
SELECT card, id, stan, rrn, approval_code FROM txn WHERE id > ? ORDER BY id

-- name: insert_card_txns
-- Messages of cards; one that stands there already was written before a crash, or by another process.
INSERT OR IGNORE INTO card_txn (age, card, txn, mark) VALUES :rows

-- name: card_txns_written
-- Up to this message all are written; another process may be further.
UPDATE setting SET value = max(?, CAST(value AS INTEGER)) WHERE name = 'card_txn_until'

-- name: insert_cards
-- Cards that are seen for the first time.
INSERT INTO card (id, token, last4) VALUES :rows ON CONFLICT (id) DO NOTHING

-- name: move_token
-- A card was met under an older key: write it under the newest.
UPDATE card SET token = ? WHERE id = ?

-- name: insert_txns
-- Messages with their decisions.
INSERT INTO txn (id, card, thread, event, channel, sub_channel, kind, rules, subscription, reason,
                 stan, key, link, mti, rrn, approval_code, terminal, merchant_id, acquirer, invoice, happened_at,
                 transmitted_at, local, amount, currency, merchant, response_code, facts,
                 original, reversed, balance, matched, matched_by, unmatched, small, untimed)
VALUES :rows ON CONFLICT (id) DO NOTHING

-- name: insert_plain_txns
-- Messages that speak of no other, and that nothing waits for.
INSERT INTO txn (id, card, thread, event, channel, sub_channel, kind, rules, subscription, reason,
                 stan, key, link, mti, rrn, approval_code, terminal, merchant_id, acquirer, invoice, happened_at,
                 transmitted_at, local, amount, currency, merchant, response_code, facts)
VALUES :rows ON CONFLICT (id) DO NOTHING

-- name: change_thread
-- What units of money have become.
INSERT INTO thread (id, state, given_back, cancelled_by) VALUES :rows
ON CONFLICT (id) DO UPDATE SET state = excluded.state, given_back = excluded.given_back,
                               cancelled_by = excluded.cancelled_by

-- name: overtaken
-- A cancellation has found the original that came after it.
UPDATE txn SET unmatched = NULL, thread = ?, matched = ?, matched_by = 'overtook', reason = ? WHERE id = ?

-- name: withdraw
-- An alert that must not go any more, if nobody has taken it.
UPDATE alert SET state = 'withdrawn', cause = ? WHERE id = ? AND state = 'queued'

-- name: anyone_waits
-- Whether alerts wait for their turn.
SELECT EXISTS (SELECT 1 FROM alert INDEXED BY alert_queued WHERE state = 'queued' AND priority = 0 AND not_before = 0)

-- name: busy_lanes
-- Which of these lanes have an alert that is being sent, or that waits for more than its turn.
SELECT json_group_array(DISTINCT lane) FROM alert INDEXED BY alert_lane
WHERE state IN ('queued', 'sending') AND (state = 'sending' OR not_before > 0) AND lane IN (:list)

-- name: insert_alerts
-- New alerts, some of them leased already.
INSERT INTO alert (id, txn, thread, lane, customer, key, mobile, language, text, state, not_before, cause)
VALUES :rows ON CONFLICT (id) DO NOTHING

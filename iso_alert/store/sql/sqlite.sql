-- Every statement of the SQLite store.  Reads give one row with one JSON array: one step, however long the answer.

-- name: last_ids
-- The newest message, alert and card, and whether the bank has stopped the service for everybody.
SELECT coalesce((SELECT max(id) FROM txn), 0), coalesce((SELECT max(id) FROM alert), 0),
       coalesce((SELECT max(id) FROM card), 0), (SELECT value = '1' FROM setting WHERE name = 'stopped')

-- name: holders
-- Cards by token, with the subscription that covers each.
SELECT json_group_array(json_array(hex(card.token), card.id, card.kind, subscription.customer, subscription.mobile,
                                   subscription.language, subscription.state))
FROM card LEFT JOIN subscription ON subscription.customer = card.customer
WHERE card.token IN (:list)

-- name: insert_cards
-- Cards that are seen for the first time.
INSERT INTO card (id, token, last4) VALUES :rows ON CONFLICT (id) DO NOTHING

-- name: move_token
-- A card was met under an older key: write it under the newest.
UPDATE card SET token = ? WHERE id = ?

-- name: known
-- Which of these message keys are written already.
WITH want (stan, card, key) AS (VALUES :rows)
SELECT json_group_array(json_array(txn.stan, txn.card, txn.key, txn.id))
FROM want JOIN txn ON txn.stan = want.stan AND txn.card = want.card AND txn.key = want.key

-- name: history
-- Earlier messages of a card that share a STAN, an RRN or an approval code with a later one, and their threads.
WITH want (card, own_stan, said_stan, rrn, approval_code, since) AS (VALUES :rows),
found (id) AS (
    SELECT txn.id FROM want JOIN txn ON txn.stan IN (want.own_stan, want.said_stan) AND txn.card = want.card AND txn.id >= want.since
    UNION SELECT txn.id FROM want JOIN txn ON txn.rrn = want.rrn AND txn.card = want.card AND txn.id >= want.since
    UNION SELECT txn.id FROM want JOIN txn ON txn.approval_code = want.approval_code AND txn.card = want.card AND txn.id >= want.since
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
    (SELECT max(alert.id) FROM alert WHERE alert.txn = txn.id AND alert.state = 'queued')))
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
    (SELECT max(alert.id) FROM alert WHERE alert.txn = txn.id AND alert.state = 'queued')))
FROM txn JOIN txn AS unit
    ON unit.id = CASE WHEN txn.event IN ('void', 'void_of_refund') THEN coalesce(txn.matched, txn.id) ELSE txn.id END
LEFT JOIN thread ON thread.id = unit.id
WHERE txn.id IN (SELECT newest.id FROM asked JOIN txn AS newest ON newest.id IN (
    SELECT id FROM txn WHERE unmatched = 1 AND card = asked.card ORDER BY id DESC LIMIT 64))

-- name: small
-- Purchases of these cards that were below the threshold, and that neither an SMS nor a cancellation has settled.
SELECT json_group_array(json_array(txn.card, txn.id, txn.amount))
FROM txn LEFT JOIN thread ON thread.id = txn.id
WHERE txn.reason = 'below_threshold' AND txn.card IN (:list) AND txn.id >= ?
  AND txn.currency = 'THB' AND (thread.state IS NULL OR thread.state IN ('standing', 'completed'))

-- name: cover
-- Small purchases that are told together with others.
UPDATE txn SET reason = 'in_burst' WHERE id IN (:list)

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

-- name: insert_txns
-- Messages with their decisions.
INSERT INTO txn (id, stan, card, key, link, mti, rrn, approval_code, terminal, merchant_id, acquirer, invoice,
                 happened_at, transmitted_at, local, original, amount, currency, reversed, balance, merchant,
                 response_code, facts, event, channel, sub_channel, kind, rules, subscription, reason, thread, matched,
                 matched_by, unmatched)
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

-- name: busy_lanes
-- Which of these lanes have an alert that is not settled.
SELECT json_group_array(DISTINCT lane) FROM alert WHERE state IN ('queued', 'sending') AND lane IN (:list)

-- name: insert_alerts
-- New alerts, some of them leased already.
INSERT INTO alert (id, txn, thread, lane, customer, key, mobile, language, text, state, not_before, cause)
VALUES :rows ON CONFLICT (id) DO NOTHING

-- name: due
-- Alerts of one priority that may go now: due, not too late, and nothing open before them in their lane that is not
-- less urgent.
SELECT alert.id, alert.mobile, alert.text, alert.key, alert.id / 1e6, alert.attempts, alert.doubts,
       (SELECT json_group_array(n) FROM part WHERE part.alert = alert.id)
FROM alert INDEXED BY alert_queued
WHERE alert.state = 'queued' AND alert.priority = ?1 AND alert.not_before <= ?2
  AND (alert.not_after IS NULL OR alert.not_after > ?2)
  AND NOT EXISTS (SELECT 1 FROM alert AS before INDEXED BY alert_open WHERE before.lane = alert.lane
                  AND before.state IN ('queued', 'sending') AND before.id < alert.id
                  AND before.priority <= alert.priority)
ORDER BY alert.not_before, alert.id LIMIT ?3

-- name: lease
-- Take them: from now on they are perhaps on the wire.
UPDATE alert SET state = 'sending' WHERE id IN (:list)

-- name: next_due
-- When the next alert becomes due.
SELECT min(due) FROM (
    SELECT min(not_before) AS due FROM alert INDEXED BY alert_queued
    WHERE state = 'queued' AND priority = 0 AND not_before > ?
    UNION ALL SELECT min(not_before) FROM alert INDEXED BY alert_queued
    WHERE state = 'queued' AND priority = 1 AND not_before > ?)

-- name: recover
-- What was being sent when the courier died is in doubt and goes again, however often that happens: it is noted a moment
-- before it is written, so perhaps nobody has it.
UPDATE alert SET state = 'queued', doubts = doubts + 1, cause = 'in doubt after a crash', not_before = 0
WHERE state = 'sending'

-- name: outbox
-- How much waits, and since when; news may wait for days.  Neither count touches a row of the table.
SELECT (SELECT count(*) FROM alert INDEXED BY alert_queued WHERE state = 'queued'),
       (SELECT count(*) FROM alert INDEXED BY alert_sending WHERE state = 'sending'),
       (SELECT min(id) / 1e6 FROM (
           SELECT min(id) AS id FROM alert INDEXED BY alert_queued WHERE state = 'queued' AND priority = 0
           UNION ALL SELECT min(id) FROM alert INDEXED BY alert_sending WHERE state = 'sending'))

-- name: insert_parts
-- Parts that the SMSC accepted; an answer that is told twice changes nothing.
INSERT OR IGNORE INTO part (alert, n, route, message_id, matched_id, parts, accepted_at) VALUES :rows

-- name: accepted_whole
-- Alerts all of whose parts are accepted.
UPDATE alert SET state = 'accepted', settled_at = ?1
WHERE id IN (:list) AND state = 'sending'
  AND (SELECT count(DISTINCT n) >= max(parts) FROM part WHERE part.alert = alert.id)

-- name: confirming
-- Which of these are confirming SMS that have come so far, and whose.
SELECT json_group_array(json_array(id, customer, mobile)) FROM alert
WHERE id IN (:list) AND key = ? AND state = ?

-- name: untaken
-- An alert that was not accepted: again later, or never.
UPDATE alert SET state = ?, cause = ?, not_before = ?, attempts = attempts + ?, doubts = doubts + ?,
                 settled_at = CASE WHEN ? = 'queued' THEN settled_at ELSE ? END
WHERE id = ? AND state = 'sending'

-- name: withdraw_orphans
-- What a cancellation would say when nobody could be told of its payment.
UPDATE alert SET state = 'withdrawn', cause = 'its payment could not be told'
WHERE key = 'cancel' AND state = 'queued' AND thread = (SELECT thread FROM alert WHERE id = ?1)
  AND NOT EXISTS (SELECT 1 FROM alert AS told WHERE told.thread = alert.thread AND told.key = 'approval'
                  AND told.state NOT IN ('refused', 'given_up', 'withdrawn'))

-- name: receipts_for
-- The parts that these message ids may mean, with what their receipts said so far.
SELECT json_group_array(json_array(part.alert, part.n, part.message_id, part.matched_id, part.state, alert.mobile))
FROM part JOIN alert ON alert.id = part.alert WHERE part.matched_id IN (:list) AND part.route = ?

-- name: confirm_parts
-- Receipts for parts; of two for one part a delivery is the word that counts.
UPDATE part SET state = said.state, error = said.error, confirmed_at = said.at
FROM (WITH told (state, error, at, alert, n, matched_id) AS (VALUES :rows) SELECT * FROM told) AS said
WHERE part.alert = said.alert AND part.n = said.n AND part.matched_id = said.matched_id

-- name: confirm_alerts
-- The state of an alert is the worst of its parts; a part counts as delivered when any copy of it was.
UPDATE alert SET confirmed_at = ?1, state = (
    SELECT CASE WHEN count(*) FILTER (WHERE good = 1) >= max(parts) THEN 'delivered'
                WHEN count(*) FILTER (WHERE good = 0) > 0 THEN 'undelivered' ELSE alert.state END
    FROM (SELECT max(CASE WHEN state = 'DELIVRD' THEN 1 WHEN state IS NULL THEN NULL ELSE 0 END) AS good,
                 max(parts) AS parts
          FROM part WHERE part.alert = alert.id GROUP BY n))
WHERE id IN (:list) AND state IN ('accepted', 'undelivered', 'unknown')

-- name: keep_receipt
-- A receipt that matches nothing yet: its answer may still come.
INSERT INTO early_receipt (route, message_id, mobile, state, error, at) VALUES (?, ?, ?, ?, ?, ?)

-- name: early_receipts
-- Receipts that came before the answer to these message ids.
SELECT json_group_array(json_array(id, message_id, mobile, state, error, at))
FROM early_receipt WHERE message_id IN (:list) AND route = ?

-- name: forget_receipts
-- Receipts that have found their part.
DELETE FROM early_receipt WHERE id IN (:list)

-- name: find_customer
-- The number of a customer.
SELECT customer.id, (SELECT count(*) FROM card WHERE card.customer = customer.id) FROM customer WHERE ref = ?

-- name: write_subscription
-- A customer's choice; nothing happens when it is the same as before.
INSERT INTO subscription (customer, mobile, language, state, changed_at) VALUES (?, ?, ?, 'active', ?)
ON CONFLICT (customer) DO UPDATE SET mobile = excluded.mobile, language = excluded.language, state = 'active',
    changed_at = excluded.changed_at
WHERE (mobile, language, state) IS NOT (excluded.mobile, excluded.language, 'active')

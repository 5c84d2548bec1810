-- Every statement about people: subscriptions, settings, remembered answers, the audit trail.

-- name: used_card
-- A card by any of its tokens.
SELECT id, customer, last4, kind, is_primary, status FROM card WHERE token IN (:list) ORDER BY customer IS NULL LIMIT 1

-- name: customer_by_ref
-- The number of a customer.
SELECT id FROM customer WHERE ref = ?

-- name: subject
-- A customer with the subscription, if there is one.
SELECT customer.ref, customer.is_natural, subscription.state, mobile, language, news, terms, applied_at, changed_at,
       suspended_from, activated_at, confirmations, confirm_until
FROM customer LEFT JOIN subscription ON subscription.customer = customer.id WHERE customer.id = ?

-- name: covered_cards
-- The cards of a customer.
SELECT last4, kind, is_primary, status FROM card
WHERE customer = ? AND status <> 'closed' ORDER BY is_primary DESC, id

-- name: customers_with_mobile
-- Who has this number.
SELECT customer FROM subscription WHERE mobile = ? ORDER BY customer

-- name: applications
-- Who waits for the bank's approval.
SELECT customer FROM subscription WHERE state = 'applied' ORDER BY applied_at LIMIT ?

-- name: write_record
-- A subscription as it is now.
INSERT INTO subscription (customer, state, mobile, language, news, terms, applied_at, changed_at, suspended_from,
                          activated_at, confirmations, confirm_until, look_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (customer) DO UPDATE SET state = excluded.state, mobile = excluded.mobile, language = excluded.language,
    news = excluded.news, terms = excluded.terms, applied_at = excluded.applied_at, changed_at = excluded.changed_at,
    suspended_from = excluded.suspended_from, activated_at = excluded.activated_at,
    confirmations = excluded.confirmations, confirm_until = excluded.confirm_until, look_at = excluded.look_at

-- name: new_card
-- A card that nobody has seen.
INSERT INTO card (token, last4) VALUES (?, ?) RETURNING id

-- name: lone_customer
-- The holder of a card that the card file does not know.
INSERT INTO customer (ref) VALUES (?) RETURNING id

-- name: give_card
-- A card has got a holder.
UPDATE card SET customer = ?, is_primary = 1 WHERE id = ?

-- name: last_alert
-- The newest alert.
SELECT coalesce(max(id), 0) FROM alert

-- name: notify
-- An SMS about a subscription.  Those of one customer leave in order: they share a lane, which is no card's, and are found
-- by it.
INSERT INTO alert (id, lane, customer, key, mobile, language, text, state, not_before)
VALUES (?, ?, ?, ?, ?, ?, ?, 'queued', 1)

-- name: lane_is_busy
-- Whether an SMS of this lane still waits.
SELECT count(*) FROM alert INDEXED BY alert_lane
WHERE lane = ? AND state IN ('queued', 'sending') AND (state = 'sending' OR not_before > 0)

-- name: to_look_at
-- Subscriptions to which time does something.
SELECT customer FROM subscription WHERE look_at <= ? ORDER BY look_at LIMIT ?

-- name: look_again
-- When it must be looked at next.
UPDATE subscription SET look_at = ? WHERE customer = ?

-- name: setting
-- One setting.
SELECT value FROM setting WHERE name = ?

-- name: set
-- Change a setting.
INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value

-- name: answer
-- What was answered to a request of this key.
SELECT answer FROM answer WHERE key = ? AND at > ?

-- name: keep_answer
-- Remember an answer; one that has grown old gives way.
INSERT INTO answer (key, at, answer) VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET at = excluded.at, answer = excluded.answer WHERE answer.at <= ?

-- name: forget_answers
-- Answers nobody may ask for again.
DELETE FROM answer WHERE at <= ?

-- name: audit_head
-- The newest row of the trail.
SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1

-- name: audit_hash
-- The hash of one row.
SELECT hash FROM audit WHERE id = ?

-- name: audit_append
-- One more row.
INSERT INTO audit (id, at, actor, via, origin, operation, outcome, customer, last4, reason, before, after, hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: audit_rows
-- Rows in order.
SELECT id, at, actor, via, origin, operation, outcome, customer, last4, reason, before, after, hash
FROM audit WHERE id > ? ORDER BY id LIMIT ?

-- name: audit_purges
-- The newest row that tells of a purge.
SELECT after FROM audit WHERE operation = 'purge_audit' ORDER BY id DESC LIMIT 1

-- name: audit_older
-- The last of the rows before the first that is not older than a time, and how many they are.
SELECT max(id), count(*) FROM audit WHERE id < coalesce((SELECT min(id) FROM audit WHERE at >= ?), 9e18)

-- name: audit_purge
-- Take rows away.
DELETE FROM audit WHERE id <= ?

-- Every statement about disclosure.

-- name: strangers
-- Which of these customers are not on file.
WITH want (ref) AS (VALUES :rows)
SELECT json_group_array(DISTINCT ref) FROM want WHERE ref NOT IN (SELECT ref FROM customer)

-- name: request
-- A new request.
INSERT INTO disclosure (customers, since, until, legal_reference, requested_by, requested_from, requested_at)
VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id

-- name: all
-- Every request.
SELECT id, customers, since, until, legal_reference, requested_by, requested_from, requested_at, approved_by, approved_at
FROM disclosure ORDER BY id

-- name: one
-- One request.
SELECT id, customers, since, until, legal_reference, requested_by, requested_from, requested_at, approved_by, approved_at
FROM disclosure WHERE id = ?

-- name: approve
-- It may be told.
UPDATE disclosure SET approved_by = ?, approved_at = ? WHERE id = ? AND approved_by IS NULL

-- name: customer
-- A customer with the subscription.
SELECT customer.id, is_natural, state, mobile, language, news, terms, applied_at, activated_at, changed_at
FROM customer LEFT JOIN subscription ON subscription.customer = customer.id WHERE ref = ?

-- name: cards
-- The cards of a customer.
SELECT id, last4, kind, is_primary, status FROM card WHERE customer = ? ORDER BY id

-- name: messages
-- What happened to cards in a span of time, in order.
SELECT txn.id, card, mti, rrn, event, channel, amount, currency, merchant, terminal, reason
FROM txn WHERE txn.id > ? AND txn.id < ? AND card IN (SELECT id FROM card WHERE customer = ?) ORDER BY txn.id LIMIT ?

-- name: alerts
-- What a customer was told in a span of time, in order.
SELECT id, key, mobile, language, text, state, settled_at, confirmed_at
FROM alert WHERE id > ? AND id < ? AND customer = ? ORDER BY id LIMIT ?

-- name: changes
-- What was asked of a subscription in a span of time.
SELECT id, at, actor, via, operation, outcome, before, after
FROM audit WHERE id > ? AND at >= ? AND at < ? AND customer = ? ORDER BY id LIMIT ?

-- What people ask of the journal.  Read only: it never makes a message wait.

-- name: by_stan
-- Threads that hold a message with this STAN, newest first: looked for in each spell of time of which there is a message.
WITH RECURSIVE past (spell) AS (
    SELECT max(spell) FROM txn INDEXED BY txn_key
    UNION ALL SELECT (SELECT max(spell) FROM txn INDEXED BY txn_key WHERE spell < past.spell) FROM past WHERE past.spell > 0)
SELECT thread FROM past CROSS JOIN txn INDEXED BY txn_key ON txn.spell = past.spell AND stan = ?
WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT ?

-- name: by_rrn
-- Threads that hold a message with this RRN, newest first: looked for in each slot of time of which there is a message.
WITH RECURSIVE past (slot) AS (
    SELECT max(id) >> 28 FROM txn WHERE id <= ?3
    UNION ALL SELECT (SELECT max(id) >> 28 FROM txn WHERE id < past.slot << 28) FROM past WHERE past.slot > ?2 >> 28)
SELECT thread FROM past CROSS JOIN txn INDEXED BY txn_rrn ON txn.slot = past.slot AND rrn = ?1
WHERE id BETWEEN ?2 AND ?3 ORDER BY id DESC LIMIT ?4

-- name: by_last4
-- Threads of cards that end so, in a span of time, newest first.  The unary plus keeps to the span.
SELECT txn.thread FROM txn JOIN card ON card.id = +txn.card
WHERE card.last4 = ? AND txn.id BETWEEN ? AND ? ORDER BY txn.id DESC LIMIT ?

-- name: by_alert
-- The thread that an alert tells of.
SELECT thread FROM alert WHERE id = ? AND thread IS NOT NULL

-- name: thread
-- What has become of the payment that began a thread.
SELECT state, given_back FROM thread WHERE id = ?

-- name: messages
-- The messages of a thread, in order.
SELECT txn.id, coalesce(card.last4, ''), link, mti, stan, rrn, approval_code, terminal, merchant_id, response_code, amount,
       currency, merchant, facts, event, channel, sub_channel, txn.kind, rules, subscription, reason, matched, matched_by
FROM txn LEFT JOIN card ON card.id = txn.card
WHERE txn.id = :thread OR txn.id IN (SELECT id FROM txn AS later WHERE later.thread = :thread AND later.thread <> later.id)
ORDER BY txn.id

-- name: alerts
-- The alerts of a thread, in order; of a cancellation that came first, those it had caused by itself too.
SELECT id, txn, key, mobile, language, text, state, not_before, attempts, doubts, cause, settled_at, confirmed_at
FROM alert WHERE id IN (
    SELECT id FROM alert WHERE txn = :thread AND thread = :thread
    UNION ALL SELECT id FROM alert WHERE thread = :thread AND thread <> txn
    UNION ALL SELECT alert.id FROM txn JOIN alert ON alert.txn = txn.id WHERE txn.thread = :thread AND txn.thread <> txn.id)
ORDER BY id

-- name: parts
-- The parts of an alert that the SMSC accepted.
SELECT n, parts, route, way, message_id, accepted_at, state, error, confirmed_at
FROM part WHERE alert = ? ORDER BY n, accepted_at

-- name: decisions
-- Decisions of a span of time, in order, with what another policy needs to decide anew.
SELECT txn.id, txn.card, txn.thread, txn.event, txn.channel, txn.kind, coalesce(txn.reversed, txn.amount), txn.currency,
       txn.happened_at,
       txn.merchant, txn.local, txn.subscription, txn.reason, txn.matched, card.customer, card.last4, subscription.language
FROM txn LEFT JOIN card ON card.id = txn.card LEFT JOIN subscription ON subscription.customer = card.customer
WHERE txn.id > ? AND txn.id < ? ORDER BY txn.id LIMIT ?

-- name: decision
-- One decision, as above.
SELECT txn.id, txn.card, txn.thread, txn.event, txn.channel, txn.kind, coalesce(txn.reversed, txn.amount), txn.currency,
       txn.happened_at,
       txn.merchant, txn.local, txn.subscription, txn.reason, txn.matched, card.customer, card.last4, subscription.language
FROM txn LEFT JOIN card ON card.id = txn.card LEFT JOIN subscription ON subscription.customer = card.customer
WHERE txn.id = ?

-- name: span
-- The first and last message in a span, and about how many stand between.
SELECT min(id), max(id), count(*) FROM (SELECT id FROM txn WHERE id > ? AND id < ?)

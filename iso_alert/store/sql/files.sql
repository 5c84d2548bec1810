-- Every statement of the bank's files.  Reads give one row with one JSON array: one step, however long the answer.

-- name: bulk
-- While a file comes in.
PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 1000

-- name: usual
-- After it.
PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = {pages}

-- name: last_ids
-- The newest customer and card.
SELECT coalesce((SELECT max(id) FROM customer), 0), coalesce((SELECT max(id) FROM card), 0)

-- name: customers
-- Customers by the bank's names.
SELECT json_group_array(json_array(ref, id, is_natural)) FROM customer WHERE ref IN (:list)

-- name: write_customers
-- Customers, new or changed.
INSERT INTO customer (id, ref, is_natural) VALUES :rows ON CONFLICT (id) DO UPDATE SET is_natural = excluded.is_natural

-- name: cards
-- Cards by token.  A holder whose name begins with ~ has been made for a card that the card file did not know.
SELECT json_group_array(json_array(hex(token), card.id, last4, kind, customer, is_primary, status, coalesce(ref GLOB '~*', 0)))
FROM card LEFT JOIN customer ON customer.id = card.customer WHERE token IN (:list)

-- name: write_cards
-- Cards, new or changed.
INSERT INTO card (id, token, last4, kind, customer, is_primary, status) VALUES :rows
ON CONFLICT (id) DO UPDATE SET token = excluded.token, kind = excluded.kind, customer = excluded.customer,
    is_primary = excluded.is_primary, status = excluded.status

-- name: adopt
-- A card that was covered alone has come into the card file: its subscription is the new holder's, if he has none.
UPDATE subscription SET customer = ?1 WHERE customer = ?2
  AND NOT EXISTS (SELECT 1 FROM subscription AS own WHERE own.customer = ?1)

-- name: subscribers
-- Customers by name, whether they have a card, and their subscription.
SELECT json_group_array(json_array(ref, id, is_natural, EXISTS (SELECT 1 FROM card WHERE card.customer = customer.id),
                                   state, mobile, language, news))
FROM customer LEFT JOIN subscription ON subscription.customer = customer.id WHERE ref IN (:list)

-- name: write_subscriptions
-- Subscriptions that are complete already.
INSERT INTO subscription (customer, state, mobile, language, news, terms, applied_at, activated_at, changed_at)
VALUES :rows ON CONFLICT (customer) DO NOTHING

-- name: statements
-- Statements by due date and card.
WITH want (due, card) AS (VALUES :rows)
SELECT json_group_array(json_array(statement.due, statement.card, total, minimum))
FROM want JOIN statement ON statement.due = want.due AND statement.card = want.card

-- name: write_statements
-- Statements, new or changed; that somebody was reminded stays so.
INSERT INTO statement (due, card, total, minimum) VALUES :rows
ON CONFLICT (due, card) DO UPDATE SET total = excluded.total, minimum = excluded.minimum

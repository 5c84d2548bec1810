-- Every statement of the purge.  Each takes a small portion: nobody waits for it longer than some milliseconds.

-- name: open
-- The purge that is under way.
SELECT id, journal_before, texts_before, step, pointer, gone FROM purge WHERE ended_at IS NULL

-- name: last
-- When the last whole purge began, and from where the texts that it left stand.
SELECT began_at, texts_before FROM purge WHERE ended_at IS NOT NULL ORDER BY id DESC LIMIT 1

-- name: begin
-- A new purge.
INSERT INTO purge (began_at, journal_before, texts_before, step, pointer, gone) VALUES (?, ?, ?, ?, ?, '{}')

-- name: go_on
-- How far it is.
UPDATE purge SET step = ?, pointer = ?, gone = ? WHERE id = ?

-- name: end
-- It is done.
UPDATE purge SET ended_at = ? WHERE id = ?

-- name: messages
-- The next messages, with their threads.
SELECT json_group_array(json_array(id, thread)) FROM (
    SELECT id, thread FROM txn WHERE id > ? AND id < ? ORDER BY id LIMIT ?)

-- name: closed
-- Those of these threads in which nothing is young, and of which nothing waits to be told.
WITH want (thread, before) AS (VALUES :rows)
SELECT json_group_array(DISTINCT want.thread) FROM want WHERE want.thread < want.before
  AND NOT EXISTS (SELECT 1 FROM txn WHERE txn.thread = want.thread AND txn.thread <> txn.id AND txn.id >= want.before)
  AND NOT EXISTS (SELECT 1 FROM alert WHERE alert.txn = want.thread AND alert.thread = want.thread
                  AND alert.state IN ('queued', 'sending'))
  AND NOT EXISTS (SELECT 1 FROM alert WHERE alert.thread = want.thread AND alert.thread <> alert.txn
                  AND alert.state IN ('queued', 'sending'))
  AND NOT EXISTS (SELECT 1 FROM txn JOIN alert ON alert.txn = txn.id
                  WHERE txn.thread = want.thread AND txn.thread <> txn.id AND alert.state IN ('queued', 'sending'))

-- name: members
-- The messages of these threads.
WITH want (thread) AS (VALUES :rows)
SELECT json_group_array(DISTINCT txn.id) FROM want JOIN txn ON txn.id = want.thread
    OR txn.id IN (SELECT id FROM txn AS later WHERE later.thread = want.thread AND later.thread <> later.id)

-- name: alerts_of_threads
-- Their alerts, but for those that tell of their own members.
SELECT json_group_array(id) FROM alert WHERE thread IN (:list) AND thread <> txn

-- name: alerts_of_messages
-- Their alerts, also those that began in another thread.
SELECT json_group_array(id) FROM alert WHERE txn IN (:list)

-- name: notices
-- The next alerts that no payment caused and that are over; the last is where to go on.
SELECT json_group_array(json_array(id, txn IS NULL AND state NOT IN ('queued', 'sending'))) FROM (
    SELECT id, txn, state FROM alert WHERE id > ? AND id < ? ORDER BY id LIMIT ?)

-- name: delete_card_txns
-- They are their cards' no more.
DELETE FROM card_txn WHERE (age, card, txn) IN (SELECT id >> 34, card, id FROM txn WHERE id IN (:list))

-- name: delete_messages
DELETE FROM txn WHERE id IN (:list)

-- name: delete_threads
DELETE FROM thread WHERE id IN (:list)

-- name: delete_parts
DELETE FROM part WHERE alert IN (:list)

-- name: delete_alerts
DELETE FROM alert WHERE id IN (:list)

-- name: texts
-- The next alerts, and whether their text is still there and not needed any more.
SELECT json_group_array(json_array(id, text <> '' AND state NOT IN ('queued', 'sending'))) FROM (
    SELECT id, text, state FROM alert WHERE id > ? AND id < ? ORDER BY id LIMIT ?)

-- name: forget_texts
-- What was said, and the number to which; that it was said stays.
UPDATE alert SET text = '', mobile = substr(mobile, 1, 3) || '*****' || substr(mobile, -4) WHERE id IN (:list)

-- name: receipts
-- Receipts that never found their part.
SELECT json_group_array(id) FROM (SELECT id FROM early_receipt WHERE id > ? AND at < ? ORDER BY id LIMIT ?)

-- name: delete_receipts
DELETE FROM early_receipt WHERE id IN (:list)

-- name: delete_statements
-- Statements that were due long ago.
DELETE FROM statement WHERE (due, card) IN (SELECT due, card FROM statement WHERE due < ? ORDER BY due, card LIMIT ?)

-- name: delete_campaigns
-- Campaigns of which no SMS is left.
DELETE FROM campaign WHERE state = 'done' AND ended_at < ?
  AND NOT EXISTS (SELECT 1 FROM alert INDEXED BY alert_campaign WHERE alert.campaign = campaign.id)

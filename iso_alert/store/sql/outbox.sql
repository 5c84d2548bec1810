-- What sending needs: alerts on their way, their parts, receipts.

-- name: in_turn
-- Alerts of one priority that wait for nothing but their turn, in its order: not too late, and behind none of their lane
-- that is found by it and not less urgent.  Behind others they stand here too.
SELECT alert.id, alert.mobile, alert.text, alert.key, alert.id / 1e6, alert.attempts, alert.doubts,
       (SELECT json_group_array(n) FROM part WHERE part.alert = alert.id), alert.lane, alert.id / 1e6
FROM alert INDEXED BY alert_queued
WHERE alert.state = 'queued' AND alert.priority = ?1 AND alert.not_before = 0
  AND (alert.not_after IS NULL OR alert.not_after > ?2)
  AND NOT EXISTS (SELECT 1 FROM alert AS before INDEXED BY alert_lane WHERE before.lane = alert.lane
                  AND before.state IN ('queued', 'sending') AND (before.state = 'sending' OR before.not_before > 0)
                  AND before.id < alert.id AND before.priority <= alert.priority)
ORDER BY alert.id

-- name: due
-- The same of those that waited for more than their turn.  None counts as due before its own number, for who came before
-- it in its lane may stand among the others.
SELECT alert.id, alert.mobile, alert.text, alert.key, alert.id / 1e6, alert.attempts, alert.doubts,
       (SELECT json_group_array(n) FROM part WHERE part.alert = alert.id), alert.lane, max(alert.not_before, alert.id / 1e6)
FROM alert INDEXED BY alert_queued
WHERE alert.state = 'queued' AND alert.priority = ?1 AND alert.not_before > 0 AND alert.not_before <= ?2
  AND (alert.not_after IS NULL OR alert.not_after > ?2)
  AND NOT EXISTS (SELECT 1 FROM alert AS before INDEXED BY alert_lane WHERE before.lane = alert.lane
                  AND before.state IN ('queued', 'sending') AND (before.state = 'sending' OR before.not_before > 0)
                  AND before.id < alert.id AND before.priority <= alert.priority)
ORDER BY alert.not_before, alert.id

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
UPDATE alert SET state = 'queued', doubts = doubts + 1, cause = 'in doubt after a crash', not_before = 1
WHERE id IN (SELECT id FROM alert INDEXED BY alert_lane
             WHERE state IN ('queued', 'sending') AND (state = 'sending' OR not_before > 0) AND state = 'sending')

-- name: outbox
-- How much waits, and since when; news may wait for days.  Neither count touches a row of the table.
SELECT (SELECT count(*) FROM alert INDEXED BY alert_queued WHERE state = 'queued'),
       (SELECT count(*) FROM alert INDEXED BY alert_lane
        WHERE state IN ('queued', 'sending') AND (state = 'sending' OR not_before > 0) AND state = 'sending'),
       (SELECT min(id) / 1e6 FROM (
           SELECT min(id) AS id FROM alert INDEXED BY alert_queued WHERE state = 'queued' AND priority = 0
           UNION ALL SELECT min(id) FROM alert INDEXED BY alert_lane
           WHERE state IN ('queued', 'sending') AND (state = 'sending' OR not_before > 0) AND state = 'sending'))

-- name: insert_parts
-- Parts that the SMSC accepted; an answer that is told twice changes nothing.
INSERT OR IGNORE INTO part (alert, n, route, message_id, matched_id, parts, accepted_at, way) VALUES :rows

-- name: accepted_whole
-- Alerts all of whose parts are accepted; an answer that came late finds them waiting to go again, or called unknown.
UPDATE alert SET state = 'accepted', settled_at = ?1
WHERE id IN (:list) AND state IN ('sending', 'queued', 'unknown')
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

-- name: undoubted
-- An attempt is in doubt no more, that was written when there were so many doubts.
UPDATE alert SET doubts = doubts - 1, cause = ? WHERE id = ? AND doubts > ? AND state <> 'unknown'

-- name: withdraw_orphans
-- What a cancellation would say when nobody could be told of its payment.
UPDATE alert SET state = 'withdrawn', cause = 'its payment could not be told'
WHERE key = 'cancel' AND state = 'queued' AND id IN (
    SELECT other.id FROM alert AS this JOIN alert AS other ON other.txn = this.thread AND other.thread = this.thread
    WHERE this.id = ?1
    UNION ALL SELECT other.id FROM alert AS this JOIN alert AS other
        ON other.thread = this.thread AND other.thread <> other.txn WHERE this.id = ?1)
  AND NOT EXISTS (SELECT 1 FROM alert AS told WHERE told.txn = alert.thread AND told.thread = alert.thread
                  AND told.key = 'approval' AND told.state NOT IN ('refused', 'given_up', 'withdrawn'))
  AND NOT EXISTS (SELECT 1 FROM alert AS told WHERE told.thread = alert.thread AND told.thread <> told.txn
                  AND told.key = 'approval' AND told.state NOT IN ('refused', 'given_up', 'withdrawn'))

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

-- name: any_early_receipt
-- Whether any receipt waits for its answer.
SELECT EXISTS (SELECT 1 FROM early_receipt)

-- name: early_receipts
-- Receipts that came before the answer to these message ids.
SELECT json_group_array(json_array(id, message_id, mobile, state, error, at))
FROM early_receipt WHERE message_id IN (:list) AND route = ?

-- name: forget_receipts
-- Receipts that have found their part.
DELETE FROM early_receipt WHERE id IN (:list)

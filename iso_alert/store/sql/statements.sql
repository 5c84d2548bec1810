-- Every statement about reminders.

-- name: page
-- Statements in order, each with whether its reminder is due: owed, on a credit card of somebody active, and not made.
-- One that was given up before any part of it was taken counts as not made.
SELECT json_group_array(json_array(due, card, wanted, total, minimum, last4, customer, mobile, language)) FROM (
    SELECT statement.due, statement.card, total, minimum, last4, card.customer, subscription.mobile, subscription.language,
           total > 0 AND kind = 'credit' AND subscription.state IS 'active'
           AND (reminder IS NULL OR alert.state IS 'given_up'
                                    AND NOT EXISTS (SELECT 1 FROM part WHERE part.alert = reminder)) AS wanted
    FROM statement JOIN card ON card.id = statement.card
    LEFT JOIN subscription ON subscription.customer = card.customer LEFT JOIN alert ON alert.id = statement.reminder
    WHERE (statement.due, statement.card) > (?1, ?2) AND statement.due <= ?3
    ORDER BY statement.due, statement.card LIMIT ?4)

-- name: stopped
-- Whether the bank has stopped the service for everybody.
SELECT coalesce((SELECT value = '1' FROM setting WHERE name = 'stopped'), 0)

-- name: last_alert
-- The newest alert.
SELECT coalesce(max(id), 0) FROM alert

-- name: queue
-- Reminders.  Each has a lane of its own: nothing waits for it.
INSERT INTO alert (id, lane, customer, key, mobile, language, text, state, not_before, not_after, priority) VALUES :rows
ON CONFLICT (id) DO NOTHING

-- name: note
-- Which alert reminds of which statement.
INSERT INTO statement (due, card, total, minimum, reminder) VALUES :rows
ON CONFLICT (due, card) DO UPDATE SET reminder = excluded.reminder

-- name: give_up
-- Reminders that waited until their due date.
UPDATE alert SET state = 'given_up', cause = 'the due date has come', settled_at = ?1 WHERE id IN (
    SELECT id FROM alert INDEXED BY alert_not_after
    WHERE state = 'queued' AND not_after IS NOT NULL AND not_after <= ?1 AND key = 'due' LIMIT ?2)

-- Every statement about news.

-- name: audience
-- How many consented.
SELECT count(*) FROM subscription INDEXED BY subscription_news WHERE news = 1 AND state = 'active'

-- name: new
-- A campaign.
INSERT INTO campaign (th, en, state, made_by, made_at) VALUES (?, ?, 'sending', ?, ?) RETURNING id

-- name: state
-- Where a campaign is.
SELECT state FROM campaign WHERE id = ?

-- name: move
-- Where it is now.
UPDATE campaign SET state = ?, ended_at = ? WHERE id = ?

-- name: all
-- Every campaign.
SELECT id, th, en, state, made_by, made_at, ended_at,
       (SELECT count(*) FROM subscription INDEXED BY subscription_news
        WHERE news = 1 AND subscription.state = 'active' AND customer > pointer AND campaign.state <> 'done'),
       (SELECT json_group_object(sms.state, number) FROM (
            SELECT alert.state, count(*) AS number FROM alert INDEXED BY alert_campaign
            WHERE alert.campaign = campaign.id GROUP BY alert.state) AS sms)
FROM campaign ORDER BY id

-- name: oldest
-- The campaign whose turn it is, unless the bank has stopped the service for everybody.
SELECT id, th, en, pointer FROM campaign INDEXED BY campaign_open
WHERE state = 'sending' AND NOT EXISTS (SELECT 1 FROM setting WHERE name = 'stopped' AND value = '1') ORDER BY id LIMIT 1

-- name: waiting
-- How much that is not urgent waits, as far as it matters.
SELECT count(*) FROM (
    SELECT 1 FROM alert INDEXED BY alert_not_urgent WHERE state = 'queued' AND key IN ('due', 'news') LIMIT ?)

-- name: readers
-- Who comes next; whoever got this news before it was taken back is passed over.
SELECT json_group_array(json_array(customer, mobile, language, known)) FROM (
    SELECT customer, mobile, language,
           EXISTS (SELECT 1 FROM alert INDEXED BY alert_campaign
                   WHERE alert.campaign = ?1 AND alert.customer = subscription.customer) AS known
    FROM subscription INDEXED BY subscription_news
    WHERE news = 1 AND state = 'active' AND customer > ?2 ORDER BY customer LIMIT ?3)

-- name: last_alert
-- The newest alert.
SELECT coalesce(max(id), 0) FROM alert

-- name: queue
-- News.  Each has a lane of its own: nothing waits for it.
INSERT INTO alert (id, lane, customer, key, mobile, language, text, state, not_before, not_after, priority, campaign)
VALUES :rows ON CONFLICT (id) DO NOTHING

-- name: point
-- Customers up to this one have been thought of.
UPDATE campaign SET pointer = ? WHERE id = ?

-- name: under_way
-- Whether any of it has yet to be taken by the operator.
SELECT EXISTS (SELECT 1 FROM alert INDEXED BY alert_not_urgent
               WHERE state = 'queued' AND key IN ('due', 'news') AND campaign = ?1)
    OR EXISTS (SELECT 1 FROM alert INDEXED BY alert_lane WHERE state IN ('queued', 'sending')
               AND (state = 'sending' OR not_before > 0) AND state = 'sending' AND campaign = ?1)

-- name: any_late
-- Whether anything waits beyond its hours.
SELECT 1 FROM alert INDEXED BY alert_not_after
WHERE state = 'queued' AND not_after IS NOT NULL AND not_after <= ? AND key = 'news' LIMIT 1

-- name: late
-- What waits beyond its hours and was never on the wire.
SELECT json_group_array(json_array(id, campaign, customer)) FROM (
    SELECT id, campaign, customer FROM alert INDEXED BY alert_not_after
    WHERE state = 'queued' AND not_after IS NOT NULL AND not_after <= ? AND key = 'news' AND doubts = 0
      AND NOT EXISTS (SELECT 1 FROM part WHERE part.alert = alert.id))

-- name: waits
-- What waits of one campaign and was never on the wire.
SELECT json_group_array(json_array(id, campaign, customer)) FROM (
    SELECT id, campaign, customer FROM alert INDEXED BY alert_not_urgent
    WHERE state = 'queued' AND key IN ('due', 'news') AND campaign = ? AND doubts = 0
      AND NOT EXISTS (SELECT 1 FROM part WHERE part.alert = alert.id))

-- name: take_back
-- As if it had never been queued.
DELETE FROM alert WHERE id IN (:list)

-- name: point_back
-- Go back to the first who will get it after all.
UPDATE campaign SET pointer = min(pointer, ?) WHERE id = ?

-- name: drop
-- What is in doubt or half taken, and too late: not once more tomorrow.
UPDATE alert SET state = 'given_up', cause = 'its hours are over', settled_at = ?1 WHERE id IN (
    SELECT id FROM alert INDEXED BY alert_not_after
    WHERE state = 'queued' AND not_after IS NOT NULL AND not_after <= ?1 AND key = 'news')

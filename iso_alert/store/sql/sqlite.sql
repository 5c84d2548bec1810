-- Whom to tell, as imported.

-- name: find_customer
-- The number of a customer.
SELECT customer.id, (SELECT count(*) FROM card WHERE card.customer = customer.id) FROM customer WHERE ref = ?

-- name: write_subscription
-- A customer's choice; nothing happens when it is the same as before.
INSERT INTO subscription (customer, mobile, language, state, changed_at) VALUES (?, ?, ?, 'active', ?)
ON CONFLICT (customer) DO UPDATE SET mobile = excluded.mobile, language = excluded.language, state = 'active',
    changed_at = excluded.changed_at
WHERE (mobile, language, state) IS NOT (excluded.mobile, excluded.language, 'active')

-- name: next_token
-- The first token after this one.  A token begins with its key's name, so this jumps from key to key.
SELECT min(token) FROM card WHERE token > ?

-- name: cards_under
-- The cards under a key, and those of them that belong to somebody: one walk through the table, which of five million
-- cards takes a second; through the index it would take nine.
SELECT count(*), count(customer) FROM card NOT INDEXED WHERE token > ? AND token < ?

-- Tokens of the contact centre's API.

-- name: add
-- A new token; nothing happens when the name is in use.
INSERT INTO token (id, name, role, digest, made_at, expires_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING

-- name: all
-- Every token that was ever made, oldest first.
SELECT id, name, role, digest, made_at, expires_at, revoked_at FROM token ORDER BY made_at, id

-- name: one
-- A token by its public part.
SELECT id, name, role, digest, made_at, expires_at, revoked_at FROM token WHERE id = ?

-- name: revoke
-- End the token of this name.
UPDATE token SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL

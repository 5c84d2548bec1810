-- Every statement about routes to operators.

-- name: drain
-- Send a route away; who did it first, and why, stays.
INSERT INTO drained (route, at, actor, reason) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING

-- name: resume
-- Call a route back.
DELETE FROM drained WHERE route = ?

-- name: drained
-- The routes that are to be away.
SELECT route, at, actor, reason FROM drained ORDER BY route

-- name: forget_parts
-- Parts of these alerts that operators have who are not there: the alerts begin anew.
DELETE FROM part WHERE alert IN (SELECT value FROM json_each(?1)) AND route NOT IN (SELECT value FROM json_each(?2))

-- name: begun
-- Who has parts of these alerts.
SELECT DISTINCT alert, route FROM part WHERE alert IN (SELECT value FROM json_each(?))

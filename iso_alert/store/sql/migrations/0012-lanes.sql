-- By its lane an alert is looked for only where it may leave out of turn: being sent, or waiting for more than its turn.
-- All others leave as they came, so the queue itself keeps them in order.  While the SMSC is away alerts pile up, and by
-- lane, in no order, each of them touched a leaf of its own: a third of what a commit wrote.
--
-- not_before tells them apart.  0: it waits for its turn.  Later: not before then, and it is found by its lane; 1 has long
-- come, so it may go as soon as nothing of its lane is before it.

UPDATE alert SET not_before = 1 WHERE state = 'queued' AND not_before = 0 AND txn IS NULL AND priority = 0;
DROP INDEX alert_open;
CREATE INDEX alert_lane ON alert (state, lane, id)
WHERE state IN ('queued', 'sending') AND (state = 'sending' OR not_before > 0);

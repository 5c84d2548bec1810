-- Two index entries less for an alert: nearly all tell of the message that began their thread, and what is being sent is a
-- part of what is open.  An alert of thread t has txn = t, or stands in alert_thread.

DROP INDEX alert_thread;
CREATE INDEX alert_thread ON alert (thread) WHERE thread <> txn;
DROP INDEX alert_sending;
DROP INDEX alert_open;
CREATE INDEX alert_open ON alert (state, lane, id) WHERE state IN ('queued', 'sending');

-- Of what a message is called by (STAN, RRN, approval code) 16 bits each stand beside its number: who looks for a payment
-- reads only those messages that may be it (see store/recent.py).  Without a mark it may be any.

ALTER TABLE card_txn ADD COLUMN mark INTEGER;

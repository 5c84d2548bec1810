-- Small purchases in an index of their own only while a policy counts them.  Most purchases are small, and by card they lie
-- all over the index: of a batch's pages more than half were of it, and hardly any policy asks for it.

DROP INDEX txn_small;
ALTER TABLE txn ADD COLUMN small INTEGER;        -- 1: counted among the small purchases of its card
CREATE INDEX txn_small ON txn (card, id) WHERE small = 1;

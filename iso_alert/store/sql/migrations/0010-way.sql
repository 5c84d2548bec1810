-- Routes to one operator are told apart: `route` has the operator's name, which receipts are matched by.

ALTER TABLE part ADD COLUMN way TEXT;    -- the route that carried it, unless it has its operator's name

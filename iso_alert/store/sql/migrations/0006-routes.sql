-- Routes to operators that people have sent away.

CREATE TABLE drained (
    route TEXT PRIMARY KEY,              -- its name in the configuration
    at REAL NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL
) WITHOUT ROWID;

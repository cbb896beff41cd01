-- Version 1. TEXT and BIGINT only; times are UTC as RFC 3339, dates YYYY-MM-DD, money fen, yes and no 1 and 0.
-- The columns valid_of, sealed_of and open_of hold the person while the row counts, and nothing otherwise: being UNIQUE they
-- let no database hold two valid cards, two sealed cards or two open applications of one person, whatever the program does.

CREATE TABLE ledger (
  name TEXT NOT NULL PRIMARY KEY,
  content TEXT NOT NULL
);

CREATE TABLE chain (
  id TEXT NOT NULL PRIMARY KEY,
  seq BIGINT NOT NULL,
  head TEXT NOT NULL
);

CREATE TABLE line (
  chain TEXT NOT NULL,
  seq BIGINT NOT NULL,
  made_at TEXT NOT NULL,
  who TEXT NOT NULL,
  role TEXT NOT NULL,
  place TEXT NOT NULL,
  act TEXT NOT NULL,
  reason TEXT NOT NULL,
  subject TEXT NOT NULL,
  request TEXT NOT NULL UNIQUE,
  outcome TEXT NOT NULL,
  previous TEXT NOT NULL,
  digest TEXT NOT NULL,
  PRIMARY KEY (chain, seq)
);

CREATE TABLE change (
  entity TEXT NOT NULL,
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  chain TEXT NOT NULL,
  seq BIGINT NOT NULL,
  image TEXT NOT NULL,
  PRIMARY KEY (entity, id, revision)
);
CREATE INDEX change_of_line ON change (chain, seq);

CREATE TABLE outlet (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  region TEXT NOT NULL,
  bank TEXT NOT NULL,
  revision BIGINT NOT NULL
);

CREATE TABLE staff (
  id TEXT NOT NULL PRIMARY KEY,
  outlet TEXT NOT NULL REFERENCES outlet (id),
  role TEXT NOT NULL,
  active BIGINT NOT NULL CHECK (active IN (0, 1)),
  revision BIGINT NOT NULL
);

CREATE TABLE person (
  id TEXT NOT NULL PRIMARY KEY,
  document TEXT NOT NULL,
  document_number TEXT NOT NULL,
  name TEXT NOT NULL,
  sex TEXT NOT NULL,
  birth TEXT NOT NULL,
  mobile TEXT,
  died TEXT,
  revision BIGINT NOT NULL,
  UNIQUE (document, document_number)
);

CREATE TABLE application (
  id TEXT NOT NULL PRIMARY KEY,
  person TEXT NOT NULL REFERENCES person (id),
  kind TEXT NOT NULL,
  reason_code TEXT NOT NULL,
  channel TEXT NOT NULL,
  outlet TEXT NOT NULL REFERENCES outlet (id),
  region TEXT NOT NULL,
  bank TEXT NOT NULL,
  batch TEXT,
  relation TEXT NOT NULL,
  agent TEXT,
  agent_document TEXT,
  state TEXT NOT NULL,
  failure TEXT,
  card TEXT UNIQUE,
  old_card TEXT,
  fee_fen BIGINT NOT NULL CHECK (fee_fen >= 0),
  paid_fen BIGINT NOT NULL CHECK (paid_fen >= 0),
  applied TEXT NOT NULL,
  promised TEXT NOT NULL,
  changed TEXT NOT NULL,
  receiver TEXT,
  open_of TEXT UNIQUE,
  revision BIGINT NOT NULL,
  CHECK (open_of IS NULL OR open_of = person),
  CHECK ((state IN ('applied', 'making', 'failed', 'made', 'delivered') AND open_of IS NOT NULL)
      OR (state IN ('collected', 'returned', 'withdrawn') AND open_of IS NULL))
);
CREATE INDEX application_of_person ON application (person);
CREATE INDEX application_by_promise ON application (state, promised);
CREATE INDEX application_by_batch ON application (batch);

CREATE TABLE card (
  id TEXT NOT NULL PRIMARY KEY,
  person TEXT NOT NULL REFERENCES person (id),
  application TEXT NOT NULL REFERENCES application (id),
  outlet TEXT NOT NULL REFERENCES outlet (id),
  region TEXT NOT NULL,
  bank TEXT NOT NULL,
  card_id TEXT UNIQUE,
  historical TEXT UNIQUE,
  bank_number TEXT UNIQUE,
  issued TEXT NOT NULL,
  expires TEXT NOT NULL,
  state BIGINT NOT NULL,
  financial TEXT NOT NULL,
  medical TEXT NOT NULL,
  pin TEXT NOT NULL,
  chip TEXT NOT NULL,
  ended TEXT,
  changed TEXT NOT NULL,
  valid_of TEXT UNIQUE,
  sealed_of TEXT UNIQUE,
  revision BIGINT NOT NULL,
  CHECK (valid_of IS NULL OR valid_of = person),
  CHECK (sealed_of IS NULL OR sealed_of = person),
  CHECK ((state = 0 AND sealed_of IS NOT NULL AND valid_of IS NULL)
      OR (state IN (1, 2, 3, 4) AND sealed_of IS NULL AND valid_of IS NOT NULL)
      OR (state = 9 AND sealed_of IS NULL AND valid_of IS NULL))
);
CREATE INDEX card_of_person ON card (person);
CREATE INDEX card_by_expiry ON card (state, expires);

CREATE TABLE batch (
  id TEXT NOT NULL PRIMARY KEY,
  file TEXT NOT NULL,
  outlet TEXT NOT NULL REFERENCES outlet (id),
  channel TEXT NOT NULL,
  total BIGINT NOT NULL,
  accepted BIGINT NOT NULL,
  rejected BIGINT NOT NULL,
  revision BIGINT NOT NULL
);

CREATE TABLE series (
  id TEXT NOT NULL PRIMARY KEY,
  next BIGINT NOT NULL,
  revision BIGINT NOT NULL
);

-- Version 2: the electronic card, its channels, its password, and codes that moved money.
-- An electronic card that has not ended refers to a valid card of the same person, one that is active to a card in state 1: the
-- database itself holds no electronic card on a card that is not valid, and none in use on a card that is not normal. A column
-- that is NULL ends the reference. Being UNIQUE, valid_of lets no person have two, and so no card.

CREATE UNIQUE INDEX card_twin ON card (id, valid_of);
CREATE UNIQUE INDEX card_twin_state ON card (id, valid_of, state);

CREATE TABLE ecard (
  id TEXT NOT NULL PRIMARY KEY,
  person TEXT NOT NULL REFERENCES person (id),
  card TEXT NOT NULL REFERENCES card (id),
  state TEXT NOT NULL,
  password TEXT NOT NULL CHECK (password IN ('none', 'chosen', 'locked')),
  payment TEXT NOT NULL CHECK (payment IN ('closed', 'open')),
  opened TEXT NOT NULL,
  ended TEXT,
  changed TEXT NOT NULL,
  valid_of TEXT UNIQUE,
  on_state BIGINT,
  revision BIGINT NOT NULL,
  CHECK (valid_of IS NULL OR valid_of = person),
  CHECK ((state = 'active' AND valid_of IS NOT NULL AND on_state IS NOT NULL AND on_state = 1)
      OR (state = 'suspended' AND valid_of IS NOT NULL AND on_state IS NULL)
      OR (state = 'ended' AND valid_of IS NULL AND on_state IS NULL)),
  FOREIGN KEY (card, valid_of) REFERENCES card (id, valid_of),
  FOREIGN KEY (card, valid_of, on_state) REFERENCES card (id, valid_of, state)
);
CREATE INDEX ecard_of_person ON ecard (person);
CREATE INDEX ecard_of_card ON ecard (card, valid_of, on_state);

CREATE TABLE binding (
  id TEXT NOT NULL PRIMARY KEY,
  ecard TEXT NOT NULL REFERENCES ecard (id),
  channel TEXT NOT NULL,
  active BIGINT NOT NULL CHECK (active IN (0, 1)),
  changed TEXT NOT NULL,
  revision BIGINT NOT NULL,
  UNIQUE (ecard, channel)
);

CREATE TABLE password (
  id TEXT NOT NULL PRIMARY KEY REFERENCES ecard (id),
  verifier TEXT NOT NULL,
  tries BIGINT NOT NULL CHECK (tries >= 0),
  revision BIGINT NOT NULL
);

CREATE TABLE spent (
  id TEXT NOT NULL PRIMARY KEY,
  ecard TEXT NOT NULL REFERENCES ecard (id),
  channel TEXT NOT NULL,
  scene BIGINT NOT NULL,
  outlet TEXT NOT NULL REFERENCES outlet (id),
  at TEXT NOT NULL,
  amount_fen BIGINT NOT NULL CHECK (amount_fen >= 0),
  revision BIGINT NOT NULL
);
CREATE INDEX spent_of_ecard ON spent (ecard);

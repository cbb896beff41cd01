-- Version 3: what members of the staff show a service: digests of tokens and certificates.

CREATE TABLE credential (
  id TEXT NOT NULL PRIMARY KEY,
  staff TEXT NOT NULL REFERENCES staff (id),
  kind TEXT NOT NULL CHECK (kind IN ('token', 'certificate')),
  expires TEXT NOT NULL,
  active BIGINT NOT NULL CHECK (active IN (0, 1)),
  revision BIGINT NOT NULL
);
CREATE INDEX credential_of_staff ON credential (staff);

-- +goose Up

-- What customers keep up to date themselves.
ALTER TABLE account
    ADD COLUMN address text NOT NULL DEFAULT '',
    ADD COLUMN phone   text NOT NULL DEFAULT '',
    ADD COLUMN tax_id  text NOT NULL DEFAULT '';

-- opted_out are the categories of messages that the person does not want. pending_email
-- takes the place of email once its holder has confirmed it.
ALTER TABLE contact
    ADD COLUMN opted_out     text[] NOT NULL DEFAULT '{}',
    ADD COLUMN pending_email text   NOT NULL DEFAULT '';

-- id is what the list of sessions shows of a session, whose key is a secret.
-- authenticated_at is when the person proved last who they are; second_factor says
-- whether with more than a password.
ALTER TABLE session
    ADD COLUMN id               uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN authenticated_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN second_factor    boolean NOT NULL DEFAULT false;
UPDATE session SET authenticated_at = created_at;
CREATE UNIQUE INDEX session_id ON session (id);

-- Links that were sent: to create a sign-in, to reset a password, to accept an
-- invitation, to confirm an address. The secret of a link is not here: it is made from
-- the id by the tenant's key. addresses are whom it was sent to when it was made, each with
-- a secret of its own; spent_addresses are the numbers of those whose secret was spent, the
-- last of them at spent_at. A secret works once, while the link is neither expired nor
-- voided nor completed.
CREATE TABLE credential_link (
    id              uuid        PRIMARY KEY,
    purpose         text        NOT NULL CHECK (purpose IN ('Create', 'Reset', 'Invite', 'VerifyEmail')),
    account_id      text        NOT NULL,
    contact_id      text        NOT NULL REFERENCES contact ON DELETE CASCADE,
    user_id         uuid        REFERENCES app_user ON DELETE CASCADE,
    addresses       text[]      NOT NULL CHECK (cardinality(addresses) BETWEEN 1 AND 20),
    invited_by      text        NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    voided_at       timestamptz,
    spent_at        timestamptz,
    spent_addresses smallint[]  NOT NULL DEFAULT '{}',
    completed_at    timestamptz
);
CREATE INDEX credential_link_contact ON credential_link (contact_id, created_at DESC);
CREATE INDEX credential_link_user ON credential_link (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX credential_link_expires ON credential_link (expires_at);

-- What a browser has begun and not finished, for minutes: a set-up after a link was
-- spent, a sign-in that waits for its second factor, a passkey that is being made or
-- asked for. The browser holds the secret. state holds no secret in the clear.
CREATE TABLE ceremony (
    secret_hash bytea       PRIMARY KEY,
    kind        text        NOT NULL CHECK (kind IN ('SetUp', 'SignIn', 'Passkey', 'Enrol')),
    link_id     uuid        REFERENCES credential_link ON DELETE CASCADE,
    user_id     uuid        REFERENCES app_user ON DELETE CASCADE,
    state       jsonb       NOT NULL DEFAULT '{}',
    attempts    integer     NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX ceremony_user ON ceremony (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX ceremony_link ON ceremony (link_id) WHERE link_id IS NOT NULL;
CREATE INDEX ceremony_expires ON ceremony (expires_at);

-- Second factors. The secret of an authenticator app is sealed by the tenant's key;
-- last_step is the newest time step of which a code was used. Recovery codes go when they
-- are used. Of a passkey there is nothing secret.
CREATE TABLE totp (
    user_id    uuid        PRIMARY KEY REFERENCES app_user ON DELETE CASCADE,
    sealed     bytea       NOT NULL,
    last_step  bigint      NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL
);
CREATE TABLE recovery_code (
    user_id   uuid  NOT NULL REFERENCES app_user ON DELETE CASCADE,
    code_hash bytea NOT NULL,
    PRIMARY KEY (user_id, code_hash)
);
CREATE TABLE passkey (
    id           bytea       PRIMARY KEY,
    user_id      uuid        NOT NULL REFERENCES app_user ON DELETE CASCADE,
    name         text        NOT NULL,
    credential   jsonb       NOT NULL,
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz
);
CREATE INDEX passkey_user ON passkey (user_id);

-- What customers can order. A product belongs to no account.
CREATE TABLE product (
    id             text           PRIMARY KEY CHECK (id <> ''),
    name           text           NOT NULL,
    description    text           NOT NULL DEFAULT '',
    price          numeric(18, 4) NOT NULL,
    currency       text           NOT NULL,
    billing_months integer        NOT NULL DEFAULT 0,
    state          text           NOT NULL CHECK (state IN ('Offered', 'Withdrawn')),
    version        bigint         NOT NULL DEFAULT 1,
    created_at     timestamptz    NOT NULL DEFAULT now(),
    updated_at     timestamptz    NOT NULL DEFAULT now()
);
CREATE INDEX product_changed ON product (updated_at, id);
CREATE INDEX product_offered ON product (currency, name, id) WHERE state = 'Offered';

-- What the person wrote who ordered.
ALTER TABLE customer_order ADD COLUMN comment text NOT NULL DEFAULT '';

-- Numbers of orders and service requests that people make in the portal.
CREATE SEQUENCE order_number;
CREATE SEQUENCE request_number;

-- Messages to people, as far as their own pages show them. Bodies of security mail are
-- never kept.
CREATE TABLE notification (
    id         uuid        PRIMARY KEY,
    account_id text        NOT NULL,
    contact_id text        NOT NULL,
    event_type text        NOT NULL,
    category   text        NOT NULL CHECK (category IN ('General', 'Invoice', 'Product', 'Support', 'Security')),
    channel    text        NOT NULL CHECK (channel IN ('Email', 'SMS')),
    address    text        NOT NULL,
    subject    text        NOT NULL DEFAULT '',
    body       text        NOT NULL DEFAULT '',
    sent_at    timestamptz NOT NULL
);
CREATE INDEX notification_newest ON notification (account_id, contact_id, sent_at DESC, id DESC);

-- +goose Up

-- Who owns this schema: exactly one row. "prepared" is a digest of the roles,
-- settings and grants that the manager last applied, so that it can see in one read
-- that nothing is to do.
CREATE TABLE installation (
    cluster_uid text        NOT NULL,
    namespace   text        NOT NULL,
    name        text        NOT NULL,
    prepared    text        NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX installation_one_row ON installation ((true));

CREATE TABLE account_group (
    name         text        PRIMARY KEY CHECK (name <> ''),
    display_name text        NOT NULL,
    version      bigint      NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);

-- The customer groups of an account are a column and not a table: everything that
-- decides what an account sees is in one row.
CREATE TABLE account (
    id                 text        PRIMARY KEY CHECK (id <> ''),
    name               text        NOT NULL,
    status             text        NOT NULL CHECK (status IN ('Prospect', 'Active', 'Suspended', 'Closed')),
    account_profile    text        CHECK (account_profile <> ''),
    my_account_profile text        CHECK (my_account_profile <> ''),
    groups             text[]      NOT NULL DEFAULT '{}',
    attributes         jsonb       NOT NULL DEFAULT '{}',
    version            bigint      NOT NULL DEFAULT 1,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now()
);

-- Counts of accounts per profile, pin and group set, as deltas: several rows of one
-- combination add up. Triggers append, the manager folds, readers sum; so no count
-- scans the accounts and no two imports wait for the same counter.
CREATE TABLE account_bucket (
    account_profile    text   NOT NULL,
    my_account_profile text   NOT NULL,
    groups             text[] NOT NULL,
    accounts           bigint NOT NULL
);

-- It runs with the rights of the owner, because those who write accounts have none
-- on the counts; its search path is pinned to this schema.
-- +goose StatementBegin
CREATE FUNCTION count_accounts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO account_bucket
        SELECT coalesce(account_profile, ''), coalesce(my_account_profile, ''), groups, count(*)
        FROM new_rows GROUP BY 1, 2, 3;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO account_bucket
        SELECT coalesce(account_profile, ''), coalesce(my_account_profile, ''), groups, -count(*)
        FROM old_rows GROUP BY 1, 2, 3;
    ELSE
        INSERT INTO account_bucket
        SELECT coalesce(account_profile, ''), coalesce(my_account_profile, ''), groups, sum(accounts)
        FROM (SELECT account_profile, my_account_profile, groups, -1 AS accounts FROM old_rows
              UNION ALL
              SELECT account_profile, my_account_profile, groups, 1 FROM new_rows) changed
        GROUP BY 1, 2, 3 HAVING sum(accounts) <> 0;
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION count_accounts() FROM PUBLIC;

CREATE TRIGGER account_inserted AFTER INSERT ON account
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_accounts();
CREATE TRIGGER account_updated AFTER UPDATE ON account
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_accounts();
CREATE TRIGGER account_deleted AFTER DELETE ON account
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION count_accounts();

CREATE TABLE app_user (
    id                uuid        PRIMARY KEY,
    username          text        NOT NULL CHECK (username <> ''),
    email             text        NOT NULL DEFAULT '',
    email_verified_at timestamptz,
    password_hash     text        CHECK (password_hash <> ''),
    version           bigint      NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX app_user_username ON app_user (lower(username));
CREATE INDEX app_user_verified_email ON app_user (lower(email)) WHERE email_verified_at IS NOT NULL;

CREATE TABLE contact (
    id         text        PRIMARY KEY CHECK (id <> ''),
    account_id text        NOT NULL REFERENCES account,
    user_id    uuid        REFERENCES app_user,
    first_name text        NOT NULL DEFAULT '',
    last_name  text        NOT NULL DEFAULT '',
    email      text        NOT NULL DEFAULT '',
    owner      boolean     NOT NULL DEFAULT false,
    grants     text[]      NOT NULL DEFAULT '{}',
    access     text        NOT NULL CHECK (access IN ('Active', 'Disabled')),
    version    bigint      NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX contact_owner ON contact (account_id) WHERE owner;
CREATE UNIQUE INDEX contact_user ON contact (user_id, account_id) WHERE user_id IS NOT NULL;
CREATE INDEX contact_account ON contact (account_id);

CREATE TABLE session (
    secret_hash  bytea       PRIMARY KEY,
    user_id      uuid        NOT NULL REFERENCES app_user ON DELETE CASCADE,
    contact_id   text        NOT NULL REFERENCES contact ON DELETE CASCADE,
    created_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    ip           text        NOT NULL DEFAULT '',
    user_agent   text        NOT NULL DEFAULT ''
);
CREATE INDEX session_user_id ON session (user_id);
CREATE INDEX session_contact ON session (contact_id);

-- Browsers that a user signed in with. They prove nothing about the user: failures of
-- strangers do not delay them, that is all. A bounded number per user; once a person can
-- change their password, that has to remove all the others.
CREATE TABLE device (
    secret_hash  bytea       PRIMARY KEY,
    user_id      uuid        NOT NULL REFERENCES app_user ON DELETE CASCADE,
    last_used_at timestamptz NOT NULL
);
CREATE INDEX device_user ON device (user_id);

CREATE TABLE throttle (
    key           text        PRIMARY KEY,
    failures      integer     NOT NULL,
    blocked_until timestamptz,
    updated_at    timestamptz NOT NULL
);
CREATE INDEX throttle_updated ON throttle (updated_at);

CREATE TABLE invoice (
    id              text           PRIMARY KEY CHECK (id <> ''),
    account_id      text           NOT NULL REFERENCES account,
    number          text           NOT NULL,
    issued_on       date           NOT NULL,
    due_on          date           NOT NULL,
    due_source      text           NOT NULL CHECK (due_source IN ('Invoice', 'Account', 'AccountProfile', 'Tenant', 'BuiltIn')),
    due_source_name text           NOT NULL DEFAULT '',
    currency        text           NOT NULL,
    total           numeric(18, 4) NOT NULL,
    balance         numeric(18, 4) NOT NULL,
    status          text           NOT NULL CHECK (status IN ('Open', 'Paid', 'Void')),
    version         bigint         NOT NULL DEFAULT 1,
    created_at      timestamptz    NOT NULL DEFAULT now(),
    updated_at      timestamptz    NOT NULL DEFAULT now()
);
CREATE INDEX invoice_newest ON invoice (account_id, issued_on DESC, id DESC);
CREATE INDEX invoice_open ON invoice (account_id) INCLUDE (currency, balance, due_on) WHERE status = 'Open';

-- No foreign keys: what happened stays on record.
CREATE TABLE audit (
    id         bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    account_id text,
    user_id    uuid,
    actor      text        NOT NULL,
    action     text        NOT NULL,
    detail     jsonb       NOT NULL DEFAULT '{}',
    ip         text        NOT NULL DEFAULT '',
    at         timestamptz NOT NULL
);
CREATE INDEX audit_account ON audit (account_id, id DESC);

CREATE TABLE api_token (
    id           uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    name         text        NOT NULL UNIQUE,
    secret_hash  bytea       NOT NULL UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    last_used_at timestamptz
);

CREATE TABLE replica (
    pod        text        PRIMARY KEY,
    component  text        NOT NULL,
    digest     text        NOT NULL,
    error      text        NOT NULL DEFAULT '',
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE document (
    digest     text        PRIMARY KEY,
    kind       text        NOT NULL,
    body       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX document_newest ON document (kind, created_at DESC);

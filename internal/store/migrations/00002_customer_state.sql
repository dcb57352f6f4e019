-- +goose Up

-- Writers of accounts wait until this is done, so that what is counted of them misses
-- none. Readers do not: what they would wait for stands at the end, and the indexes on
-- tables that may be large already are a migration of their own.
LOCK TABLE account IN SHARE ROW EXCLUSIVE MODE;

CREATE INDEX account_group_changed ON account_group (updated_at, name);

-- For how many months calls are kept (0: for good), and a shorter time that was asked for
-- since and waits: what is deleted does not come back.
ALTER TABLE installation
    ADD COLUMN call_months      integer NOT NULL DEFAULT 0,
    ADD COLUMN next_call_months integer,
    ADD COLUMN next_seen_at     timestamptz;

-- How many accounts set an attribute themselves, by account profile, as deltas like
-- account_bucket: triggers append, the manager folds, readers sum.
CREATE TABLE attribute_use (
    account_profile text   NOT NULL,
    attribute       text   NOT NULL,
    accounts        bigint NOT NULL
);

-- The keys of an account's attributes as the registry names them: objects by field
-- ("lateFee.amount"), custom ones by name ("custom.tier").
CREATE FUNCTION attribute_keys(attributes jsonb) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE SET search_path FROM CURRENT
AS $$
    SELECT CASE WHEN jsonb_typeof(e.value) = 'object' THEN e.key || '.' || f.key
                WHEN jsonb_typeof(e.value) = 'array' THEN e.key || '.' || (i.value ->> 'name')
                ELSE e.key END
    FROM jsonb_each(attributes) e
    LEFT JOIN LATERAL jsonb_object_keys(CASE WHEN jsonb_typeof(e.value) = 'object' THEN e.value END) f(key) ON true
    LEFT JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(e.value) = 'array' THEN e.value END) i(value) ON true
$$;

-- The accounts of a customer group in the order of their ids, for lists. No foreign keys:
-- nobody but the trigger writes it.
CREATE TABLE group_member (
    group_name text NOT NULL,
    account_id text NOT NULL,
    PRIMARY KEY (group_name, account_id)
);

-- It counts groups and attributes in one look at the rows of a statement, and keeps the
-- members of groups. Members that are gone go one by one, because a plan for many that is
-- made while the table is small, and kept, reads all of it.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION count_accounts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    gone group_member;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO account_bucket
        SELECT coalesce(account_profile, ''), coalesce(my_account_profile, ''), groups, count(*)
        FROM new_rows GROUP BY 1, 2, 3;
        INSERT INTO attribute_use
        SELECT coalesce(account_profile, ''), k, count(*)
        FROM new_rows, attribute_keys(attributes) k WHERE attributes <> '{}' GROUP BY 1, 2;
        INSERT INTO group_member
        SELECT DISTINCT g, id FROM new_rows, unnest(groups) g WHERE groups <> '{}';
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO account_bucket
        SELECT coalesce(account_profile, ''), coalesce(my_account_profile, ''), groups, -count(*)
        FROM old_rows GROUP BY 1, 2, 3;
        INSERT INTO attribute_use
        SELECT coalesce(account_profile, ''), k, -count(*)
        FROM old_rows, attribute_keys(attributes) k WHERE attributes <> '{}' GROUP BY 1, 2;
        FOR gone IN SELECT DISTINCT g, id FROM old_rows, unnest(groups) g WHERE groups <> '{}' LOOP
            DELETE FROM group_member WHERE group_name = gone.group_name AND account_id = gone.account_id;
        END LOOP;
    ELSE
        INSERT INTO account_bucket
        SELECT coalesce(account_profile, ''), coalesce(my_account_profile, ''), groups, sum(accounts)
        FROM (SELECT account_profile, my_account_profile, groups, -1 AS accounts FROM old_rows
              UNION ALL
              SELECT account_profile, my_account_profile, groups, 1 FROM new_rows) changed
        GROUP BY 1, 2, 3 HAVING sum(accounts) <> 0;
        INSERT INTO attribute_use
        SELECT coalesce(account_profile, ''), k, sum(accounts)
        FROM (SELECT account_profile, attributes, -1 AS accounts FROM old_rows WHERE attributes <> '{}'
              UNION ALL
              SELECT account_profile, attributes, 1 FROM new_rows WHERE attributes <> '{}') changed, attribute_keys(attributes) k
        GROUP BY 1, 2 HAVING sum(accounts) <> 0;
        FOR gone IN SELECT g, id FROM old_rows, unnest(groups) g WHERE groups <> '{}'
                    EXCEPT SELECT g, id FROM new_rows, unnest(groups) g WHERE groups <> '{}' LOOP
            DELETE FROM group_member WHERE group_name = gone.group_name AND account_id = gone.account_id;
        END LOOP;
        INSERT INTO group_member
        SELECT g, id FROM new_rows, unnest(groups) g WHERE groups <> '{}'
        EXCEPT SELECT g, id FROM old_rows, unnest(groups) g WHERE groups <> '{}';
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

INSERT INTO attribute_use
SELECT coalesce(account_profile, ''), k, count(*)
FROM account, attribute_keys(attributes) k WHERE attributes <> '{}' GROUP BY 1, 2;
INSERT INTO group_member SELECT DISTINCT g, id FROM account, unnest(groups) g;

-- What the provider's systems keep in step. Every table has the key of the provider's
-- system as id, a version that each change raises, and two indexes for lists: by
-- account, and by time of change.
CREATE TABLE site (
    id         text        PRIMARY KEY CHECK (id <> ''),
    account_id text        NOT NULL REFERENCES account,
    name       text        NOT NULL,
    address    text        NOT NULL DEFAULT '',
    version    bigint      NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, id)
);
CREATE INDEX site_changed ON site (updated_at, id);

CREATE TABLE campaign (
    id          text        PRIMARY KEY CHECK (id <> ''),
    account_id  text        NOT NULL REFERENCES account,
    name        text        NOT NULL,
    description text        NOT NULL DEFAULT '',
    version     bigint      NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, id)
);
CREATE INDEX campaign_changed ON campaign (updated_at, id);

-- The description is the customer's own, provider_description that of the provider.
CREATE TABLE phone_number (
    id                   text        PRIMARY KEY CHECK (id <> ''),
    account_id           text        NOT NULL REFERENCES account,
    number               text        NOT NULL CHECK (number <> ''),
    description          text        NOT NULL DEFAULT '',
    provider_description text        NOT NULL DEFAULT '',
    site_id              text,
    campaign_id          text,
    version              bigint      NOT NULL DEFAULT 1,
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, id),
    FOREIGN KEY (account_id, site_id) REFERENCES site (account_id, id),
    FOREIGN KEY (account_id, campaign_id) REFERENCES campaign (account_id, id)
);
CREATE UNIQUE INDEX phone_number_number ON phone_number (number);
CREATE INDEX phone_number_changed ON phone_number (updated_at, id);
CREATE INDEX phone_number_site ON phone_number (account_id, site_id) WHERE site_id IS NOT NULL;
CREATE INDEX phone_number_campaign ON phone_number (account_id, campaign_id) WHERE campaign_id IS NOT NULL;

CREATE TABLE service (
    id             text           PRIMARY KEY CHECK (id <> ''),
    account_id     text           NOT NULL REFERENCES account,
    name           text           NOT NULL,
    description    text           NOT NULL DEFAULT '',
    number         text           NOT NULL DEFAULT '',
    status         text           NOT NULL CHECK (status IN ('Pending', 'Active', 'Suspended', 'Cancelled')),
    site_id        text,
    starts_on      date           NOT NULL,
    ends_on        date,
    cancel_reason  text           NOT NULL DEFAULT '',
    price          numeric(18, 4),
    currency       text           NOT NULL DEFAULT '',
    billing_months integer        NOT NULL DEFAULT 0,
    version        bigint         NOT NULL DEFAULT 1,
    created_at     timestamptz    NOT NULL DEFAULT now(),
    updated_at     timestamptz    NOT NULL DEFAULT now(),
    UNIQUE (account_id, id),
    FOREIGN KEY (account_id, site_id) REFERENCES site (account_id, id)
);
CREATE INDEX service_changed ON service (updated_at, id);
CREATE INDEX service_site ON service (account_id, site_id) WHERE site_id IS NOT NULL;

CREATE TABLE customer_order (
    id         text           PRIMARY KEY CHECK (id <> ''),
    account_id text           NOT NULL REFERENCES account,
    number     text           NOT NULL,
    status     text           NOT NULL CHECK (status IN ('Placed', 'InProgress', 'Completed', 'Cancelled')),
    placed_at  timestamptz    NOT NULL,
    placed_by  text           NOT NULL DEFAULT '',
    total      numeric(18, 4) NOT NULL,
    currency   text           NOT NULL,
    items      jsonb          NOT NULL DEFAULT '[]',
    version    bigint         NOT NULL DEFAULT 1,
    created_at timestamptz    NOT NULL DEFAULT now(),
    updated_at timestamptz    NOT NULL DEFAULT now(),
    UNIQUE (account_id, id)
);
CREATE INDEX customer_order_changed ON customer_order (updated_at, id);

CREATE TABLE service_request (
    id           text        PRIMARY KEY CHECK (id <> ''),
    account_id   text        NOT NULL REFERENCES account,
    number       text        NOT NULL,
    subject      text        NOT NULL,
    text         text        NOT NULL DEFAULT '',
    status       text        NOT NULL CHECK (status IN ('New', 'Scheduled', 'InProgress', 'Completed', 'Declined')),
    site_id      text,
    opened_by    text        NOT NULL,
    opened_at    timestamptz NOT NULL,
    scheduled_on date,
    comment      text        NOT NULL DEFAULT '',
    version      bigint      NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, id),
    FOREIGN KEY (account_id, site_id) REFERENCES site (account_id, id)
);
CREATE INDEX service_request_changed ON service_request (updated_at, id);
CREATE INDEX service_request_site ON service_request (account_id, site_id) WHERE site_id IS NOT NULL;

-- Lines have no id of their own: an invoice is written with all of them.
CREATE TABLE invoice_line (
    invoice_id  text           NOT NULL REFERENCES invoice ON DELETE CASCADE,
    position    integer        NOT NULL,
    description text           NOT NULL,
    quantity    numeric(18, 4) NOT NULL DEFAULT 1,
    amount      numeric(18, 4) NOT NULL,
    PRIMARY KEY (invoice_id, position)
);

-- invoices is what of the payment is for which invoice: [{"id": ..., "amount": ...}].
CREATE TABLE payment (
    id         text           PRIMARY KEY CHECK (id <> ''),
    account_id text           NOT NULL REFERENCES account,
    status     text           NOT NULL CHECK (status IN ('Received', 'Failed')),
    amount     numeric(18, 4) NOT NULL,
    currency   text           NOT NULL,
    paid_on    date           NOT NULL,
    method     text           NOT NULL DEFAULT '',
    reference  text           NOT NULL DEFAULT '',
    reason     text           NOT NULL DEFAULT '',
    retry_on   date,
    invoices   jsonb          NOT NULL DEFAULT '[]',
    version    bigint         NOT NULL DEFAULT 1,
    created_at timestamptz    NOT NULL DEFAULT now(),
    updated_at timestamptz    NOT NULL DEFAULT now()
);
CREATE INDEX payment_by_account ON payment (account_id, id);
CREATE INDEX payment_newest ON payment (account_id, paid_on DESC, id DESC);
CREATE INDEX payment_changed ON payment (updated_at, id);

-- Files: the provider's PDF of an invoice. subject is the kind and id of what it is of.
CREATE TABLE attachment (
    account_id text        NOT NULL REFERENCES account,
    kind       text        NOT NULL CHECK (kind IN ('invoice')),
    subject    text        NOT NULL,
    name       text        NOT NULL,
    media_type text        NOT NULL,
    sha256     bytea       NOT NULL,
    size       integer     NOT NULL,
    body       bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, subject)
);
ALTER TABLE attachment ALTER COLUMN body SET STORAGE EXTERNAL; -- a PDF is compressed already

-- The first message of a ticket has the id of the ticket. closing is how it was closed:
-- {"author": ..., "byStaff": ..., "text": ..., "at": ...}.
CREATE TABLE ticket (
    id         text        PRIMARY KEY CHECK (id <> ''),
    account_id text        NOT NULL REFERENCES account,
    number     text        NOT NULL,
    subject    text        NOT NULL,
    department text        NOT NULL DEFAULT '',
    status     text        NOT NULL CHECK (status IN ('Open', 'Answered', 'Closed')),
    contact_id text,
    opened_by  text        NOT NULL,
    opened_at  timestamptz NOT NULL,
    closing    jsonb,
    version    bigint      NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, id)
);
CREATE UNIQUE INDEX ticket_by_number ON ticket (number);
CREATE INDEX ticket_changed ON ticket (updated_at, id);
CREATE INDEX ticket_contact ON ticket (account_id, contact_id) WHERE contact_id IS NOT NULL;

-- Numbers of tickets that come without one.
CREATE SEQUENCE ticket_number;

CREATE TABLE ticket_message (
    id         text        PRIMARY KEY CHECK (id <> ''),
    account_id text        NOT NULL,
    ticket_id  text        NOT NULL,
    author     text        NOT NULL,
    by_staff   boolean     NOT NULL,
    text       text        NOT NULL,
    at         timestamptz NOT NULL,
    version    bigint      NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (account_id, ticket_id) REFERENCES ticket (account_id, id) ON DELETE CASCADE
);
CREATE INDEX ticket_message_ticket ON ticket_message (account_id, ticket_id, at, id);
CREATE INDEX ticket_message_changed ON ticket_message (updated_at, id);

CREATE TABLE note (
    id         text        PRIMARY KEY CHECK (id <> ''),
    account_id text        NOT NULL REFERENCES account,
    text       text        NOT NULL,
    author     text        NOT NULL,
    at         timestamptz NOT NULL,
    version    bigint      NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX note_by_account ON note (account_id, id);
CREATE INDEX note_changed ON note (updated_at, id);

-- Calls. They are never changed by people, so they have no version; a call is one by its
-- id and the moment it started. Without a foreign key: accounts are never deleted, and
-- whoever writes calls has looked the accounts up. day is the day in the account's time
-- zone when the call came in.
CREATE TABLE call (
    id           text           NOT NULL CHECK (id <> ''),
    account_id   text           NOT NULL,
    started_at   timestamptz    NOT NULL,
    day          date           NOT NULL,
    direction    text           NOT NULL CHECK (direction IN ('Inbound', 'Outbound')),
    outcome      text           NOT NULL CHECK (outcome IN ('Answered', 'Missed', 'Busy', 'Failed')),
    number       text           NOT NULL,
    other_number text           NOT NULL DEFAULT '',
    destination  text           NOT NULL DEFAULT '',
    seconds      integer        NOT NULL,
    charge       numeric(18, 4),
    currency     text           NOT NULL DEFAULT '',
    PRIMARY KEY (started_at, id)
) PARTITION BY RANGE (started_at);
CREATE INDEX call_newest ON call (account_id, started_at DESC, id DESC);
CREATE TABLE call_default PARTITION OF call DEFAULT;

-- One row per account, day, number, direction and currency, kept in step by whoever
-- writes calls. Sums have no bound. The index on day is for what retention has passed.
CREATE TABLE call_day (
    account_id text    NOT NULL,
    day        date    NOT NULL,
    number     text    NOT NULL,
    direction  text    NOT NULL,
    currency   text    NOT NULL,
    calls      bigint  NOT NULL,
    answered   bigint  NOT NULL,
    seconds    bigint  NOT NULL,
    charge     numeric NOT NULL,
    PRIMARY KEY (account_id, day, number, direction, currency)
);
CREATE INDEX call_day_day ON call_day (day);

-- The two feeds. Their positions are in the order of commits, because the row of feed is
-- taken last in a transaction and held until it ends: who has read up to a position has
-- seen everything before it. Positions have gaps: who has read less than what was purged
-- has missed something, and nobody else.
CREATE TABLE feed (
    change  bigint NOT NULL,
    event   bigint NOT NULL,
    -- The last position of each that is not kept any more.
    change_purged bigint NOT NULL DEFAULT 0,
    event_purged  bigint NOT NULL DEFAULT 0,
    -- The highest version of a tombstone: new rows begin above it, so that a row that is
    -- deleted and made again never comes back to a version that it had before.
    deleted bigint NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX feed_one_row ON feed ((true));
INSERT INTO feed VALUES (0, 0);

-- Whoever applies an import whole holds its row: there is one at a time.
CREATE TABLE whole_import (id integer PRIMARY KEY);
INSERT INTO whole_import VALUES (1);

-- Deleted rows leave a tombstone: a change with operation Delete.
CREATE TABLE change (
    position   bigint      PRIMARY KEY,
    kind       text        NOT NULL,
    id         text        NOT NULL,
    account_id text        NOT NULL,
    operation  text        NOT NULL CHECK (operation IN ('Upsert', 'Delete')),
    version    bigint      NOT NULL,
    at         timestamptz NOT NULL
);

-- Events, with their payload but for what every event has. No foreign keys: what
-- happened stays on record.
CREATE TABLE event (
    position   bigint      PRIMARY KEY,
    id         text        NOT NULL,
    source     text        NOT NULL,
    type       text        NOT NULL,
    account_id text,
    subject    text        NOT NULL DEFAULT '',
    actor      text        NOT NULL DEFAULT '',
    data       jsonb       NOT NULL,
    at         timestamptz NOT NULL
);
CREATE UNIQUE INDEX event_id ON event (source, id);
CREATE INDEX event_account ON event (account_id, position DESC);

-- What was answered to a request that a client may send again, for a day.
CREATE TABLE idempotency (
    token      text        NOT NULL,
    key        text        NOT NULL,
    request    bytea       NOT NULL,
    answer     json, -- as it was written: a client gets the same bytes again
    created_at timestamptz NOT NULL,
    PRIMARY KEY (token, key)
);
CREATE INDEX idempotency_created ON idempotency (created_at);

-- Accounts: what their events need. Who has no starts_on was here before and began when
-- the account was made: nothing is written to the rows that there are.
ALTER TABLE account
    ADD COLUMN starts_on     date,
    ADD COLUMN status_reason text NOT NULL DEFAULT '';

-- Invoices: where they are paid, what they consist of, the provider's own document.
ALTER TABLE invoice
    ADD COLUMN total_without_tax numeric(18, 4),
    ADD COLUMN payment_reference text NOT NULL DEFAULT '',
    ADD COLUMN pay_url           text NOT NULL DEFAULT '',
    ADD COLUMN paid_on           date;

-- Contacts: what they are for, and the sites that their grants are limited to (none: all).
ALTER TABLE contact
    ADD COLUMN phone text   NOT NULL DEFAULT '',
    ADD COLUMN roles text[] NOT NULL DEFAULT '{}',
    ADD COLUMN sites text[] NOT NULL DEFAULT '{}';

-- Tokens: what they may do, and who made them. The first one comes from the manager and
-- may do everything.
ALTER TABLE api_token
    ADD COLUMN scopes     text[] NOT NULL DEFAULT '{}',
    ADD COLUMN created_by text   NOT NULL DEFAULT '';
UPDATE api_token SET scopes = '{*}', created_by = 'manager';

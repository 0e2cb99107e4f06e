-- Reports: when each content was first made, and what people have signed.

-- A period over has one row for each content its report has ever had; the newest is the last.
create table report_editions (
    id             bigint generated always as identity primary key,
    factory_id     int not null references factories on delete restrict,
    kind           text not null check (kind in ('weekly', 'monthly', 'compliance')),
    period         text not null,
    content_sha256 bytea not null check (length(content_sha256) = 32),
    data_sha256    bytea not null check (length(data_sha256) = 32),
    generated_at   timestamptz not null,
    unique (factory_id, kind, period, content_sha256)
);

-- How a device's rows of a period over were received, as its first report said: what came again later
-- and what is sealed since changes no report, only other rows do.
create table report_receipts (
    device_id  int not null references devices on delete cascade,
    begin_at   timestamptz not null,
    end_at     timestamptz not null,
    rows       bigint not null,
    duplicates bigint not null,
    primary key (device_id, begin_at, end_at)
);

-- Signed reports, whole. Each carries the hash of the one before, so that a change shows.
create table report_signatures (
    id            bigint generated always as identity primary key,
    position      int not null unique check (position > 0),
    factory_id    int not null references factories on delete restrict,
    kind          text not null check (kind in ('weekly', 'monthly', 'compliance')),
    period        text not null,
    begin_at      timestamptz not null,
    end_at        timestamptz not null,
    signer        text not null,
    meaning       text not null,
    signed_at     timestamptz not null,
    report_sha256 bytea not null,
    data_sha256   bytea not null,
    replaces      bytea,
    previous_hash bytea not null,
    hash          bytea not null unique,
    key           text not null,
    bundle        bytea not null
);
create index report_signatures_factory_id on report_signatures (factory_id, signed_at desc);

create trigger report_signatures_append_only before update or delete or truncate
    on report_signatures for each statement execute function refuse_change();

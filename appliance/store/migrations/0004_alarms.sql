-- Rules, what the engine remembers between batches, and the alerts it raised.

create table rules (
    id                int generated always as identity primary key,
    factory_id        int not null references factories on delete cascade,
    device_id         int not null references devices on delete cascade,
    kind              text not null check (kind in ('high', 'low', 'no_data')),
    metric_id         smallint references metrics,
    "limit"           float8,
    deadband          float8 not null default 0 check (deadband >= 0),
    on_delay_seconds  float8 not null default 0 check (on_delay_seconds >= 0),
    off_delay_seconds float8 not null default 0 check (off_delay_seconds >= 0),
    priority          smallint not null check (priority between 1 and 4),
    message           text not null,
    what_to_do        text not null default '',
    enabled           boolean not null default true,
    changed_at        timestamptz not null default now(),
    check ((kind = 'no_data') = (metric_id is null)),
    check ((kind = 'no_data') = ("limit" is null))
);
create index rules_device_id on rules (device_id);

-- Where each rule stands, so that a restart goes on in the middle of a delay.
create table rule_states (
    rule_id    int primary key references rules on delete cascade,
    phase      text not null check (phase in ('normal', 'rising', 'raised', 'falling')),
    since_ms   bigint,
    seen_ms    bigint
) with (fillfactor = 50);

-- How far each follower of committed batches has come: everything below `xid` is done.
create table cursors (
    name text primary key,
    xid  xid8 not null
);

create table alerts (
    id              bigint generated always as identity primary key,
    factory_id      int not null references factories on delete cascade,
    rule_id         int not null references rules on delete restrict,
    device_id       int not null references devices on delete cascade,
    raised_at       timestamptz not null,
    raised_value    float8,
    "limit"         float8,
    priority        smallint not null,
    message         text not null,
    cleared_at      timestamptz,
    cleared_value   float8,
    acknowledged_at timestamptz,
    acknowledged_by int references users on delete set null,
    note            text
);
-- A rule stands at most once at a time, whatever restarts.
create unique index alerts_standing on alerts (rule_id) where cleared_at is null;
create index alerts_factory_id on alerts (factory_id, raised_at desc);
create index alerts_open on alerts (factory_id)
    where cleared_at is null or acknowledged_at is null;

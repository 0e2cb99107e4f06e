-- Rules, what the engine remembers between batches, and the alerts it raised.

-- kind and look as in appliance/model/look.py; changed_at: when it began to evaluate as it does.
create table rules (
    id                int generated always as identity primary key,
    factory_id        int not null references factories on delete cascade,
    device_id         int not null references devices on delete cascade,
    kind              text not null,
    metric_id         smallint references metrics,
    look              jsonb not null,
    deadband          float8 not null default 0 check (deadband >= 0),
    on_delay_seconds  float8 not null default 0 check (on_delay_seconds >= 0),
    off_delay_seconds float8 not null default 0 check (off_delay_seconds >= 0),
    priority          smallint not null check (priority between 1 and 4),
    message           text not null,
    cause             text not null default '',
    consequence       text not null default '',
    what_to_do        text not null default '',
    respond_seconds   float8,
    suppress_while    jsonb,
    latching          boolean not null default false,
    note_required     boolean not null default false,
    realarm_seconds   float8,
    alarm_class       text not null default 'alarm' check (alarm_class in ('alarm', 'advisory')),
    mode              text not null default 'draft'
                      check (mode in ('draft', 'shadow', 'live', 'out_of_service')),
    version           int not null default 1,
    changed_at        timestamptz not null default now(),
    check ((kind in ('no_data', 'health')) = (metric_id is null)),
    check (look ->> 'kind' = kind)
);
create index rules_device_id on rules (device_id);

-- Where each rule stands, so that a restart goes on in the middle of a delay.
-- state: a RuleState of appliance/model/rule_state.py in MessagePack, for it may hold NaN.
create table rule_states (
    rule_id    int primary key references rules on delete cascade,
    phase      text not null check (phase in ('normal', 'rising', 'raised', 'falling')),
    state      bytea not null
) with (fillfactor = 50);

-- How far each follower of committed batches has come: everything below `xid` is done.
create table cursors (
    name text primary key,
    xid  xid8 not null
);

-- level: which of the rule's levels. latching, alarm_class: as the rule had them when it raised.
-- reset_at: a person has released what latched. waiting_since: when people were last told, from
-- which re-alarm and escalation count; none: nobody was told yet.
create table alerts (
    id              bigint generated always as identity primary key,
    factory_id      int not null references factories on delete cascade,
    rule_id         int not null references rules on delete restrict,
    rule_version    int not null,
    level           text not null,
    device_id       int not null references devices on delete cascade,
    alarm_class     text not null,
    latching        boolean not null,
    priority        smallint not null,
    message         text not null,
    raised_at       timestamptz not null,
    raised_value    float8,
    "limit"         float8,
    late            boolean not null,
    forecast_at     timestamptz,
    cleared_at      timestamptz,
    cleared_value   float8,
    reset_at        timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by int references users on delete set null,
    note            text,
    suppressed_at   timestamptz,
    waiting_since   timestamptz,
    realarmed_at    timestamptz,
    escalation_step int not null default 0,
    escalated_after int not null default 0,
    state           text not null generated always as (
        case when cleared_at is null or (latching and reset_at is null)
             then case when acknowledged_at is null then 'unacknowledged' else 'acknowledged' end
             else case when acknowledged_at is null then 'returned' else 'closed' end
        end
    ) stored
);
-- A level of a rule stands at most once at a time, whatever restarts.
create unique index alerts_standing on alerts (rule_id, level) where cleared_at is null;
create index alerts_latched on alerts (rule_id, level)
    where latching and cleared_at is not null and reset_at is null;
create index alerts_factory_id on alerts (factory_id, raised_at desc, id desc);
create index alerts_rule_id on alerts (rule_id, raised_at desc);
create index alerts_open on alerts (factory_id) where state <> 'closed';

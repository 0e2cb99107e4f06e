-- Versions of rules, what they did, what they would have done, and what ought to be caught.

-- Grows with every change of the rules: by it the engine knows that it must read them again.
create table rule_changes (number bigint not null);
insert into rule_changes values (0);
create function count_rule_changes() returns trigger language plpgsql as $$
begin
    update rule_changes set number = number + 1;
    return null;
end $$;
create trigger count_rule_changes after insert or update or delete on rules
    for each statement execute function count_rule_changes();

-- Each version of a rule, whole, as it was from changed_at on.
create table rule_versions (
    rule_id    int not null references rules on delete cascade,
    version    int not null,
    changed_at timestamptz not null,
    changed_by text not null,
    rule       jsonb not null,
    primary key (rule_id, version)
);

-- What rules did, by event time, of shadow rules too (shadow: nobody was told).
create table rule_steps (
    id          bigint generated always as identity primary key,
    rule_id     int not null references rules on delete cascade,
    version     int not null,
    level       text not null,
    at_ms       bigint not null,
    step        text not null check (step in ('raised', 'cleared', 'suppressed', 'unsuppressed')),
    value       float8,
    forecast_ms bigint,
    late        boolean not null,
    shadow      boolean not null
);
create index rule_steps_rule_id on rule_steps (rule_id, at_ms);

-- Where rules stood now and then, for readings that come late: evaluation goes on from there.
create table rule_checkpoints (
    rule_id int not null references rules on delete cascade,
    seen_ms bigint not null,
    state   bytea not null,
    primary key (rule_id, seen_ms)
);

-- The newest back-test of each version of a rule.
create table backtests (
    rule_id   int not null,
    version   int not null,
    made_at   timestamptz not null,
    made_by   text not null,
    backtest  jsonb not null,
    primary key (rule_id, version),
    foreign key (rule_id, version) references rule_versions on delete cascade
);

-- What really happened, marked by people: a rule that raises then has caught it.
create table incidents (
    id         int generated always as identity primary key,
    factory_id int not null references factories on delete cascade,
    device_id  int not null references devices on delete cascade,
    from_at    timestamptz not null,
    to_at      timestamptz not null,
    title      text not null,
    made_by    text not null,
    check (from_at < to_at)
);
create index incidents_device_id on incidents (device_id, from_at);

-- A rule with its metric by name, as appliance/model/rule.py has it.
create view whole_rules as
select r.id, r.factory_id, r.device_id, r.kind, m.name as metric, r.look, r.deadband,
       r.on_delay_seconds, r.off_delay_seconds, r.priority, r.message, r.cause, r.consequence,
       r.what_to_do, r.respond_seconds, r.suppress_while, r.latching, r.note_required,
       r.realarm_seconds, r.alarm_class, r.mode, r.version
  from rules r
  left join metrics m on m.id = r.metric_id;

-- The life of alerts, and who is told of them.

-- Every transition and comment. pending: the notifier has not yet decided whom to tell.
create table alert_events (
    id       bigint generated always as identity primary key,
    alert_id bigint not null references alerts on delete cascade,
    at       timestamptz not null,
    what     text not null,
    user_id  int references users on delete set null,
    note     text,
    value    float8,
    pending  boolean not null default false
);
create index alert_events_alert_id on alert_events (alert_id, id);
create index alert_events_pending on alert_events (id) where pending;

-- A level of a rule that tells nobody for a while, however often it is raised meanwhile.
-- alert_id: its newest alert.
create table shelves (
    rule_id    int not null references rules on delete cascade,
    level      text not null,
    alert_id   bigint not null references alerts on delete cascade,
    shelved_at timestamptz not null,
    shelved_by int references users on delete set null,
    reason     text not null,
    until      timestamptz not null,
    primary key (rule_id, level)
);

-- Ways to reach somebody. secret: encrypted; an Apprise URL, or the key that signs a webhook.
create table contacts (
    id           int generated always as identity primary key,
    factory_id   int not null references factories on delete cascade,
    name         text not null,
    channel      text not null check (channel in ('mail', 'webhook', 'apprise')),
    user_id      int references users on delete cascade,
    address      text,
    secret       bytea,
    quiet_from   time,
    quiet_to     time,
    tell_cleared boolean not null
);
create index contacts_factory_id on contacts (factory_id);

-- Who is told, on which weekdays (1 Monday) from when to when by the factory's clock, of which
-- priorities, and after how many minutes without acknowledgement.
create table rosters (
    id              int generated always as identity primary key,
    factory_id      int not null references factories on delete cascade,
    name            text not null,
    weekdays        smallint[] not null,
    begins          time not null,
    ends            time not null,
    lowest_priority smallint not null check (lowest_priority between 1 and 4),
    after_minutes   int not null check (after_minutes >= 0),
    contact_ids     int[] not null
);
create index rosters_factory_id on rosters (factory_id);

-- One message to one contact. next_try_at: also until when whoever sends it now may take.
create table deliveries (
    id          bigint generated always as identity primary key,
    key         uuid not null default gen_random_uuid(),
    factory_id  int not null references factories on delete cascade,
    alert_id    bigint references alerts on delete cascade,
    event_id    bigint references alert_events on delete cascade,
    contact_id  int references contacts on delete set null,
    contact     text not null,
    channel     text not null,
    occasion    text not null,
    state       text not null default 'queued'
                check (state in ('queued', 'sent', 'failed', 'dropped')),
    reason      text,
    attempts    int not null default 0,
    created_at  timestamptz not null,
    next_try_at timestamptz not null,
    sent_at     timestamptz,
    unique (event_id, contact_id)
);
create index deliveries_due on deliveries (next_try_at) where state = 'queued';
create index deliveries_factory_id on deliveries (factory_id, id desc);

-- An alert as appliance/model/alert.py has it. A shelf shows on every open alert of its level, and
-- on the newest even if that is closed, so that it can be ended.
create view whole_alerts as
select a.id, a.factory_id, a.rule_id, a.device_id, d.name as device, m.name as machine, m.area,
       r.kind, a.level, c.name as metric, c.unit_label, a.alarm_class, a.priority, a.message,
       r.cause, r.consequence, r.what_to_do, r.respond_seconds, r.note_required, r.mode, a.state,
       a.raised_at, a.raised_value, a."limit", a.late, a.forecast_at, a.cleared_at,
       a.latching and a.cleared_at is not null and a.reset_at is null as latched,
       a.acknowledged_at, u.name as acknowledged_by, a.note, a.suppressed_at,
       s.until as shelved_until, k.name as shelved_by, s.reason as shelved_reason,
       a.escalation_step, a.realarmed_at,
       s.until is not null or a.suppressed_at is not null as hidden
  from alerts a
  join rules r on r.id = a.rule_id
  join devices d on d.id = a.device_id
  left join machines m on m.id = d.machine_id
  left join metrics c on c.id = r.metric_id
  left join users u on u.id = a.acknowledged_by
  left join shelves s on s.rule_id = a.rule_id and s.level = a.level
                     and (a.state <> 'closed' or s.alert_id = a.id)
  left join users k on k.id = s.shelved_by;

-- What nodes are told (configuration, commands, firmware), and what they tell of themselves.

alter table devices drop column config_revision;

-- A key that a device asked for itself; once it is used, the key it replaces is revoked.
alter table device_keys add column replaces text references device_keys on delete set null;

-- Every version of a device's configuration; the highest is the one that holds.
create table device_configs (
    device_id  int not null references devices on delete cascade,
    version    int not null check (version > 0),
    config     jsonb not null,
    changed_at timestamptz not null,
    changed_by text not null,
    primary key (device_id, version)
);

create table device_commands (
    id        int generated always as identity primary key,
    device_id int not null references devices on delete cascade,
    action    text not null check (action in ('locate', 'restart', 'read-config', 'rotate-key')),
    seconds   int check (seconds > 0),
    asked_at  timestamptz not null,
    asked_by  text not null,
    done_at   timestamptz
);
create index device_commands_device_id on device_commands (device_id, id);
create unique index device_commands_waiting on device_commands (device_id, action)
    where done_at is null;

-- What a node last said of itself.
create table device_firmware (
    device_id int primary key references devices on delete cascade,
    version   text not null,
    slot      text check (slot in ('a', 'b')),
    config    int,
    boot      bigint not null,
    told_at   timestamptz not null
);

-- A node's own events; one that comes again is one.
create table device_log (
    id          bigint generated always as identity primary key,
    device_id   int not null references devices on delete cascade,
    epoch       text not null,
    boot        bigint not null,
    up_ms       bigint not null,
    what        text not null,
    detail      text not null,
    received_at timestamptz not null,
    unique (device_id, epoch, up_ms, what, detail)
);
create index device_log_device_id on device_log (device_id, id);

create table firmware_releases (
    id              int generated always as identity primary key,
    version         text not null unique,
    mpy             smallint not null,
    files           int not null,
    sha256          bytea not null check (length(sha256) = 32),
    key_fingerprint text not null,
    added_at        timestamptz not null,
    added_by        text not null,
    bundle          bytea not null
);

create table firmware_rollouts (
    id           int generated always as identity primary key,
    factory_id   int not null references factories on delete restrict,
    release_id   int references firmware_releases on delete set null,
    version      text not null,
    state        text not null default 'running' check (state in ('running', 'halted', 'done')),
    stage        smallint not null default 1 check (stage between 1 and 3),
    begun_at     timestamptz not null,
    begun_by     text not null,
    changed_at   timestamptz not null,
    watched_from timestamptz not null,
    reason       text
);
create unique index firmware_rollouts_running on firmware_rollouts (factory_id)
    where state = 'running';

create table firmware_rollout_devices (
    rollout_id int not null references firmware_rollouts on delete cascade,
    device_id  int not null references devices on delete cascade,
    stage      smallint not null check (stage between 1 and 3),
    state      text not null default 'waiting'
        check (state in ('waiting', 'offered', 'fetching', 'running', 'failed', 'back')),
    changed_at timestamptz not null,
    fetched_at timestamptz,
    told_at    timestamptz,
    detail     text not null default '',
    primary key (rollout_id, device_id)
);
create index firmware_rollout_devices_device_id on firmware_rollout_devices (device_id);

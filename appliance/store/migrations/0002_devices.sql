-- Machines, the devices that watch them, device keys, and the catalogue of metrics.

create table machines (
    id         int generated always as identity primary key,
    factory_id int not null references factories on delete cascade,
    name       text not null check (name <> ''),
    kind       text not null default '',
    area       text not null default '',
    unique (factory_id, name)
);

create table devices (
    id                   int generated always as identity primary key,
    factory_id           int not null references factories on delete restrict,
    machine_id           int references machines on delete set null,
    name                 text not null check (name <> '' and length(name) <= 60),
    expected_interval_ms int not null default 10000 check (expected_interval_ms > 0),
    config_revision      int not null default 1,
    created_at           timestamptz not null default now(),
    unique (factory_id, name)
);

create table device_keys (
    id           text primary key check (id ~ '^[a-z2-7]{10}$'),
    device_id    int not null references devices on delete cascade,
    sha256       bytea not null check (length(sha256) = 32),
    created_at   timestamptz not null default now(),
    revoked_at   timestamptz,
    last_used_at timestamptz
);
create index device_keys_device_id on device_keys (device_id);

create table metrics (
    id         smallint primary key,
    name       text not null unique check (name ~ '^[a-z][a-z0-9_]*$'),
    unit       text not null,
    unit_label text not null,
    label      text not null,
    digits     smallint not null
);

insert into metrics (id, name, unit, unit_label, label, digits) values
    (1, 'temperature', 'Cel',   '°C',   'Temperature', 1),
    (2, 'gas',         '[ppm]', 'ppm',  'Gas',         1),
    (3, 'vibration',   'mm/s',  'mm/s', 'Vibration',   2),
    (4, 'running',     '1',     '',     'Running',     0),
    (5, 'power',       'kW',    'kW',   'Power',       1),
    (6, 'pressure',    'bar',   'bar',  'Pressure',    2),
    (7, 'current',     'A',     'A',    'Current',     2),
    (8, 'humidity',    '%',     '%',    'Humidity',    1);

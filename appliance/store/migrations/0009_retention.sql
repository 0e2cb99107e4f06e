-- Which readings may be deleted, and which were. Without a rule everything is kept for ever.

create table retention_rules (
    factory_id int not null references factories on delete cascade,
    metric_id  smallint not null references metrics,
    kind       text not null check (kind in ('readings', 'minute', 'hour')),
    keep_days  int not null check (keep_days > 0),
    changed_at timestamptz not null,
    primary key (factory_id, metric_id, kind)
);

-- What a rule has released. path: the file; null: late rows of days that were released before.
create table releases (
    id         bigint generated always as identity primary key,
    at         timestamptz not null,
    factory_id int not null references factories on delete restrict,
    metric_id  smallint not null references metrics,
    kind       text not null,
    first_day  date not null,
    last_day   date not null,
    rows       bigint not null,
    bytes      bigint not null,
    keep_days  int not null,
    path       text,
    sha256     bytea
);
create index releases_factory_id on releases (factory_id, id desc);
create trigger releases_append_only before update or delete or truncate on releases
    for each statement execute function refuse_change();

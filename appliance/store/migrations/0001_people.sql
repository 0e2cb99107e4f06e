-- Factories, people, their sessions, and the record of what they did.

create table factories (
    id          int generated always as identity primary key,
    name        text not null unique check (name <> ''),
    time_zone   text not null default 'UTC',
    created_at  timestamptz not null default now()
);

create table users (
    id            int generated always as identity primary key,
    email         text not null check (email = lower(email) and email like '%_@_%'),
    name          text not null check (name <> ''),
    role          text not null check (role in ('administrator', 'technician', 'operator', 'manager', 'compliance')),
    password_hash text not null,
    created_at    timestamptz not null default now(),
    disabled_at   timestamptz,
    last_login_at timestamptz,
    constraint users_email_key unique (email)
);

-- Administrators see every factory; all others those named here.
create table memberships (
    user_id    int not null references users on delete cascade,
    factory_id int not null references factories on delete cascade,
    primary key (user_id, factory_id)
);

create table sessions (
    id           uuid primary key default gen_random_uuid(),
    user_id      int not null references users on delete cascade,
    created_at   timestamptz not null,
    last_used_at timestamptz not null,
    expires_at   timestamptz not null,
    ended_at     timestamptz,
    address      text not null,
    user_agent   text not null
);
create index sessions_user_id on sessions (user_id) where ended_at is null;

-- Each refresh token is used once; a second use long after the first ends the session.
create table refresh_tokens (
    sha256     bytea primary key,
    session_id uuid not null references sessions on delete cascade,
    issued_at  timestamptz not null,
    used_at    timestamptz
);
create index refresh_tokens_session_id on refresh_tokens (session_id);

-- One-time codes: the first administrator's, and resets given by an administrator.
create table one_time_codes (
    sha256     bytea primary key,
    purpose    text not null check (purpose in ('first-administrator', 'reset-password')),
    user_id    int references users on delete cascade,
    expires_at timestamptz not null,
    used_at    timestamptz,
    check ((purpose = 'first-administrator') = (user_id is null))
);

create table login_failures (
    email   text not null,
    address text not null,
    at      timestamptz not null
);
create index login_failures_email on login_failures (email, at);
create index login_failures_address on login_failures (address, at);

-- What people and programs did. Each row carries the hash of the one before, so that a change shows.
create table audit (
    id            bigint generated always as identity primary key,
    at            timestamptz not null,
    actor         text not null,
    address       text not null,
    action        text not null,
    object        text not null,
    factory_ids   int[] not null, -- those it concerns; none: the appliance as a whole
    old           jsonb,
    new           jsonb,
    reason        text,
    previous_hash bytea not null,
    hash          bytea not null unique
);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'table % is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;

create trigger audit_append_only before update or delete or truncate on audit
    for each statement execute function refuse_change();

-- What people who do not use the appliance yet asked for on its public page.

create table pilot_requests (
    id      int generated always as identity primary key,
    at      timestamptz not null,
    address text not null,
    name    text not null check (name <> ''),
    email   text not null check (email like '%_@_%'),
    company text not null check (company <> ''),
    message text not null
);
create index pilot_requests_at on pilot_requests (at);

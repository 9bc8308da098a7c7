-- Everybody who has ever signed in, by who they are at the provider.
create table accounts (
  number bigint generated always as identity primary key,
  issuer text not null,
  subject text not null,
  -- What the provider said at the last sign-in.
  name text not null default '',
  email text,
  roles text[] not null default '{}',
  member_since timestamptz not null default now(),
  sign_ins bigint not null default 0,
  unique (issuer, subject)
);

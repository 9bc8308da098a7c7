-- Everybody who has ever signed in, by who they are at the provider.
create table accounts (
  number integer primary key autoincrement,
  issuer text not null,
  subject text not null,
  -- What the provider said at the last sign-in.
  name text not null default '',
  email text,
  -- JSON: a list of strings.
  roles text not null default '[]' check (json_type(roles) = 'array'),
  -- Unix seconds.
  member_since integer not null default (unixepoch()),
  sign_ins integer not null default 0,
  unique (issuer, subject)
) strict;

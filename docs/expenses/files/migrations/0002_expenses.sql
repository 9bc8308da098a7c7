-- What people have spent for the company and want back.
create table expenses (
  number integer primary key autoincrement,
  account integer not null references accounts (number),
  title text not null,
  cents integer not null check (cents > 0),
  -- Such as 2026-11-30.
  spent_on text not null,
  state text not null default 'open' check (state in ('open', 'approved', 'rejected', 'paid')),
  decided_by integer references accounts (number) check (decided_by <> account),
  -- The name of the file in the folder of receipts, and its media type.
  receipt text,
  receipt_type text,
  check ((receipt is null) = (receipt_type is null))
) strict;

create index expenses_by_account on expenses (account, number);
create index expenses_by_state on expenses (state, number);

-- The same with the names of those who have spent it.
create view claims as
  select expenses.*, accounts.name from expenses
  join accounts on accounts.number = expenses.account;

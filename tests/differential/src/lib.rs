//! Nothing: the tables are compiled into the test.

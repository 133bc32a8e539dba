-- Counters of calls of unknown size, whose entries are in no sum. Accounts have none of them, but the type of all counters
-- has to be one.

ALTER TABLE readings MODIFY COLUMN counter
    Enum8('entered' = 1, 'punted' = 2, 'issued' = 3, 'entered_entries' = 4, 'punted_entries' = 5,
          'entered_unsized' = 6, 'punted_unsized' = 7);

ALTER TABLE readings_minute MODIFY COLUMN counter
    Enum8('entered' = 1, 'punted' = 2, 'issued' = 3, 'entered_entries' = 4, 'punted_entries' = 5,
          'entered_unsized' = 6, 'punted_unsized' = 7);

ALTER TABLE readings_hour MODIFY COLUMN counter
    Enum8('entered' = 1, 'punted' = 2, 'issued' = 3, 'entered_entries' = 4, 'punted_entries' = 5,
          'entered_unsized' = 6, 'punted_unsized' = 7);

ALTER TABLE readings_total MODIFY COLUMN counter
    Enum8('entered' = 1, 'punted' = 2, 'issued' = 3, 'entered_entries' = 4, 'punted_entries' = 5,
          'entered_unsized' = 6, 'punted_unsized' = 7);

ALTER TABLE accounts MODIFY COLUMN counter
    Enum8('entered' = 1, 'punted' = 2, 'issued' = 3, 'entered_entries' = 4, 'punted_entries' = 5,
          'entered_unsized' = 6, 'punted_unsized' = 7);

ALTER TABLE accounts_total MODIFY COLUMN counter
    Enum8('entered' = 1, 'punted' = 2, 'issued' = 3, 'entered_entries' = 4, 'punted_entries' = 5,
          'entered_unsized' = 6, 'punted_unsized' = 7);

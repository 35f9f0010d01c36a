SELECT ?, ? + 1, "a?b", 'it''s ?' -- ? comment
FROM t
SELECT `a?``b`, "text ?", 'back\'?' FROM `t` WHERE a = ? --no comment
-- ?
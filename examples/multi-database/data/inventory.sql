CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, quantity INTEGER NOT NULL, price NUMERIC NOT NULL, status TEXT NOT NULL);
INSERT INTO products (name, quantity, price, status) VALUES
    ('lamp', 12, 39.95, 'active'), ('desk', 3, 249.5, 'active'), ('typewriter', 0, 120, 'discontinued'), ('chair', 25, 89, 'active');

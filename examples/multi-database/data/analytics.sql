CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, age INTEGER, date TEXT NOT NULL);
INSERT INTO users (email, age, date) VALUES
    ('ada@example.com', 36, '2026-01-01'), ('alan@example.com', 41, '2026-01-01'), ('grace@example.com', 45, '2026-01-02'),
    ('edsger@example.com', 39, '2026-01-02'), ('barbara@example.com', 33, '2026-01-02'), ('tony@example.com', 52, '2026-01-03');

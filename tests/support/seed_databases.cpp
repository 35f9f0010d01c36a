// SPDX-License-Identifier: Apache-2.0
#include "tests/support/seed_databases.hpp"

namespace kdeps::testing {

namespace {

constexpr const char* kAnalytics = R"(
SET ROLE "user";
DROP TABLE IF EXISTS orders, user_stats, users;
CREATE TABLE users (
    id int PRIMARY KEY,
    email text,
    age int,
    status text,
    date date,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz,
    last_order_at timestamptz
);
INSERT INTO users (id, email, age, status, date) VALUES
    (1, 'ada@example.com', 36, 'active', '2024-01-01'),
    (2, 'grace@example.com', 44, 'active', '2024-01-01'),
    (3, 'alan@example.com', 41, 'inactive', '2024-01-02'),
    (4, 'edsger@example.com', 30, 'active', '2024-01-02'),
    (5, 'barbara@example.com', 28, 'pending', '2024-01-02'),
    (6, 'zoë@example.com', 25, 'active', '2024-01-03'),
    (123, 'donald@example.com', 20, 'new', '2024-01-03'),
    (456, 'donald@example.com', 22, 'new', '2024-01-03'),
    (789, 'niklaus@example.com', 31, 'new', '2024-01-03');
UPDATE users SET created_at = now() - interval '30 days' WHERE id = 3;
CREATE TABLE user_stats (date date, total_users int, note text);
INSERT INTO user_stats VALUES
    ('2024-01-01', 2, 'first day'),
    ('2024-01-02', 3, 'said "hello", then left'),
    ('2024-01-03', 4, NULL);
CREATE TABLE orders (id serial PRIMARY KEY, user_id int REFERENCES users, total numeric(10,2));
INSERT INTO orders (user_id, total) VALUES (1, 19.90), (1, 0.05), (4, 1000000.00);
)";

constexpr const char* kInventory = R"(
DROP TABLE IF EXISTS products;
CREATE TABLE products (
    id int PRIMARY KEY,
    name varchar(100) NOT NULL,
    quantity int,
    price decimal(10,2),
    status varchar(20)
) ENGINE=InnoDB;
INSERT INTO products VALUES
    (1, 'Anvil', 12, 10.10, 'active'),
    (2, 'Bellows', 0, 99.99, 'discontinued'),
    (3, 'Crucible "Größe 2"', 3, 1234567.89, 'active'),
    (4, 'Die', 250, 0.50, 'active'),
    (5, 'Emery', NULL, 7.00, 'planned');
)";

}  // namespace

constexpr std::string_view kUsersCsv =
    "date,users\n"
    "2024-01-03,4\n"
    "2024-01-02,3\n"
    "2024-01-01,2\n";

constexpr std::string_view kRecentUsersCsv =
    "date,total_users,unique_emails,avg_age\n"
    "2024-01-03,4,3,24.5000000000000000\n"
    "2024-01-02,2,2,29.0000000000000000\n"
    "2024-01-01,2,2,40.0000000000000000\n";

constexpr std::string_view kActiveProductsJson = R"([{"name":"Anvil","quantity":12,"price":10.10},)"
                                                 R"({"name":"Crucible \"Größe 2\"","quantity":3,"price":1234567.89},)"
                                                 R"({"name":"Die","quantity":250,"price":0.50}])";

void seed_analytics(PostgresServer& server) {
    server.create_database("analytics");
    server.execute("analytics", kAnalytics);
}

void seed_inventory(MariaDbServer& server) {
    server.create_database("inventory");
    server.execute("inventory", kInventory);
}

}  // namespace kdeps::testing

// SPDX-License-Identifier: Apache-2.0
#include "postgres_surroundings.hpp"

namespace kdeps::postgres {

// 16384 is FirstNormalObjectId: what has a lower number came with PostgreSQL.  Names fold as PostgreSQL folds them,
// ASCII letters only.  Names with other characters than letters, digits, _ and $ stand in quotes and are looked for as
// a whole.
const char* const Surroundings::kQuery = R"(
WITH words AS MATERIALIZED (
  SELECT DISTINCT n FROM pg_catalog.regexp_split_to_table(
      CASE WHEN pg_catalog.octet_length($1) <= 65536 THEN $1 ELSE '' END,
      E'[\\x01-\\x23\\x25-\\x2f\\x3a-\\x40\\x5b-\\x5e\\x60\\x7b-\\x7f]+') AS w(word),
    LATERAL (VALUES (word::pg_catalog.name), (pg_catalog.lower(word COLLATE "C")::pg_catalog.name)) AS f(n)
  WHERE word <> ''),
found AS MATERIALIZED (
  SELECT c.oid, c.relkind, c.relrowsecurity, c.relhassubclass, c.relnatts, s.nspname, c.relname
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace
  WHERE c.relname = ANY (ARRAY(SELECT n FROM words)) AND c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')),
used AS MATERIALIZED (
  SELECT * FROM found
  WHERE pg_catalog.pg_table_is_visible(oid) OR nspname = ANY (ARRAY(SELECT n FROM words)))
SELECT
  pg_catalog.octet_length($1) > 65536
  OR $1 ~* 'u&"'
  OR EXISTS (SELECT FROM found WHERE relkind IN ('v', 'f') OR relrowsecurity)
  OR (EXISTS (SELECT FROM found WHERE relkind = 'p' OR relhassubclass) AND EXISTS (SELECT FROM pg_catalog.pg_foreign_table))
  OR EXISTS (SELECT FROM pg_catalog.pg_proc WHERE proname = ANY (ARRAY(SELECT n FROM words)) AND oid >= 16384)
  OR EXISTS (SELECT FROM pg_catalog.pg_type t WHERE typname = ANY (ARRAY(SELECT n FROM words)) AND oid >= 16384
             AND typtype = 'd' AND EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid))
  OR EXISTS (SELECT FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
             JOIN pg_catalog.pg_language l ON l.oid = p.prolang
             WHERE o.oid >= 16384 AND l.lanname NOT IN ('internal', 'c')
               AND pg_catalog.strpos($1, o.oprname::pg_catalog.text) > 0)
  OR EXISTS (SELECT FROM pg_catalog.pg_cast k JOIN pg_catalog.pg_proc p ON p.oid = k.castfunc
             JOIN pg_catalog.pg_language l ON l.oid = p.prolang
             WHERE k.oid >= 16384 AND l.lanname NOT IN ('internal', 'c'))
  OR (pg_catalog.strpos($1, '"') > 0 AND (
       EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid >= 16384 AND (relkind IN ('v', 'f') OR relrowsecurity)
               AND relname ~ E'[\\x01-\\x23\\x25-\\x2f\\x3a-\\x40\\x5b-\\x5e\\x60\\x7b-\\x7f]'
               AND pg_catalog.strpos($1, pg_catalog.quote_ident(relname)) > 0)
       OR EXISTS (SELECT FROM pg_catalog.pg_proc WHERE oid >= 16384
               AND proname ~ E'[\\x01-\\x23\\x25-\\x2f\\x3a-\\x40\\x5b-\\x5e\\x60\\x7b-\\x7f]'
               AND pg_catalog.strpos($1, pg_catalog.quote_ident(proname)) > 0))),
  $1 ~* E'\\mcall\\M|\\mdo\\M(?!\\s+(nothing|update)\\M)',
  pg_catalog.octet_length($1) > 65536 OR EXISTS (SELECT FROM used)
    OR (pg_catalog.strpos($1, '"') > 0 AND $1 ~ E'"[^"]*[\\x01-\\x21\\x23\\x25-\\x2f\\x3a-\\x40\\x5b-\\x5e\\x60\\x7b-\\x7f][^"]*"'),
  CASE WHEN pg_catalog.octet_length($1) <= 65536
         AND NOT (pg_catalog.strpos($1, '"') > 0 AND $1 ~ E'"[^"]*[\\x01-\\x21\\x23\\x25-\\x2f\\x3a-\\x40\\x5b-\\x5e\\x60\\x7b-\\x7f][^"]*"')
       THEN (SELECT 'SELECT * FROM ' || pg_catalog.string_agg(pg_catalog.format('%I.%I', nspname, relname), ', ' ORDER BY oid)
                    || ' WHERE false'
             FROM used HAVING pg_catalog.count(*) BETWEEN 1 AND 8 AND pg_catalog.sum(relnatts) <= 1600
                    AND pg_catalog.bool_and(pg_catalog.has_table_privilege(oid, 'SELECT')))
       END,
  pg_catalog.pg_backend_pid())";

Surroundings Surroundings::of(const PGresult* answer) {
    Surroundings out;
    if (PQntuples(answer) != 1 || PQnfields(answer) != 5) return out;
    out.may_write = value_of(answer, 0, 0) != "f";
    out.may_commit_within = value_of(answer, 0, 1) != "f";
    out.has_tables = value_of(answer, 0, 2) != "f";
    out.witness = value_of(answer, 0, 3);
    const std::string_view process = value_of(answer, 0, 4);
    std::from_chars(process.data(), process.data() + process.size(), out.process_id);
    return out;
}

}  // namespace kdeps::postgres

// SPDX-License-Identifier: Apache-2.0
#include "postgres_copy.hpp"

#include "../plain_insert.hpp"
#include "postgres_encode.hpp"

namespace kdeps::postgres {

std::optional<CopyTarget> CopyTarget::of(std::string_view sql) {
    const auto insert = drivers::read_plain_insert(sql, {'"', true, true});
    if (!insert || insert->columns.empty() || insert->columns.size() != insert->placeholders) return std::nullopt;
    CopyTarget out;
    if (insert->schema) out.table_.append(insert->schema->written).append(".");
    out.table_ += insert->table.written;
    for (const auto& column : insert->columns) {
        out.columns_.append(out.columns_.empty() ? "" : ", ").append(column.written);
        out.names_.push_back(column.meant);
    }
    return out;
}

const char* const CopyTarget::kSuits =
    "SELECT c.relkind = 'r' AND NOT c.relispartition"
    // What a default, a check or an index calls may look at the table, in which a COPY puts many rows at once.
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass"
    " AND ((d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass"
    " AND d.objid IN (SELECT f.oid FROM pg_catalog.pg_attrdef f WHERE f.adrelid = c.oid))"
    " OR (d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass"
    " AND d.objid IN (SELECT k.oid FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid))"
    " OR (d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass"
    " AND d.objid IN (SELECT i.indexrelid FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid))))"
    // Operators and types of the user call functions too, and domains have checks of their own.
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.refclassid = "
    "'pg_catalog.pg_operator'::pg_catalog.regclass"
    " AND d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass"
    " AND d.objid IN (SELECT k.oid FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid))"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute g LEFT JOIN pg_catalog.pg_type t ON t.oid = g.atttypid"
    " WHERE g.attrelid = c.oid AND g.attnum > 0 AND NOT g.attisdropped"
    " AND (g.attgenerated <> '' OR t.typtype = 'd'))"
    " AND NOT c.relhasrules AND NOT c.relrowsecurity"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint r WHERE r.conrelid = c.oid AND r.confrelid = c.oid)"
    " AND $3::pg_catalog.oid[] = ARRAY(SELECT a.atttypid"
    " FROM pg_catalog.unnest($2::pg_catalog.name[]) WITH ORDINALITY AS n(name, place)"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = n.name"
    " AND a.attidentity <> 'a' AND a.attgenerated = '' ORDER BY n.place)"
    " FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1::pg_catalog.text)";

void CopyTarget::bind_suits(const std::vector<Oid>& types, Parameters& out) const {
    std::string names;
    for (const std::string& name : names_) {
        names += names.empty() ? "{\"" : ",\"";
        for (const char c : name) {
            if (c == '"' || c == '\\') names += '\\';
            names += c;
        }
        names += '"';
    }
    std::string numbers;
    for (const Oid oid : types) numbers += (numbers.empty() ? "{" : ",") + std::to_string(oid);
    out.clear();
    out.add_text(table_);
    out.add_text(names + "}");
    out.add_text(numbers + "}");
    out.seal();
}

CopyRows::CopyRows(std::vector<Kind> kinds) : kinds_(std::move(kinds)) {
    out_.assign("PGCOPY\n\377\r\n\0", 11);
    append_wire(std::int32_t{0}, out_);  // flags
    append_wire(std::int32_t{0}, out_);  // no extension of the header
}

bool CopyRows::append(const std::vector<columns::ColumnReader>& readers, std::int64_t row) {
    append_wire(static_cast<std::int16_t>(readers.size()), out_);
    for (std::size_t i = 0; i < readers.size(); ++i) {
        const kdeps_cell cell = readers[i].cell(row, scratch_);
        const std::size_t at = out_.size();
        append_wire(std::int32_t{-1}, out_);
        if (cell.kind == KDEPS_NULL) continue;
        if (!encode(cell, kinds_[i], out_)) return false;
        write_wire(static_cast<std::int32_t>(out_.size() - at - sizeof(std::int32_t)), out_.data() + at);
    }
    ++rows_;
    return true;
}

void CopyRows::finish() { append_wire(std::int16_t{-1}, out_); }

}  // namespace kdeps::postgres

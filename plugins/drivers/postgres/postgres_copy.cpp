// SPDX-License-Identifier: Apache-2.0
#include "postgres_copy.hpp"

#include "postgres_encode.hpp"

namespace kdeps::postgres {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Takes the parts of a statement from its start; false for anything that it does not expect, comments too.
class Scanner {
public:
    explicit Scanner(std::string_view sql) : rest_(sql) { skip_space(); }

    bool sign(char c) {
        if (!rest_.starts_with(c)) return false;
        advance(1);
        return true;
    }
    bool word(std::string_view wanted) {
        std::size_t i = 0;
        while (i < wanted.size() && i < rest_.size() && lower(rest_[i]) == wanted[i]) ++i;
        if (i < wanted.size() || (i < rest_.size() && (is_letter(rest_[i]) || is_digit(rest_[i]) || rest_[i] == '$')))
            return false;
        advance(i);
        return true;
    }
    bool placeholder(std::size_t wanted) {
        const std::string text = "$" + std::to_string(wanted);
        if (!rest_.starts_with(text) || (rest_.size() > text.size() && is_digit(rest_[text.size()]))) return false;
        advance(text.size());
        return true;
    }
    // `written` gets it as it stands, `meant` without quotes and in the case that PostgreSQL gives it.
    bool name(std::string& written, std::string& meant) {
        std::size_t i = 0;
        if (rest_.starts_with('"')) {
            for (i = 1; i < rest_.size(); ++i) {
                if (rest_[i] == '"' && !(i + 1 < rest_.size() && rest_[i + 1] == '"')) break;
                if (rest_[i] == '"') ++i;
                meant += rest_[i];
            }
            if (i >= rest_.size()) return false;
            ++i;
        } else {
            while (i < rest_.size() && (is_letter(rest_[i]) || (i > 0 && (is_digit(rest_[i]) || rest_[i] == '$'))))
                meant += lower(rest_[i++]);
        }
        if (meant.empty()) return false;
        written = rest_.substr(0, i);
        advance(i);
        return true;
    }
    bool is_done() const { return rest_.empty(); }

private:
    void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n\f"), rest_.size())); }
    void advance(std::size_t count) {
        rest_.remove_prefix(count);
        skip_space();
    }

    std::string_view rest_;
};

}  // namespace

std::optional<CopyTarget> CopyTarget::of(std::string_view sql) {
    CopyTarget out;
    Scanner scanner(sql);
    std::string meant;
    if (!scanner.word("insert") || !scanner.word("into") || !scanner.name(out.table_, meant)) return std::nullopt;
    if (scanner.sign('.')) {
        std::string table;
        if (!scanner.name(table, meant)) return std::nullopt;
        out.table_ += "." + table;
    }
    if (!scanner.sign('(')) return std::nullopt;
    do {
        std::string written;
        if (!scanner.name(written, out.names_.emplace_back())) return std::nullopt;
        out.columns_ += (out.columns_.empty() ? "" : ", ") + written;
    } while (scanner.sign(','));
    if (!scanner.sign(')') || !scanner.word("values") || !scanner.sign('(')) return std::nullopt;
    for (std::size_t i = 1; i <= out.names_.size(); ++i) {
        if ((i > 1 && !scanner.sign(',')) || !scanner.placeholder(i)) return std::nullopt;
    }
    if (!scanner.sign(')')) return std::nullopt;
    scanner.sign(';');
    return scanner.is_done() ? std::optional(out) : std::nullopt;
}

const char* const CopyTarget::kSuits =
    "SELECT c.relkind = 'r' AND NOT c.relispartition AND NOT c.relhasrules AND NOT c.relrowsecurity"
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

bool CopyRows::append(const std::vector<columns::ColumnReader>& readers, std::int64_t row) {
    append_wire(static_cast<std::int16_t>(readers.size()), out_);
    for (std::size_t i = 0; i < readers.size(); ++i) {
        const kdeps_cell cell = readers[i].cell(row, scratch_);
        const std::size_t at = out_.size();
        append_wire(std::int32_t{-1}, out_);
        if (cell.kind == KDEPS_NULL) continue;
        if (!encode(cell, kinds_[i], out_)) return false;
        std::string length;
        append_wire(static_cast<std::int32_t>(out_.size() - at - 4), length);
        out_.replace(at, 4, length);
    }
    ++rows_;
    return true;
}

std::string_view CopyRows::seal() {
    append_wire(std::int16_t{-1}, out_);
    return out_;
}

void CopyRows::clear() {
    out_.assign("PGCOPY\n\377\r\n\0", 11);
    append_wire(std::int32_t{0}, out_);  // flags
    append_wire(std::int32_t{0}, out_);  // no extension of the header
    rows_ = 0;
}

}  // namespace kdeps::postgres

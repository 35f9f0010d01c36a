// SPDX-License-Identifier: Apache-2.0
#include "core/config/node.hpp"

#include <yaml-cpp/yaml.h>
#include <algorithm>
#include <charconv>
#include <sstream>

#include "core/config/diagnostics.hpp"

namespace kdeps::config {

namespace {

constexpr std::size_t kLargestFile = 4 << 20;
constexpr std::size_t kDeepest = 100;
constexpr std::size_t kMostNodes = 1'000'000;

// The web pages of the documents wrap a value in <span v-pre>...</span>; who copies it means what stands inside.
constexpr std::string_view kSpanOpen = "<span v-pre>";
constexpr std::string_view kSpanClose = "</span>";

class Reader {
public:
    Reader(std::string_view text, const std::string& file, Diagnostics& faults) : file_(file), faults_(faults) {
        std::size_t start = 0;
        while (start <= text.size()) {
            const std::size_t end = std::min(text.find('\n', start), text.size());
            lines_.push_back(text.substr(start, end - start));
            start = end + 1;
        }
    }

    Node convert(const YAML::Node& yaml, std::size_t depth) {
        Node node;
        node.position = place(yaml.Mark());
        if (++nodes_ > kMostNodes || depth > kDeepest) {
            throw Error(Status::invalid_argument,
                        depth > kDeepest ? "the document is nested deeper than 100 levels"
                                         : "the document has more than 1,000,000 nodes after its aliases are followed",
                        node.position);
        }
        switch (yaml.Type()) {
            case YAML::NodeType::Undefined:
            case YAML::NodeType::Null: break;
            case YAML::NodeType::Scalar: read_scalar(yaml, node); break;
            case YAML::NodeType::Sequence:
                node.kind = Node::Kind::list;
                for (const YAML::Node& element : yaml) {
                    node.children.push_back(convert(element, depth + 1));
                }
                break;
            case YAML::NodeType::Map: read_map(yaml, node, depth); break;
        }
        return node;
    }

    Position place(const YAML::Mark& mark) const {
        if (mark.line < 0) {
            return {file_, 0, 0};
        }
        // yaml-cpp counts bytes, people count characters.
        const auto line = static_cast<std::size_t>(mark.line);
        const std::string_view text =
            line < lines_.size() ? lines_[line].substr(0, static_cast<std::size_t>(mark.column)) : std::string_view();
        const auto characters = std::count_if(text.begin(), text.end(),
                                              [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
        return {file_, mark.line + 1,
                static_cast<int>(std::max<std::ptrdiff_t>(characters, text.empty() ? mark.column : 0)) + 1};
    }

private:
    void read_scalar(const YAML::Node& yaml, Node& node) {
        node.kind = Node::Kind::scalar;
        node.text = yaml.Scalar();
        node.is_quoted = yaml.Tag() == "!";
        const auto line = static_cast<std::size_t>(std::max(yaml.Mark().line, 0));
        const auto column = static_cast<std::size_t>(std::max(yaml.Mark().column, 0));
        const char first = line < lines_.size() && column < lines_[line].size() ? lines_[line][column] : '\0';
        node.is_block = node.is_quoted && (first == '|' || first == '>');
        read_runs(node, line, column, first);
        if (!node.is_quoted && node.text.starts_with(kSpanOpen) && node.text.ends_with(kSpanClose)) {
            faults_.note("'<span v-pre>' of the web page around the value is ignored", node.position);
            std::string inner =
                node.text.substr(kSpanOpen.size(), node.text.size() - kSpanOpen.size() - kSpanClose.size());
            try {
                node.text = YAML::Load(inner).as<std::string>();
                node.is_quoted = inner.starts_with('"') || inner.starts_with('\'');
            } catch (const YAML::Exception&) {
                node.text = inner;
            }
            node.position.column += static_cast<int>(kSpanOpen.size());
            node.runs.clear();
        }
    }

    void read_runs(Node& node, std::size_t line, std::size_t column, char first) const {
        if (node.is_block) {
            for (std::size_t i = line + 1; i < lines_.size(); ++i) {
                if (const std::size_t indent = lines_[i].find_first_not_of(' '); indent != std::string_view::npos) {
                    node.runs = find_runs(node.text, lines_, i, indent, ScalarStyle::block);
                    return;
                }
            }
            return;
        }
        const ScalarStyle style = !node.is_quoted ? ScalarStyle::plain
                                  : first == '"'  ? ScalarStyle::double_quoted
                                                  : ScalarStyle::single_quoted;
        const std::size_t start = column + (node.is_quoted ? 1 : 0);
        // Most scalars stand in one line as they are.
        if (line < lines_.size() && start <= lines_[line].size() &&
            !lines_[line].substr(start).starts_with(node.text)) {
            node.runs = find_runs(node.text, lines_, line, start, style);
        }
    }

    void read_map(const YAML::Node& yaml, Node& node, std::size_t depth) {
        node.kind = Node::Kind::map;
        std::vector<Node> merged;
        for (const auto& entry : yaml) {
            Node key = convert(entry.first, depth + 1);
            if (key.kind != Node::Kind::scalar) {
                faults_.error("a key must be text", key.position);
                continue;
            }
            Node value = convert(entry.second, depth + 1);
            if (key.text == "<<" && !key.is_quoted) {
                merged.push_back(std::move(value));
                continue;
            }
            if (const Node* first = node.find_key(key.text)) {
                faults_.error("key '" + key.text + "' stands here a second time; the first is in line " +
                                  std::to_string(first->position.line),
                              key.position);
                continue;
            }
            if (node.position.line == 0 || node.keys.empty()) {
                node.position = key.position;
            }
            node.keys.push_back(std::move(key));
            node.children.push_back(std::move(value));
        }
        for (Node& source : merged) {
            merge(source, node);
        }
    }

    void merge(Node& source, Node& node) {
        if (source.kind == Node::Kind::list) {
            for (Node& element : source.children) {
                merge(element, node);
            }
        } else if (source.kind == Node::Kind::map) {
            for (std::size_t i = 0; i < source.keys.size(); ++i) {
                if (node.find_key(source.keys[i].text) == nullptr) {
                    node.keys.push_back(source.keys[i]);
                    node.children.push_back(source.children[i]);
                }
            }
        } else {
            faults_.error("'<<' merges a map or a list of maps", source.position);
        }
    }

    const std::string& file_;
    Diagnostics& faults_;
    std::vector<std::string_view> lines_;
    std::size_t nodes_ = 0;
};

}  // namespace

const Node* Node::find(std::string_view key) const {
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (keys[i].text == key) return &children[i];
    }
    return nullptr;
}

const Node* Node::find_key(std::string_view key) const {
    for (const Node& candidate : keys) {
        if (candidate.text == key) return &candidate;
    }
    return nullptr;
}

Position Node::position_of(std::size_t offset) const {
    Position at = position;
    const std::string_view before = std::string_view(text).substr(0, std::min(offset, text.size()));
    const auto characters = [](std::string_view t) {
        return static_cast<int>(
            std::count_if(t.begin(), t.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
    };
    const auto next = std::find_if(runs.begin(), runs.end(), [&](const TextRun& run) { return run.offset > offset; });
    if (next == runs.begin()) {
        at.column += (is_quoted ? 1 : 0) + characters(before);
    } else {
        const TextRun& run = *std::prev(next);
        at.line = run.line;
        at.column = run.column + characters(before.substr(std::min(run.offset, before.size())));
    }
    return at;
}

value::Value Node::scalar() const {
    if (kind == Kind::null) return {};
    if (is_quoted) return value::Value(text);
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return {};
    if (text == "true" || text == "True" || text == "TRUE") return true;
    if (text == "false" || text == "False" || text == "FALSE") return false;
    const std::string_view digits = text.starts_with('+') ? std::string_view(text).substr(1) : std::string_view(text);
    const char* end = digits.data() + digits.size();
    std::int64_t integer = 0;
    if (const auto [stop, failed] = std::from_chars(digits.data(), end, integer);
        failed == std::errc() && stop == end) {
        return integer;
    }
    if (value::is_number_text(digits)) {
        return value::number_of_text(digits);
    }
    return value::Value(text);
}

std::vector<Node> read_yaml(std::string_view text, const std::string& file, Diagnostics& faults) {
    faults.add_source(file, text);
    std::vector<Node> documents;
    if (text.size() > kLargestFile) {
        faults.error("the file is larger than 4 MiB", {file, 0, 0});
        return documents;
    }
    if (!is_valid_utf8(text)) {
        faults.error("the file is not valid UTF-8", {file, 0, 0});
        return documents;
    }
    Reader reader(text, file, faults);
    try {
        for (const YAML::Node& yaml : YAML::LoadAll(std::string(text))) {
            Node document = reader.convert(yaml, 0);
            if (document.kind != Node::Kind::null) {
                documents.push_back(std::move(document));
            }
        }
    } catch (const YAML::Exception& error) {
        faults.error("YAML: " + error.msg, reader.place(error.mark));
    } catch (const Error& error) {
        faults.error(error.message, error.position);
    }
    return documents;
}

}  // namespace kdeps::config

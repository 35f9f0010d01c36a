// SPDX-License-Identifier: Apache-2.0
// What comes into settings from outside of the file: ${NAME}, .env, connections given by environment or flag.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "core/workflow/fields.hpp"

namespace kdeps::workflow {

using config::Node;

namespace {

constexpr std::string_view kPrefix = "KDEPS_CONNECTION_";

bool is_name_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// NAME=value lines; 'export', comments and quotes as shells have them.
std::map<std::string, std::string> read_env_file(const std::filesystem::path& file) {
    std::map<std::string, std::string> out;
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) {
        const std::size_t start = line.find_first_not_of(" \t");
        if (start == std::string::npos || line[start] == '#') continue;
        std::string_view rest = std::string_view(line).substr(start);
        if (rest.starts_with("export ")) rest.remove_prefix(7);
        const std::size_t equals = rest.find('=');
        if (equals == std::string_view::npos) continue;
        std::string_view name = rest.substr(0, equals);
        while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
        std::string_view value = rest.substr(equals + 1);
        while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
        while (!value.empty() && (value.back() == '\r' || value.back() == ' ' || value.back() == '\t'))
            value.remove_suffix(1);
        if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front()) {
            value = value.substr(1, value.size() - 2);
        } else if (const std::size_t comment = value.find(" #"); comment != std::string_view::npos) {
            value = value.substr(0, comment);
        }
        out[std::string(name)] = std::string(value);
    }
    return out;
}

std::string substituted(const std::string& text, const std::map<std::string, std::string>& file,
                        std::set<std::string>& missing) {
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t open = text.find("${", at);
        if (open == std::string::npos) break;
        if (open > at && text[open - 1] == '$') {  // $${ is a plain ${
            out.append(text, at, open - 1 - at);
            out += "${";
            at = open + 2;
            continue;
        }
        std::size_t end = open + 2;
        while (end < text.size() && is_name_character(text[end])) ++end;
        const std::string name = text.substr(open + 2, end - open - 2);
        const std::size_t close = text.find('}', end);
        const bool has_default = text.compare(end, 2, ":-") == 0;
        if (name.empty() || close == std::string::npos || (!has_default && close != end)) {
            out.append(text, at, open + 2 - at);
            at = open + 2;
            continue;
        }
        out.append(text, at, open - at);
        const char* value = std::getenv(name.c_str());
        const auto in_file = file.find(name);
        if (value != nullptr) {
            out += value;
        } else if (in_file != file.end()) {
            out += in_file->second;
        } else if (has_default) {
            out.append(text, end + 2, close - end - 2);
        } else {
            missing.insert(name);
        }
        at = close + 1;
    }
    return out.append(text, at);
}

void substitute(Node& node, const std::map<std::string, std::string>& file, std::set<std::string>& missing) {
    if (node.text.find("${") != std::string::npos) {
        node.text = substituted(node.text, file, missing);
    }
    for (Node& child : node.children) {
        substitute(child, file, missing);
    }
}

std::string variable_name(std::string_view connection) {
    std::string out(kPrefix);
    for (const char c : connection) {
        const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
        out += is_plain ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : '_';
    }
    return out;
}

Node text_node(std::string text, Position position) {
    Node node;
    node.kind = Node::Kind::scalar;
    node.text = std::move(text);
    node.is_quoted = true;
    node.position = std::move(position);
    return node;
}

// The child under `key`, made (as `kind`) if it is not there.
Node& child(Node& map, const std::string& key, Node made) {
    for (std::size_t i = 0; i < map.keys.size(); ++i) {
        if (map.keys[i].text == key) return map.children[i];
    }
    map.kind = Node::Kind::map;
    map.keys.push_back(text_node(key, made.position));
    map.children.push_back(std::move(made));
    return map.children.back();
}

void set_connection(Node& connections, const std::string& name, const std::string& url, const std::string& origin) {
    Node empty;
    empty.kind = Node::Kind::map;
    empty.position.file = origin;
    Node& entry = child(connections, name, empty);
    Node& text = child(entry, "connection", text_node("", {origin, 0, 0}));
    text = text_node(url, {origin, 0, 0});
}

}  // namespace

void substitute_environment(Node& node, const std::filesystem::path& folder, std::set<std::string>& missing) {
    substitute(node, read_env_file(folder / ".env"), missing);
}

void override_connections(Node& settings, const std::map<std::string, std::string>& given) {
    std::map<std::string, std::string> urls;  // by connection name
    const Node* declared = settings.find("sqlConnections");
    std::set<std::string> used;
    if (declared != nullptr) {
        for (const Node& key : declared->keys) {
            const std::string variable = variable_name(key.text);
            if (const char* url = std::getenv(variable.c_str())) {
                urls[key.text] = url;
                used.insert(variable);
            }
        }
    }
    // A connection that the file does not declare at all.
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const std::size_t equals = text.find('=');
        if (text.starts_with(kPrefix) && equals != std::string_view::npos &&
            !used.contains(std::string(text.substr(0, equals)))) {
            std::string name(text.substr(kPrefix.size(), equals - kPrefix.size()));
            std::transform(name.begin(), name.end(), name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
            urls[name] = std::string(text.substr(equals + 1));
        }
    }
    if (urls.empty() && given.empty()) return;
    Node empty;
    empty.kind = Node::Kind::map;
    empty.position = settings.position;
    Node& connections = child(settings, "sqlConnections", empty);
    if (connections.kind == Node::Kind::null) connections.kind = Node::Kind::map;
    for (const auto& [name, url] : urls) {
        set_connection(connections, name, url, variable_name(name));
    }
    for (const auto& [name, url] : given) {
        set_connection(connections, name, url, "--connection");
    }
}

}  // namespace kdeps::workflow

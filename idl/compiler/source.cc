#include "source.h"

#include <cctype>
#include <fstream>
#include <sstream>

namespace idlc {

bool Source::load(const std::string& path) {
    path_ = path;
    std::ifstream file(path, std::ios::binary);
    if (!file) return false;
    std::stringstream content;
    content << file.rdbuf();
    parse(content.str());
    return true;
}

void Source::parse(std::string_view text) {
    split(text);
    index();
}

void Source::split(std::string_view text) {
    int line = 1;
    std::size_t at = 0;
    auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.'; };
    while (at < text.size()) {
        char c = text[at];
        if (c == '\n') {
            ++line;
            ++at;
        } else if (text.substr(at, 2) == "//") {
            while (at < text.size() && text[at] != '\n') ++at;
        } else if (text.substr(at, 2) == "/*") {
            for (at += 2; at < text.size() && text.substr(at, 2) != "*/"; ++at)
                if (text[at] == '\n') ++line;
            at += 2;
        } else if (c == '"') {
            Token token{"", line, true};
            for (++at; at < text.size() && text[at] != '"'; ++at) {
                if (text[at] == '\\') ++at;
                if (at < text.size()) token.text += text[at];
            }
            ++at;
            tokens_.push_back(token);
        } else if (is_word(c)) {
            Token token{"", line};
            while (at < text.size() && is_word(text[at])) token.text += text[at++];
            tokens_.push_back(token);
        } else {
            if (!std::isspace(static_cast<unsigned char>(c))) tokens_.push_back({std::string(1, c), line});
            ++at;
        }
    }
}

void Source::index() {
    std::string name_space;
    for (std::size_t at = 0; at < tokens_.size();) {
        if (is(at, "include") && at + 1 < tokens_.size() && tokens_[at + 1].is_string) {
            includes_.push_back(tokens_[at + 1].text);
            at += 2;
        } else if (is(at, "namespace") && at + 1 < tokens_.size()) {
            name_space = is(at + 1, ";") ? "" : tokens_[at + 1].text;
            at += 2;
        } else if ((is(at, "table") || is(at, "struct") || is(at, "enum") || is(at, "union") ||
                    is(at, "rpc_service")) &&
                   at + 1 < tokens_.size()) {
            at = index_declaration(at, name_space);
        } else {
            ++at;
        }
    }
}

// From the keyword to behind the closing brace. Members are the names at depth one that a ':' (field), '(' (call), '='
// or ',' (value) follows, outside of attributes.
std::size_t Source::index_declaration(std::size_t at, const std::string& name_space) {
    bool is_service = is(at, "rpc_service");
    bool is_list = is(at, "enum") || is(at, "union");
    const Token& name = tokens_[at + 1];
    Declaration declaration{name.line, {}, {}};
    at += 2;
    for (; at < tokens_.size() && !is(at, "{"); ++at)
        if (is_service && is(at, "id") && is(at + 1, ":") && at + 2 < tokens_.size())
            service_ids_.push_back({tokens_[at + 2].text, name.text, name.line});

    int parentheses = 0;
    bool at_start = true;  // of a member
    for (++at; at < tokens_.size() && !is(at, "}"); ++at) {
        if (parentheses == 0 && at_start && !tokens_[at].is_string &&
            (is(at + 1, ":") || is(at + 1, "(") || is(at + 1, "=") || is(at + 1, ",") || is(at + 1, "}"))) {
            declaration.members.emplace(tokens_[at].text, tokens_[at].line);
            if (is(at + 1, ":") && is(at + 3, "=")) declaration.defaults.emplace(tokens_[at].text, default_at(at + 4));
        }
        at_start = false;
        if (is(at, "(")) ++parentheses;
        if (is(at, ")")) --parentheses;
        if (parentheses == 0 && (is(at, ";") || (is_list && is(at, ",")))) at_start = true;
    }
    declarations_.emplace(name_space.empty() ? name.text : name_space + "." + name.text, declaration);
    return at + 1;
}

std::string Source::default_at(std::size_t at) const {
    std::string text;
    for (; at < tokens_.size() && !is(at, ";") && !is(at, "("); ++at) text += tokens_[at].text;
    return text;
}

int Source::line_of(std::string_view full_name) const {
    auto found = declarations_.find(std::string(full_name));
    return found == declarations_.end() ? 1 : found->second.line;
}

int Source::line_of(std::string_view full_name, std::string_view member) const {
    auto found = declarations_.find(std::string(full_name));
    if (found == declarations_.end()) return 1;
    auto line = found->second.members.find(std::string(member));
    return line == found->second.members.end() ? found->second.line : line->second;
}

std::string Source::default_of(const std::string& full_name, const std::string& field) const {
    auto found = declarations_.find(full_name);
    if (found == declarations_.end()) return "";
    auto text = found->second.defaults.find(field);
    return text == found->second.defaults.end() ? "" : text->second;
}

}  // namespace idlc

// Where things stand in a schema's text. Reflection has no lines, so they are found by name: the text is split into
// tokens (comments and strings are recognised, nothing else is understood), and declarations and their members are
// indexed. flatc has parsed the same text before, so it is well formed.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace idlc {

class Source {
public:
    // False if the file cannot be read.
    bool load(const std::string& path);
    // The text itself; it need not be a schema.
    void parse(std::string_view text);

    const std::string& path() const { return path_; }
    // `full_name` is dotted: namespace and name. 1 if it is not declared here.
    int line_of(std::string_view full_name) const;
    // A field, value or call of a declaration; the declaration's own line if there is no such member.
    int line_of(std::string_view full_name, std::string_view member) const;
    // What stands behind the '=' of a scalar field, without blanks but those in a string; empty if nothing does.
    std::string default_of(const std::string& full_name, const std::string& field) const;
    bool declares(std::string_view full_name) const { return declarations_.contains(std::string(full_name)); }

    const std::vector<std::string>& includes() const { return includes_; }
    struct ServiceId {
        std::string id;
        std::string service;
        int line;
    };
    // The `id:"N"` of each rpc_service, unchecked.
    const std::vector<ServiceId>& service_ids() const { return service_ids_; }

private:
    struct Token {
        std::string text;  // of a string: its content
        int line;
        bool is_string = false;
    };
    struct Declaration {
        int line;
        std::map<std::string, int> members;
        std::map<std::string, std::string> defaults;
    };
    void split(std::string_view text);
    void index();
    std::string default_at(std::size_t at) const;
    std::size_t index_declaration(std::size_t at, const std::string& name_space);
    bool is(std::size_t at, std::string_view text) const {
        return at < tokens_.size() && !tokens_[at].is_string && tokens_[at].text == text;
    }

    std::string path_;
    std::vector<Token> tokens_;
    std::map<std::string, Declaration> declarations_;
    std::vector<std::string> includes_;
    std::vector<ServiceId> service_ids_;
};

}  // namespace idlc

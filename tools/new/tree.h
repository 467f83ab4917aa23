// What the source tree has already: everything that a new component could collide with.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

namespace eft::fresh {

// Its text is one line.
struct Refusal : std::runtime_error {
    using std::runtime_error::runtime_error;
};

std::string read_file(const std::filesystem::path& path);

class SourceTree {
public:
    explicit SourceTree(const std::filesystem::path& top);

    const std::filesystem::path& top() const { return top_; }
    bool has(const std::string& path) const { return std::filesystem::exists(top_ / path); }

    // Who uses it, as "FILE" or "FILE has a …"; empty: nobody.
    std::string user_of_target(const std::string& target) const;
    std::string user_of_service(const std::string& name) const;      // in any manifest: name, program or what it provides
    std::string user_of_interface(const std::string& name) const;    // rpc_service WordCount
    std::string user_of_schema(const std::string& name) const;       // NAME.fbs, wherever: all headers lie in one folder
    std::string user_of_namespace(const std::string& name) const;    // of a schema, or a name of libos

    // The lowest interface number from 100 on, below which the system's own are, that no schema has.
    unsigned free_interface_id() const;

private:
    using Users = std::map<std::string, std::string>;  // name -> file
    static std::string user(const Users& users, const std::string& name);
    void read_build_file(const std::string& path, const std::string& text);
    void read_schema(const std::string& path, const std::string& text);
    void read_manifest(const std::string& path, const std::string& text);
    void read_header(const std::string& path, const std::string& text);

    std::filesystem::path top_;
    Users targets_, services_, interfaces_, namespaces_, schemas_;
    std::set<unsigned> ids_;
};

// The CMake targets that a CMakeLists.txt names first in a command.
std::set<std::string> targets_in(const std::string& build_file);

}  // namespace eft::fresh

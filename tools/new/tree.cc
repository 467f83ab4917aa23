#include "tree.h"

#include <nlohmann/json.hpp>

#include <fstream>
#include <functional>
#include <iterator>
#include <regex>

namespace eft::fresh {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kFirstFreeId = 100;

// Calls use(first captured group) for each match in the text.
template <class Use>
void for_each_match(const std::string& text, const std::regex& pattern, Use use) {
    for (auto match = std::sregex_iterator(text.begin(), text.end(), pattern); match != std::sregex_iterator(); ++match) use((*match)[1].str());
}

// "name", "program" and "provides" wherever they stand: a whole manifest, or the changes to one.
void for_each_service_name(const nlohmann::json& value, const std::function<void(const std::string&)>& use) {
    if (value.is_array()) {
        for (const auto& each : value) for_each_service_name(each, use);
    }
    if (!value.is_object()) return;
    for (const auto& [key, part] : value.items()) {
        if ((key == "name" || key == "program") && part.is_string()) use(part.get<std::string>());
        if (key == "provides" && part.is_array()) {
            for (const auto& each : part)
                if (each.is_string()) use(each.get<std::string>());
        }
        for_each_service_name(part, use);
    }
}

}  // namespace

std::string read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw Refusal(path.string() + ": cannot be read");
    return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> targets_in(const std::string& build_file) {
    static const std::regex pattern("\\b(?:eft|add)_[a-z_]+\\(\\s*(?:NAME\\s+)?([A-Za-z0-9_.+-]+)");
    std::set<std::string> targets;
    for_each_match(build_file, pattern, [&](const std::string& target) { targets.insert(target); });
    return targets;
}

SourceTree::SourceTree(const fs::path& top) : top_(top) {
    for (auto entry = fs::recursive_directory_iterator(top); entry != fs::recursive_directory_iterator(); ++entry) {
        const std::string name = entry->path().filename().string();
        const std::string path = entry->path().lexically_relative(top).string();
        if (entry->is_directory()) {
            if (name.starts_with(".") || path == "build" || path == "templates") entry.disable_recursion_pending();
            continue;
        }
        const bool manifest = path == "images/manifest/manifest.json" || (path.starts_with("tests/") && name.ends_with(".json"));
        const bool header = (path.starts_with("libos/include/eft/") || path.starts_with("kernel/include/eft/")) && name.ends_with(".h");
        if (name == "CMakeLists.txt" || name.ends_with(".cmake")) read_build_file(path, read_file(entry->path()));
        if (name.ends_with(".fbs")) read_schema(path, read_file(entry->path()));
        if (manifest) read_manifest(path, read_file(entry->path()));
        if (header) read_header(path, read_file(entry->path()));
    }
}

void SourceTree::read_build_file(const std::string& path, const std::string& text) {
    for (const std::string& target : targets_in(text)) targets_.emplace(target, path);
}

void SourceTree::read_schema(const std::string& path, const std::string& text) {
    schemas_.emplace(fs::path(path).stem().string(), path);
    static const std::regex space("(?:^|\n)\\s*namespace\\s+eft\\.([a-z0-9_]+)"), service("\\brpc_service\\s+([A-Za-z0-9_]+)"),
        id("\\brpc_service\\s+[^{]*\\bid\\s*:\\s*\"([0-9]{1,5})\"");
    for_each_match(text, space, [&](const std::string& name) { namespaces_.emplace(name, path); });
    for_each_match(text, service, [&](const std::string& name) { interfaces_.emplace(name, path); });
    for_each_match(text, id, [&](const std::string& number) { ids_.insert(static_cast<unsigned>(std::stoul(number))); });
}

void SourceTree::read_manifest(const std::string& path, const std::string& text) {
    const auto json = nlohmann::json::parse(text, nullptr, false);
    for_each_service_name(json, [&](const std::string& name) { services_.emplace(name, path); });
}

// What a line that is not indented declares is a name of namespace eft, or of one below it: in Eft's layout the bodies
// of namespaces are not indented.
void SourceTree::read_header(const std::string& path, const std::string& text) {
    static const std::regex function("(?:^|\n)[A-Za-z\\[][^\n(]*?([a-z0-9_]+)\\("),
        named("(?:^|\n)(?:[a-z][^\n(={]*\\s)?(?:namespace|struct|class|union|enum|concept|using)\\s+(?:class\\s+)?(?:eft::)?([a-z0-9_]+)\\b");
    for_each_match(text, function, [&](const std::string& name) { namespaces_.emplace(name, path); });
    for_each_match(text, named, [&](const std::string& name) { namespaces_.emplace(name, path); });
}

std::string SourceTree::user(const Users& users, const std::string& name) {
    const auto found = users.find(name);
    return found == users.end() ? std::string() : found->second;
}

std::string SourceTree::user_of_target(const std::string& target) const { return user(targets_, target); }
std::string SourceTree::user_of_service(const std::string& name) const { return user(services_, name); }
std::string SourceTree::user_of_interface(const std::string& name) const { return user(interfaces_, name); }
std::string SourceTree::user_of_schema(const std::string& name) const { return user(schemas_, name); }
std::string SourceTree::user_of_namespace(const std::string& name) const { return user(namespaces_, name); }

unsigned SourceTree::free_interface_id() const {
    unsigned id = kFirstFreeId;
    while (ids_.contains(id)) ++id;
    return id;
}

}  // namespace eft::fresh

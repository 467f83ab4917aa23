#include "overlay.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace eft::manifest_overlay {
namespace {

constexpr std::size_t kMaxDepth = 8;

class Overlay {
public:
    Overlay(const std::string& path, const Json& changes, Json& services) : path_(path), changes_(changes), services_(services) {}

    void apply() {
        for (const auto& [key, value] : changes_.items()) {
            if (key != "base" && key != "without" && key != "change" && key != "add") fail("unknown key " + key);
        }
        for (const Json& name : list("without")) services_.erase(existing(name));
        for (const Json& change : list("change")) {
            const auto entry = existing(change.at("name"));
            for (const auto& [field, value] : change.items()) {
                if (value.is_null()) {
                    if (entry->erase(field) == 0) fail(name_of(*entry) + " has no " + field);
                } else {
                    (*entry)[field] = value;
                }
            }
        }
        for (const Json& entry : list("add")) add(entry);
    }

private:
    [[noreturn]] void fail(const std::string& what) const { throw OverlayError(path_ + ": " + what); }

    Json list(const char* key) const { return changes_.contains(key) ? changes_.at(key) : Json::array(); }
    static std::string name_of(const Json& entry) { return entry.at("name").get<std::string>(); }

    Json::iterator find(const std::string& name) {
        return std::find_if(services_.begin(), services_.end(), [&](const Json& entry) { return name_of(entry) == name; });
    }
    Json::iterator existing(const std::string& name) {
        const auto found = find(name);
        if (found == services_.end()) fail("the base has no service " + name);
        return found;
    }
    void add(Json entry) {
        const std::string name = name_of(entry);
        if (!entry.contains("copies")) return append(std::move(entry));
        const unsigned copies = entry.at("copies").get<unsigned>();
        entry.erase("copies");
        if (!entry.contains("program")) entry["program"] = name;
        for (unsigned copy = 0; copy < copies; ++copy) {
            entry["name"] = name + "_" + std::to_string(copy);
            append(entry);
        }
    }
    void append(Json entry) {
        if (find(name_of(entry)) != services_.end()) fail("the base has a service " + name_of(entry) + " already");
        services_.push_back(std::move(entry));
    }

    const std::string& path_;
    const Json& changes_;
    Json& services_;
};

Json read_file(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw OverlayError(path + ": cannot be read");
    return Json::parse(file);
}

}  // namespace

Json load(const std::string& path, std::vector<std::string>& read) {
    if (read.size() == kMaxDepth) throw OverlayError(path + ": a base of a base of a base…");
    read.push_back(path);
    try {
        const Json changes = read_file(path);
        if (!changes.contains("base")) return changes;
        const std::filesystem::path base = std::filesystem::path(path).parent_path() / changes.at("base").get<std::string>();
        Json whole = load(base.lexically_normal().string(), read);
        Overlay(path, changes, whole.at("services")).apply();
        return whole;
    } catch (const Json::exception& error) {
        throw OverlayError(path + ": " + error.what());
    }
}

}  // namespace eft::manifest_overlay

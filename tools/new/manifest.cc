#include "manifest.h"

#include "tree.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace eft::fresh {
namespace {

using Json = nlohmann::ordered_json;

Json parse(const std::string& text) {
    try {
        Json json = Json::parse(text);
        if (!json.at("services").is_array()) throw Refusal("the manifest has no list of services");
        return json;
    } catch (const Json::exception& error) {
        throw Refusal(std::string("the manifest: ") + error.what());
    }
}

}  // namespace

std::string with_entry(const std::string& manifest, const std::string& entry) {
    Json whole = parse(manifest);
    const Json made = Json::parse(entry);
    Json& services = whole.at("services");
    const auto of_its_kind = [&](const Json& other) { return other.value("kind", "Server") == made.value("kind", "Server"); };
    const auto last = std::find_if(services.rbegin(), services.rend(), of_its_kind);
    services.insert(services.begin() + (services.rend() - last), made);
    for (Json& service : services) {
        if (service.value("name", "") != "monitor") continue;
        for (const Json& provided : made.at("provides")) service["connects"].push_back(provided);
    }
    return whole.dump(2) + "\n";
}

unsigned free_device_index(const std::string& manifest, const std::string& entry) {
    const Json made = Json::parse(entry);
    if (!made.contains("device")) return 0;
    const std::string match = made.at("device").at("match");
    std::set<unsigned> taken;
    const Json whole = parse(manifest);
    for (const Json& service : whole.at("services")) {
        if (service.contains("device") && service.at("device").value("match", "") == match) taken.insert(service.at("device").value("index", 0u));
    }
    unsigned index = 0;
    while (taken.contains(index)) ++index;
    return index;
}

unsigned usual_priority(const std::string& manifest, const std::string& kind) {
    std::map<unsigned, unsigned> votes;
    const Json whole = parse(manifest);
    for (const Json& service : whole.at("services"))
        if (service.value("kind", "Server") == kind) ++votes[service.at("priority").get<unsigned>()];
    if (votes.empty()) throw Refusal("the manifest has no " + kind + " whose priority could be taken");
    return std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; })->first;
}

}  // namespace eft::fresh

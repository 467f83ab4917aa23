#include "monitor/held.h"

#include "monitor/rpc/boot_files.h"

#include <algorithm>

namespace eft::monitor {
namespace {

using manifest::Service;

bool provides(const Service& service, std::string_view name) {
    return service.provides() && std::any_of(service.provides()->begin(), service.provides()->end(), [&](const auto* each) { return text(each) == name; });
}

struct Held {
    const Service* service = nullptr;
    rs::ServiceState state = rs::ServiceState::None;
};

// Among those with this name, or that provide it. `depth`: the manifest may have circles, whose services rs refuses.
Held find_held(rs::RsClient<>& supervisor, const manifest::Manifest& manifest, std::string_view name, unsigned depth) {
    if (depth == 0) return {};
    for (const Service* service : *manifest.services()) {
        if (text(service->name()) != name && !provides(*service, name)) continue;
        const auto info = supervisor.info({text(service->name())});
        if (!info.ok() || info->incarnation() == 0) continue;  // one that has never run has not been stopped
        const rs::ServiceState state = info->state();
        if (state == rs::ServiceState::Held || state == rs::ServiceState::Down) return {service, state};
        if (!service->connects()) continue;
        for (const auto* each : *service->connects()) {
            const std::string_view called = text(each).substr(0, text(each).find(':'));
            if (const Held held = find_held(supervisor, manifest, called, depth - 1); held.service) return held;
        }
    }
    return {};
}

}  // namespace

std::string held_text(rs::RsClient<>& supervisor, std::string_view service) {
    constexpr unsigned kDeepest = 8;
    std::string words = to_string(Error::ServiceHeld);
    const Result<const manifest::Manifest*> manifest = system_manifest();
    if (!manifest.ok()) return words;
    const Held held = find_held(supervisor, **manifest, service, kDeepest);
    if (!held.service) return words;
    const std::string name(text(held.service->name()));
    words.append(" (").append(name).append(held.state == rs::ServiceState::Held ? " failed too often" : " is down");
    return words.append("; service start ").append(name).append(" starts it)");
}

}  // namespace eft::monitor

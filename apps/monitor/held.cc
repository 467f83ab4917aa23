#include "monitor/held.h"

#include "monitor/rpc/boot_files.h"

#include <algorithm>

namespace eft::monitor {
namespace {

using manifest::Service;

const Service* entry_of(const manifest::Manifest& manifest, std::string_view name) {
    if (const Service* provider = provider_of(manifest, name)) return provider;
    for (const Service* each : *manifest.services())
        if (text(each->name()) == name) return each;
    return nullptr;
}

rs::ServiceState state_of(rs::RsClient<>& supervisor, const Service& service) {
    const auto info = supervisor.info({text(service.name())});
    return info.ok() ? info->state() : rs::ServiceState::None;
}

struct Held {
    const Service* service = nullptr;
    rs::ServiceState state = rs::ServiceState::None;
};

// `depth`: the manifest may have circles, whose services rs refuses.
Held find_held(rs::RsClient<>& supervisor, const manifest::Manifest& manifest, std::string_view name, unsigned depth) {
    const Service* service = entry_of(manifest, name);
    if (!service || depth == 0) return {};
    const rs::ServiceState state = state_of(supervisor, *service);
    if (state == rs::ServiceState::Held || state == rs::ServiceState::Down) return {service, state};
    if (!service->connects()) return {};
    for (const auto* each : *service->connects()) {
        const std::string_view called = text(each).substr(0, text(each).find(':'));
        if (const Held held = find_held(supervisor, manifest, called, depth - 1); held.service) return held;
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

#include "monitor/failure.h"

#include "monitor/rpc/boot_files.h"

#include <eft/process.h>
#include <eft/service_config.h>

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
Held find_held(Supervisor& supervisor, const manifest::Manifest& manifest, std::string_view name, unsigned depth) {
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

std::string held_text(Supervisor& supervisor, const manifest::Manifest& manifest, std::string_view service) {
    constexpr unsigned kDeepest = 8;
    std::string words = to_string(Error::ServiceHeld);
    const Held held = find_held(supervisor, manifest, service, kDeepest);
    if (!held.service) return words;
    const std::string name(text(held.service->name()));
    words.append(" (").append(name).append(held.state == rs::ServiceState::Held ? " failed too often" : " is down");
    return words.append("; service start ").append(name).append(" starts it)");
}

std::string expelled_text(const manifest::Manifest& manifest, std::string_view service) {
    const Service* provider = provider_of(manifest, service);
    const std::string_view name = provider ? text(provider->name()) : service;
    std::string words = "session closed (the prompt's requests have killed ";
    return words.append(name).append(" too often; service restart ").append(field_text(config().name)).append(" starts the prompt again)");
}

}  // namespace

Task<std::string> failure_text(Calls& calls, Supervisor& supervisor, std::string_view service, Error error) {
    std::string words = to_string(error);
    const Result<const manifest::Manifest*> manifest = system_manifest();
    if (!manifest.ok()) co_return words;
    if (error == Error::ServiceHeld) words = co_await calls.run([&] { return held_text(supervisor, **manifest, service); });
    if (error == Error::InvalidCapability) words = expelled_text(**manifest, service);
    co_return words;
}

}  // namespace eft::monitor

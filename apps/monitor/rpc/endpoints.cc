#include "monitor/rpc/endpoints.h"

#include <eft/idl/eft.h>
#include <eft/ipc/message_reader.h>
#include <eft/process.h>
#include <eft/syscall.h>

#include <algorithm>

namespace eft::monitor {
namespace {

struct OwnSession {
    std::string_view name;
    WellKnown slot;
};
constexpr OwnSession kOwnSessions[] = {{"mem", WellKnown::Memory}, {"proc", WellKnown::Process}, {"names", WellKnown::Names}};

using Entries = flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>;

// Whether one of these entries of `connects` is for the service: "vault", or "vault:guest".
bool allow(const Entries* entries, std::string_view service) {
    return entries && std::any_of(entries->begin(), entries->end(), [&](const auto* each) { return text(each).substr(0, text(each).find(':')) == service; });
}

}  // namespace

Endpoints::Endpoints(Calls& calls, const Catalogue& catalogue, const manifest::Manifest& manifest)
    : catalogue_(catalogue), manifest_(manifest), broker_(CapHandle(slot(WellKnown::Names))), calls_(calls) {
    for (const manifest::Service* each : *manifest.services())
        if (text(each->name()) == field_text(config().name)) own_ = each;
}

std::vector<EndpointName> Endpoints::list() const {
    std::vector<EndpointName> all;
    for (const OwnSession& each : kOwnSessions) all.push_back({std::string(each.name), true});
    for (u32 i = 0; i < std::min<u32>(config().cap_count, std::size(config().caps)); ++i)
        all.push_back({std::string(field_text(config().caps[i].name)), true});
    for (const manifest::Service* service : *manifest_.services()) {
        if (!service->provides()) continue;
        for (const auto* name : *service->provides()) {
            const auto same = [&](const EndpointName& each) { return !each.providers.empty() && each.name == text(name); };
            auto entry = std::find_if(all.begin(), all.end(), same);
            if (entry == all.end()) entry = all.insert(entry, {name->str(), own_ && allow(own_->connects(), text(name))});
            entry->providers.push_back(service->name()->str());
        }
    }
    return all;
}

// "ext2" is "file/0", if that is all that it provides.
std::string_view Endpoints::published_name(std::string_view name) const {
    for (const manifest::Service* service : *manifest_.services()) {
        const bool one = service->provides() && service->provides()->size() == 1;
        if (one && text(service->name()) == name) return text(service->provides()->Get(0));
    }
    return name;
}

Result<Slot> Endpoints::session(std::string_view name, u64& badge) {
    badge = 0;
    if (const Result<Slot> given = granted(name); given.ok()) return *given;
    for (const OwnSession& each : kOwnSessions)
        if (each.name == name) return slot(each.slot);
    if (name.size() > names::ServiceName::kNameMax) return Error::NotFound;
    names::ServiceName request;
    request.name = name;
    EFT_TRY(names::Session session, broker_.connect(request));
    badge = session.badge;
    return session.session.release();
}

Endpoint* Endpoints::find(std::string_view name) const {
    for (const auto& each : open_)
        if (each->name == name) return each.get();
    return nullptr;
}

Task<Result<Endpoint*>> Endpoints::open(std::string typed) {
    std::string_view name = published_name(typed);
    if (allow(own_ ? own_->connects() : nullptr, typed)) name = typed;
    if (Endpoint* known = find(name)) {
        if (known->slot == Slot::None) {
            EFT_CO_TRY(known->slot, session(name, known->badge));
        }
        co_return known;
    }
    struct Session {
        Endpoints& endpoints;
        std::unique_ptr<Endpoint> endpoint = std::make_unique<Endpoint>();
        ~Session() {
            if (endpoint) endpoints.close(*endpoint);
        }
    };
    Session opened{*this};
    opened.endpoint->name = name;
    EFT_CO_TRY(opened.endpoint->slot, session(name, opened.endpoint->badge));
    EFT_CO_CHECK(co_await ask_interfaces(*opened.endpoint));
    if (Endpoint* meanwhile = find(name)) co_return meanwhile;
    open_.push_back(std::move(opened.endpoint));
    co_return open_.back().get();
}

Result<Endpoint> Endpoints::another(const Endpoint& endpoint) {
    Endpoint other = endpoint;
    other.sequence = 0;
    EFT_TRY(other.slot, session(other.name, other.badge));
    return other;
}

void Endpoints::close(Endpoint& endpoint) {
    if (endpoint.badge == 0) return;
    names::Badge old;
    old.badge = endpoint.badge;
    static_cast<void>(broker_.disconnect(old));
    drop_slot(std::exchange(endpoint.slot, Slot::None));
}

Status Endpoints::reopen(Endpoint& endpoint) {
    if (endpoint.badge == 0) return Error::NotSupported;
    close(endpoint);
    endpoint.sequence = 0;
    EFT_TRY(endpoint.slot, session(endpoint.name, endpoint.badge));
    return {};
}

// Ordinal 0 of a service describes it; where another service is, it is no method.
Task<Error> Endpoints::ask(Slot slot, const descriptor::Service& service) {
    EFT_CO_TRY(Calls::Caller caller, calls_.caller());
    caller.registers().tag = Tag(make_label(service.id(), 0), 0);
    const Error error = co_await caller.make(slot);
    if (error != Error::None) co_return error;
    const ipc::ReceivedCaps dropped = caller.take_caps();
    co_return static_cast<Error>(caller.registers().tag.label());
}

// Of all interfaces that there are, those that answer here. A server may die under the question.
Task<Status> Endpoints::ask_interfaces(Endpoint& endpoint) {
    unsigned deaths = 0;
    for (const descriptor::Service* service : catalogue_.services()) {
        Error error = co_await ask(endpoint.slot, *service);
        while (error == Error::PeerDied && ++deaths < 3) error = co_await ask(endpoint.slot, *service);
        if (error == Error::None) endpoint.interfaces.push_back(service);
        const bool no_answer = error == Error::PeerDied || error == Error::ServiceHeld || error == Error::ServiceFailed ||
                               error == Error::InvalidCapability || error == Error::Busy || error == Error::OutOfMemory;
        if (no_answer) co_return error;
    }
    co_return endpoint.interfaces.empty() ? Status(Error::NotSupported) : Status();
}

}  // namespace eft::monitor

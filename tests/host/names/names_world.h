// names on a Stage, as its clients and rs see it.
#pragma once

#include <stage_case.h>

#include <state.h>

#include <eft/idl/names.h>
#include <eft/invoke.h>
#include <eft/wake.h>

#include <algorithm>
#include <vector>

int eft_main_of_names();

namespace eft::test {

using NamesClient = names::NamesClient<>;
using Kind = names::Names::SessionKind;

inline bool is_there(const CapHandle& cap) {
    const auto info = kernel_object::inspect(slot(WellKnown::Table), cap.slot());
    return info.ok() && info->type != ObjectType::None;
}

// A session that names gave.
struct Session {
    CapHandle cap;
    u64 badge;
    bool is_open() const { return is_there(cap); }
};
struct Admitted {
    u32 id;
    NamesClient client;
    u64 badge;
};

struct World {
    Stage& stage;
    Program& server = stage.add("names", eft_main_of_names,
                                {.priority = Stage::kServerPriority, .state_bytes = page_up(broker::Region::kBytes), .table_bits = 11, .persistent_slots = broker::kPersistentSlots});
    Program& provided = stage.add("provided", [] { return static_cast<int>(wait_for_wake()); });
    NamesClient control = as(raw(names::Names::badge_of(Kind::Control, 6)));

    NamesClient as(u64 badge) { return NamesClient{stage.connect(server, Badge{badge})}; }
    Status publish(NamesClient& by, std::string_view name) {
        const CapHandle endpoint = stage.connect(provided, Badge::None), wake = *make_wake();
        names::Publication publication;
        publication.name = name;
        publication.endpoint = endpoint;
        publication.wake = wake;
        return by.publish(publication).error();
    }
    Status publish(std::string_view name) { return publish(control, name); }
    Admitted admit(std::string_view allowed, std::string_view provides = "", u32 identity = 0) {
        names::Client client;
        client.name = "test";
        client.allowed = allowed;
        client.provides = provides;
        client.identity = identity;
        auto admitted = control.admit(client);
        REQUIRE(admitted.ok());
        CapHandle session(admitted->session.release());
        const u64 badge = kernel_object::inspect(slot(WellKnown::Table), session.slot())->data;
        return {admitted->id, NamesClient{std::move(session)}, badge};
    }
    static names::ServiceName named(std::string_view name) {
        names::ServiceName service;
        service.name = name;
        return service;
    }
    static Result<Session> opened(auto session) {
        if (!session.ok()) return session.error();
        return Session{CapHandle(session->session.release()), session->badge};
    }
    Result<Session> connect(NamesClient& client, std::string_view name) { return opened(client.connect(named(name))); }
    Result<Session> keep(NamesClient& client, std::string_view name) { return opened(client.keep(named(name))); }
    // 0: refused.
    u64 kept_badge(NamesClient& client, std::string_view name) {
        const auto kept = keep(client, name);
        return kept.ok() ? kept->badge : 0;
    }
    void dismiss(u32 id) {
        names::ClientId client;
        client.id = id;
        REQUIRE(control.dismiss(client).ok());
    }
};

inline std::vector<u64> list(const auto& badges) { return {badges->badges.begin(), badges->badges.end()}; }

}  // namespace eft::test

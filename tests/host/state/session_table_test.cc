// Sessions in a state region: opening, finding, changing, and losing only the damaged one. Against a map as a model.
#include "mortal.h"

#include <eft/state/region_commit.h>
#include <eft/state/session_table.h>

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <random>
#include <stdexcept>

using namespace eft;
using namespace eft::test;

[[noreturn]] void eft::panic(const char* text) { throw std::runtime_error(text); }

namespace {

struct Once {
    u16 sequence = 0;
    u64 reply[8] = {};
};
struct Client {
    u64 total = 0;
    Once once;
};
constexpr u32 kSessions = 20;
struct State {
    u64 grand_total = 0;
    SessionTable<Client, kSessions> clients;
};
using Region = StateRegion<State, 1024>;
using Clients = Sessions<Client, kSessions>;
struct Memory {
    alignas(64) std::byte bytes[Region::kBytes] = {};
    std::span<std::byte> span() { return bytes; }
};
struct Server {
    explicit Server(Memory& memory, u64 delivered = 0) : region(memory.span(), 1) {
        outcome = region.recover(delivered);
    }
    Region region;
    RecoveryOutcome outcome;
    Clients clients{region->clients, region.log()};

    void open(u64 badge) {
        auto transaction = region.begin();
        REQUIRE(clients.open(Badge{badge}).ok());
        clients.seal();
        REQUIRE(transaction.commit_now().ok());
    }
};

using Commit = RegionCommit;

}  // namespace

TEST_CASE("sessions against a model, through aborts and new incarnations") {
    auto memory = std::make_unique<Memory>();
    auto server = std::make_unique<Server>(*memory);
    std::map<u64, u64> model;
    std::mt19937 random(11);
    for (int step = 0; step < 20000; ++step) {
        const u64 badge = 1 + random() % 40;
        auto changed = model;
        {
            auto transaction = server->region.begin();
            for (unsigned i = random() % 3; i < 3; ++i) {
                const bool known = changed.contains(badge);
                switch (random() % 3) {
                    case 0: {
                        const Error error = server->clients.open(Badge{badge}, Client{.total = 3, .once = {}}).error();
                        CHECK(error == (known                         ? Error::AlreadyExists
                                        : changed.size() == kSessions ? Error::LimitReached
                                                                      : Error::None));
                        if (error == Error::None) changed[badge] = 3;
                        break;
                    }
                    case 1: {
                        CHECK(server->clients.close(Badge{badge}).ok() == known);
                        changed.erase(badge);
                        break;
                    }
                    default: {
                        auto client = server->clients.edit(Badge{badge});
                        CHECK(client.ok() == known);
                        if (known) changed[badge] = ++(*client)->total;
                    }
                }
            }
            if (random() % 3 != 0) {
                server->clients.seal();
                CHECK(transaction.commit_now().ok());
                model = changed;
            }
        }
        if (random() % 20 == 0) {
            server = std::make_unique<Server>(*memory);
            CHECK(server->outcome == RecoveryOutcome::Kept);
            auto dropped = server->clients.restore();
            REQUIRE(dropped.ok());
            CHECK(*dropped == 0);
        }
        std::map<u64, u64> found;
        server->clients.for_each([&](Badge at, const Client& client) { found[raw(at)] = client.total; });
        REQUIRE(found == model);
        const Client* client = server->clients.find(Badge{badge});
        REQUIRE((client != nullptr) == model.contains(badge));
        if (client) REQUIRE(client->total == model[badge]);
        REQUIRE(server->clients.find(Badge::None) == nullptr);
    }
}

TEST_CASE("a damaged session is dropped, the others stay") {
    auto memory = std::make_unique<Memory>();
    {
        Server server(*memory);
        for (u64 badge : {10, 11, 12, 13, 14}) server.open(badge);
        auto& table = const_cast<SessionTable<Client, kSessions>&>(server.region->clients);
        table.sessions[1].once.reply[7] ^= 1;
        table.badges[2] = 10;
        table.checks[2] = table.computed_check(2);
        table.badges[4] = 99;
    }
    Server server(*memory);
    std::vector<u64> dropped;
    auto count =
        server.clients.restore([](const Client&) { return true; }, [&](Badge badge) { dropped.push_back(raw(badge)); });
    REQUIRE(count.ok());
    CHECK(dropped == std::vector<u64>{11, 10, 99});
    CHECK(server.clients.find(Badge{10}) != nullptr);
    CHECK(server.clients.find(Badge{13}) != nullptr);
    CHECK(server.clients.find(Badge{11}) == nullptr);
    auto rejected = server.clients.restore([](const Client&) { return false; }, [](Badge) {});
    REQUIRE(rejected.ok());
    CHECK(*rejected == 2);
}

TEST_CASE("requests in progress belong to the incarnation and the session") {
    auto memory = std::make_unique<Memory>();
    {
        Server server(*memory);
        server.open(5);
        ++*server.clients.requests_in_progress(Badge{5});
        CHECK(*server.clients.requests_in_progress(Badge{5}) == 1);
        CHECK(server.clients.requests_in_progress(Badge{6}) == nullptr);
        auto transaction = server.region.begin();
        CHECK(server.clients.close(Badge{5}).ok());
        CHECK(transaction.commit_now().ok());
        server.open(6);  // in the same place
        CHECK(*server.clients.requests_in_progress(Badge{6}) == 0);
        ++*server.clients.requests_in_progress(Badge{6});
    }
    Server server(*memory);
    CHECK(*server.clients.requests_in_progress(Badge{6}) == 0);
}

TEST_CASE("the record of a once reply commits with the handler's change, killed at every store") {
    for (u64 point = 0;; ++point) {
        auto memory = std::make_unique<Memory>();
        { Server(*memory).open(5); }
        u64 delivered = 0, delivered_at_death = 0;
        const bool died = die_at(
            point, memory->span(),
            [&] {
                Server server(*memory);
                Commit commit(server.region.log(), server.clients);
                auto handler = [&] {
                    auto transaction = server.region.begin();
                    auto client = server.clients.edit(Badge{5});
                    REQUIRE(client.ok());
                    store_word((*client)->total, 1);
                    REQUIRE(transaction.write(server.region->grand_total, 1).ok());
                    REQUIRE(transaction.commit_with_reply().ok());
                };
                handler();
                auto& once = const_cast<Client*>(server.clients.find(Badge{5}))->once;
                commit.before_change(std::as_writable_bytes(std::span(&once, 1)));
                const Once made{7, {1, 2, 3, 4, 5, 6, 7, 8}};
                store_bytes(reinterpret_cast<std::byte*>(&once), reinterpret_cast<const std::byte*>(&made),
                                    sizeof made);
                commit.before_reply(1);
                Mortal::point();
                delivered = 1;
                Mortal::point();
                commit.after_reply();
            },
            [&] { delivered_at_death = delivered; });
        Server server(*memory, died ? delivered_at_death : delivered);
        auto dropped = server.clients.restore();
        REQUIRE(dropped.ok());
        REQUIRE(*dropped == 0);
        const Client* client = server.clients.find(Badge{5});
        REQUIRE(client != nullptr);
        const u64 happened = died ? delivered_at_death : delivered;
        REQUIRE(client->total == happened);
        REQUIRE(server.region->grand_total == happened);
        REQUIRE(client->once.sequence == 7 * happened);
        REQUIRE(client->once.reply[7] == 8 * happened);
        if (!died) {
            CHECK(point > 100);
            break;
        }
    }
}

TEST_CASE("a refused request's reply is remembered in a transaction of its own, even if the log was full") {
    auto memory = std::make_unique<Memory>();
    {
        Server server(*memory);
        server.open(5);
        Commit commit(server.region.log(), server.clients);
        {
            auto transaction = server.region.begin();
            while (transaction.write(server.region->grand_total, 9).ok()) {
            }
            CHECK(transaction.commit_with_reply().error() == Error::LimitReached);
        }
        auto& once = const_cast<Client*>(server.clients.find(Badge{5}))->once;
        commit.before_change(std::as_writable_bytes(std::span(&once, 1)));
        once.sequence = 3;
        commit.before_reply(1);
        commit.after_reply();
    }
    Server server(*memory, 1);
    CHECK(*server.clients.restore() == 0);
    CHECK(server.region->grand_total == 0);
    CHECK(server.clients.find(Badge{5})->once.sequence == 3);
}

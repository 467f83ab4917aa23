// Clients, a ring server, its driver and rs on the real kernel objects, and any of them dies at every system call of the scene
// in turn: each request is answered exactly once, with the true data, and the system is whole afterwards.
#include "scene.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <span>
#include <string>

using namespace eft;
using namespace eft::test;

namespace {

constexpr unsigned kEnoughTicks = 100;
constexpr std::string_view kServers[] = {"disk", "ext2"}, kClients[] = {"files", "sectors", "orders"};
constexpr std::string_view kCore[] = {"names", "dev", "proc", "rs", "mem"};
constexpr std::string_view kMortals[] = {"disk", "ext2", "files", "sectors", "orders", "names", "dev", "proc", "rs", "mem"};

enum class At { SystemCall, Store };

// Before the victim's nth system call, or store to memory that outlives it.
struct Death {
    std::string_view victim;
    At at;
    u64 nth;
    bool later = false;  // counted from the death that stands before this one
};

u64 done(const host::Image& image, At at) { return at == At::Store ? image.stores : image.system_calls; }
void set_fatal(host::Image& image, At at, u64 nth) { (at == At::Store ? image.fatal_store : image.fatal_system_call) = nth; }

// One that died in the call that ends it does its work again. What was in progress at two deaths of a server may be given up.
void check_report(std::string_view client, const Report& report, unsigned deaths, bool may_give_up) {
    CAPTURE(client);
    CHECK(report.runs >= 1);
    CHECK(report.runs <= 1 + deaths);
    CHECK_MESSAGE(report.wrong == 0, std::string(report.last_trouble.data()));
    if (!may_give_up) CHECK(report.given_up == 0);
}

void play_clients(HostSystem& system, const std::map<std::string_view, unsigned>& deaths, bool may_give_up) {
    CHECK(system.run_until([&] { return std::ranges::all_of(kClients, [&](auto name) { return system.state_of(name) == rs::ServiceState::Down; }); },
                           kEnoughTicks));
    const auto deaths_of = [&](std::string_view name) { return deaths.contains(name) ? deaths.at(name) : 0; };
    check_report("files", scene().files, deaths_of("files"), may_give_up);
    check_report("sectors", scene().sectors, deaths_of("sectors"), may_give_up);
    check_report("orders", scene().orders, deaths_of("orders"), may_give_up);
}

// The whole scene with these deaths. Answers how many of them there were: a victim may end before.
unsigned play(std::span<const Death> orders, const std::function<void(HostSystem&)>& afterwards = {}) {
    std::string plan;
    for (const Death& order : orders)
        plan += std::string(order.victim) + (order.at == At::Store ? " store " : " call ") + std::to_string(order.nth) + (order.later ? " later; " : "; ");
    CAPTURE(plan);
    std::map<std::string_view, unsigned> planned, deaths;
    for (const Death& order : orders) ++planned[order.victim], deaths[order.victim] = 0;
    const auto started = start_scene([&](HostSystem& made) {
        for (const Death& order : orders) {
            host::Image& image = made.image(order.victim);
            unsigned& count = deaths[order.victim];
            image.died = [&count] { ++count; };
            if (!order.later) set_fatal(image, order.at, order.nth);
        }
        for (std::size_t i = 1; i < orders.size(); ++i) {
            if (!orders[i].later) continue;
            unsigned& count = deaths[orders[i - 1].victim];
            made.image(orders[i - 1].victim).died = [&count, &second = made.image(orders[i].victim), order = orders[i]] {
                ++count;
                set_fatal(second, order.at, done(second, order.at) + order.nth);
            };
        }
    });
    HostSystem& system = *started;
    const bool may_give_up = std::ranges::any_of(kServers, [&](auto name) { return planned[name] > 1; });
    play_clients(system, planned, may_give_up);
    const auto is_whole = [&] {
        return std::ranges::all_of(std::array<std::string_view, 8>{"mem", "proc", "dev", "names", "rs", "disk", "ext2", "spare"},
                                   [&](auto name) { return system.state_of(name) == rs::ServiceState::Up; });
    };
    CHECK(system.run_until(is_whole, kEnoughTicks));
    if (afterwards) afterwards(system);  // before it is looked at, which is work for rs
    for (const std::string_view name : {"mem", "proc", "dev", "names", "rs", "disk", "ext2", "files", "sectors", "orders"}) {
        CAPTURE(name);
        CHECK(system.line(name).restarts == (deaths.contains(name) ? deaths.at(name) : 0));
    }
    // And everything works once more.
    for (const Death& order : orders) system.image(order.victim).fatal_system_call = system.image(order.victim).fatal_store = host::Image::kNever;
    scene().forget_reports();
    for (const std::string_view name : kClients) CHECK(system.rs().start({name}).ok());
    play_clients(system, {}, false);
    unsigned count = 0;
    for (const auto& [name, each] : deaths) count += each;
    return count;
}

// At each `step`th.
void dies_everywhere(std::string_view victim, At at, u64 step = 1) {
    u64 length = 0, deaths = 0;
    play({}, [&](HostSystem& system) { length = done(system.image(victim), at); });
    for (u64 nth = 0; nth < length; nth += step) deaths += play(std::array{Death{victim, at, nth}});
    INFO(victim, ": ", length, " in all, at each ", step);
    CHECK(deaths > 20 / step);
    CHECK(deaths > length / step / 3);
}

// Two deaths at system calls and stores that the seed chooses, `rounds` times.
void two_die(u64 seed, unsigned rounds) {
    std::mt19937_64 random(seed);
    std::map<std::string_view, std::array<u64, 2>> length;
    play({}, [&](HostSystem& system) {
        for (const std::string_view name : kMortals) length[name] = {system.image(name).system_calls, system.image(name).stores};
    });
    unsigned both = 0;
    for (unsigned round = 0; round < rounds; ++round) {
        INFO("seed ", seed, ", round ", round);
        const auto any = [&](std::span<const std::string_view> victims, At at) {
            const std::string_view victim = victims[random() % victims.size()];
            return Death{victim, at, random() % length[victim][at == At::Store]};
        };
        both += play(std::array{any(kMortals, At::SystemCall), any(kServers, At::Store)}) == 2;
    }
    CHECK(both > rounds / 2);
}

// The second falls into the recovery from the first: it makes another system call or store up to so many times. Each of them after
// each other one, `rounds` times.
void pairs_die(std::span<const std::string_view> mortals, u64 seed, unsigned rounds) {
    constexpr unsigned kMostBits = 8;
    std::mt19937_64 random(seed);
    std::map<std::string_view, std::array<u64, 2>> length;
    play({}, [&](HostSystem& system) {
        for (const std::string_view name : mortals) length[name] = {system.image(name).system_calls, system.image(name).stores};
    });
    const auto any_of = [&](std::string_view name) { return random() % 2 == 0 || length[name][1] == 0 ? At::SystemCall : At::Store; };
    unsigned both = 0, all = 0;
    for (unsigned round = 0; round < rounds; ++round)
        for (const std::string_view first : mortals)
            for (const std::string_view second : mortals) {
                if (first == second) continue;
                INFO("seed ", seed, ", round ", round);
                const At at = any_of(first), then_at = any_of(second);
                const Death one{first, at, random() % length[first][at == At::Store]};
                const u64 among = u64{1} << random() % kMostBits;
                both += play(std::array{one, Death{second, then_at, random() % among, true}}) == 2;
                ++all;
            }
    CHECK(both > all / 3);
}

}  // namespace

TEST_CASE("the disk's driver dies at each of its system calls") { dies_everywhere("disk", At::SystemCall); }
TEST_CASE("the file server dies at each of its system calls") { dies_everywhere("ext2", At::SystemCall); }
TEST_CASE("the client of files dies at each of its system calls") { dies_everywhere("files", At::SystemCall); }
TEST_CASE("the client of sectors dies at each of its system calls") { dies_everywhere("sectors", At::SystemCall); }
TEST_CASE("the client of rs dies at each of its system calls") { dies_everywhere("orders", At::SystemCall); }
TEST_CASE("names dies at some of its system calls") { dies_everywhere("names", At::SystemCall, 2); }
TEST_CASE("proc dies at some of its system calls") { dies_everywhere("proc", At::SystemCall, 3); }
TEST_CASE("mem dies at some of its system calls") { dies_everywhere("mem", At::SystemCall, 37); }
TEST_CASE("dev dies at some of its system calls") { dies_everywhere("dev", At::SystemCall, 37); }
TEST_CASE("rs dies at some of its system calls") { dies_everywhere("rs", At::SystemCall, 13); }
TEST_CASE("one dies at some of its stores to memory that outlives it") {
    for (const std::string_view victim : {"names", "proc", "rs"}) dies_everywhere(victim, At::Store, 31);
    dies_everywhere("mem", At::Store, 401);
    for (const std::string_view victim : kServers) dies_everywhere(victim, At::Store, 9);
}
TEST_CASE("two die") { two_die(1, 60); }
TEST_CASE("a core server dies in the recovery from another's death") { pairs_die(kCore, 1, 3); }

// What takes minutes: the test system-deaths-long.
TEST_CASE("one dies at each of its stores to memory that outlives it" * doctest::skip()) {
    for (const std::string_view victim : kServers) dies_everywhere(victim, At::Store);
}
TEST_CASE("a core server dies at each of its system calls" * doctest::skip()) {
    for (const std::string_view victim : kCore) dies_everywhere(victim, At::SystemCall);
}
TEST_CASE("two die, often" * doctest::skip()) { two_die(std::random_device()(), 2000); }
TEST_CASE("one dies in the recovery from another's death, often" * doctest::skip()) { pairs_die(kMortals, std::random_device()(), 12); }

// Clients, a ring server, its driver and rs on the real kernel objects, and any of them dies at every system call of the scene
// in turn: each request is answered exactly once, with the true data, and the system is whole afterwards.
//
// rs and the other core servers are not restarted in the product, so they do not die here; what dies is who calls rs, at each
// of its calls.
#include "scene.h"

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::test;

namespace {

constexpr unsigned kEnoughTicks = 100;

enum class At { SystemCall, Store };

bool has_ended(HostSystem& system, std::string_view name) { return system.state_of(name) == rs::ServiceState::Down; }

// `twice`: it may have died in the call that ends it, and has done its work again.
void check_report(std::string_view client, const Report& report, bool twice) {
    CAPTURE(client);
    CHECK(report.runs >= 1);
    CHECK(report.runs <= (twice ? 2 : 1));
    CHECK_MESSAGE(report.wrong == 0, std::string(report.last_trouble.data()));
}

void play_clients(HostSystem& system, std::string_view victim) {
    const auto all_ended = [&] { return has_ended(system, "files") && has_ended(system, "sectors") && has_ended(system, "orders"); };
    CHECK(system.run_until(all_ended, kEnoughTicks));
    check_report("files", scene().files, victim == "files");
    check_report("sectors", scene().sectors, victim == "sectors");
    check_report("orders", scene().orders, victim == "orders");
}

// The whole scene, while `victim` dies before its system call or store number `fatal`. False: it made fewer.
bool dies_at(std::string_view victim, At at, u64 fatal) {
    CAPTURE(victim);
    CAPTURE(fatal);
    const auto started = start_scene([&](HostSystem& made) {
        (at == At::Store ? made.image(victim).fatal_store : made.image(victim).fatal_system_call) = fatal;
    });
    HostSystem& system = *started;
    play_clients(system, victim);
    const host::Image& image = system.image(victim);
    const bool died = (at == At::Store ? image.stores : image.system_calls) > fatal;
    CHECK(system.line(victim).restarts == died);
    for (const std::string_view name : {"mem", "proc", "dev", "names", "rs", "disk", "ext2", "spare"}) {
        CAPTURE(name);
        CHECK(system.state_of(name) == rs::ServiceState::Up);
    }
    // And everything works once more.
    scene().forget_reports();
    for (const std::string_view name : {"files", "sectors", "orders"}) CHECK(system.rs().start({name}).ok());
    play_clients(system, {});
    return died;
}

void dies_everywhere(std::string_view victim, At at) {
    u64 fatal = 0;
    while (dies_at(victim, at, fatal)) ++fatal;
    CHECK(fatal > 20);
}

}  // namespace

TEST_CASE("the disk's driver dies at each of its system calls") { dies_everywhere("disk", At::SystemCall); }
TEST_CASE("the file server dies at each of its system calls") { dies_everywhere("ext2", At::SystemCall); }
TEST_CASE("the client of files dies at each of its system calls") { dies_everywhere("files", At::SystemCall); }
TEST_CASE("the client of sectors dies at each of its system calls") { dies_everywhere("sectors", At::SystemCall); }
TEST_CASE("the client of rs dies at each of its system calls") { dies_everywhere("orders", At::SystemCall); }
TEST_CASE("the disk's driver dies at each of its stores to memory that outlives it") { dies_everywhere("disk", At::Store); }
TEST_CASE("the file server dies at each of its stores to memory that outlives it") { dies_everywhere("ext2", At::Store); }

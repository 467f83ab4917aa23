// The whole system in the test process: the product's own root, mem, proc, dev, names and rs, and the services of a
// manifest, each on the real kernel objects (machine.h).
//
//   HostSystem system({{"echo", eft_main_echo}, {"client", [] { ...; return 0; }}}, R"({"services": [...]})");
//   CHECK(system.run_until([&] { return system.state_of("client") == rs::ServiceState::Down; }, 1000));
//
// The test's thread is root. It serves root's work within run() and run_until(), and may call rs, which must not die then: root
// would wait for it. line() sees to that; other calls of who can die are for programs. A death is chosen by a program's image (machine.h); rs restarts it by the
// manifest. Programs use CHECK, not REQUIRE, and what they write into the test's variables must not use the heap.
//
// There are no devices but root's timer, which does not count: time goes on with system calls, and run_until() lets a tick of root's
// timer come when nobody can run.
#pragma once

#include "machine.h"

#include <devices/pit_8254.h>

#include <root.h>

#include <eft/idl/rs.h>
#include <eft/ipc/kernel_transport.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eft::test {

// A file of the boot archive.
struct HostProgram {
    std::string name;
    std::function<int()> main;
    std::string session_kinds = {};  // host::Image
};

class HostSystem {
public:
    static constexpr u64 kTickMs = 50;  // of root's timer

    // Starts everything, and runs until nobody can. A program with the name of a core server takes its place. `manifest` is JSON (images/manifest). std::logic_error: the manifest is
    // malformed, or root cannot start. `before` is called before anybody but root runs.
    HostSystem(const std::vector<HostProgram>& programs, const std::string& manifest, const std::function<void(HostSystem&)>& before = {});
    ~HostSystem();
    HostSystem(const HostSystem&) = delete;

    // Until nobody can run. std::logic_error: a core server has met an exception.
    void run();
    // Goes on, with a tick whenever nobody can run, until `done` holds then. False: it does not within so many ticks.
    bool run_until(const std::function<bool()>& done, unsigned ticks);
    // So many come within the next run(), also under a program that computes.
    void schedule_ticks(unsigned count);
    void tick() {
        schedule_ticks(1);
        run();
    }

    // A program of the archive, the core servers among them.
    host::Image& image(std::string_view program) { return *images_.at(std::string(program)); }
    // Orders to rs. Answers are the caller's until the next call.
    rs::RsClient<>& rs() { return *rs_; }
    // What rs says of a service; std::logic_error: it does not know it. A death that rs would meet in this call comes behind it.
    rs::ServiceLine line(std::string_view service);
    rs::ServiceState state_of(std::string_view service) { return line(service).state; }

    host::Machine machine;
    Pit8254 pit;

private:
    static constexpr u64 kIdle = u64{1} << 40;

    void load_archive(const std::vector<HostProgram>& programs, const std::string& manifest);

    root::Root root_;
    std::map<std::string, host::Image*> images_;
    std::optional<rs::RsClient<>> rs_;
};

}  // namespace eft::test

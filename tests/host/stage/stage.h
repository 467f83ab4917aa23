// Programs of Eft in the test process, and a supervisor that restarts them.
//
//   Stage stage;
//   Program& server = stage.add("echo", [] { ...; return 0; });          // what eft_main() is elsewhere
//   Program& client = stage.add("client", [] { ...; return 0; });
//   stage.connect(client, "echo", server, Badge{7});                     // granted("echo") in the client
//   stage.run();                                                         // until nobody can run
//
// Each program has what proc and rs give it on the machine: its CapTable as <eft/layout.h> has it, configuration, log,
// state region, endpoint and notification, and they outlive its incarnations. It is built by root's own code
// (servers/root/service.h). There are no other servers: SharedMemory needs
// <memory_server.h>, connect() <scripted_names.h>.
//
// The test's thread is root and supervises within run() and run_test(): a program that meets an exception gets its next
// incarnation, and one whose function returns has ended. Programs use CHECK, not REQUIRE: nothing may be thrown through a
// program that can be killed. What a program writes into the test's variables must not use the heap.
//
// A test that makes calls itself is a program, too:
//
//   stage.run_test([&] {
//       echo::EchoClient<> client{stage.connect(server, Badge{7})};
//       CHECK(client.say({"hello"})->text == "hello");
//   });
//
// There it may REQUIRE and throw, and servers that die while it calls them are restarted; <stage_case.h> makes a test case
// of it. If it waits for what never comes, run_test() ends with std::logic_error, which says where everybody waits.
//
// Deaths are chosen by program.die(), or by `program.image`: fatal_system_call and fatal_store, against system_calls and
// stores so far.
#pragma once

#include "machine.h"

#include <service.h>

#include <eft/cap.h>
#include <eft/run_server.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace eft::test {

struct ProgramOptions {
    u8 priority = 10;
    u32 state_bytes = 0;    // of the state region, a multiple of the page size
    bool restarts = true;   // after an exception; else it has ended then
    unsigned table_bits = 10;  // log2 of the slots of its CapTable
    unsigned table_limit_bits = 0, table_pages = 0;  // of one that grows
    u32 persistent_slots = kUsualPersistentSlots;
    u32 replies = kUsualReplies;
    bool asks_for_memory = false;  // with mem on the Stage: it has its space adopted itself, as a core server does
};

// When a program meets an exception: at its nth system call, or store to memory that outlives it, from now on (0: the next).
enum class At : u8 { SystemCall, Store };
struct Death {
    At at;
    u64 nth = 0;
};

struct Program {
    std::string name;
    ProgramOptions options;
    host::Image& image;
    root::Service service;
    unsigned deaths = 0;
    unsigned panics = 0;  // in a row
    bool ended = false;
    int status = 0;  // of one that ended by itself
    u32 memory_id = 0;     // mem's, of the present incarnation's space (memory_server.h)
    u64 first_pages = 0;  // that it began with

    void die(Death death) {
        if (death.at == At::SystemCall) image.fatal_system_call = image.system_calls + death.nth;
        else image.fatal_store = image.stores + death.nth;
    }
    std::span<std::byte> state() const { return {service.state(), options.state_bytes}; }
};

class Stage {
public:
    static constexpr u8 kTestPriority = 10, kServerPriority = 20;

    Stage();
    ~Stage();
    Stage(const Stage&) = delete;

    // Its first incarnation runs as soon as the caller waits.
    Program& add(std::string name, std::function<int()> main, ProgramOptions options = {});
    // A server with state (<eft/run_server.h>), more important than the test. `more` outlives the Stage.
    template <class Server, class... More>
    Program& serve(std::string name, u32 layout_version, More&... more) {
        return add(std::move(name), [layout_version, &more...]() -> int { run_server<Server>(layout_version, more...); }, options_of<Server>());
    }
    template <class Server>
    static ProgramOptions options_of() {
        return {.priority = kServerPriority, .state_bytes = page_up(Server::Region::kBytes), .persistent_slots = std::max(Server::kSlots, kUsualPersistentSlots),
                .replies = kMostReplies};
    }
    // The client has a capability to the server's endpoint, under this name of its configuration.
    void connect(Program& client, std::string_view name, Program& server, Badge badge);
    // The same in a well-known slot, for all of its incarnations.
    void connect(Program& client, WellKnown where, Program& server, Badge badge);
    // The same for the caller.
    CapHandle connect(Program& server, Badge badge);

    // Lets everybody run, and restarts who died, until nobody can run and no timer is armed.
    void run();
    // Runs `test` as a program named "test", once. What it throws is thrown here.
    void run_test(const std::function<void()>& test);
    Program& test() { return *test_; }
    // Ends its present incarnation, as by an order, and starts the next one.
    void kill(Program& program);
    // Of its notification: an interrupt, or what another server tells it.
    void signal(Program& program, u64 bits);

    // For leak checks: slots in use in the program's CapTable, and those of them that outlive its incarnation.
    u32 used_slots(Program& program);
    u32 kept_slots(Program& program);
    // The lines of its log.
    std::vector<std::string> logged(Program& program);

    // For what else stands on the Stage. Does it in root's thread, at once. What it throws is thrown here.
    void as_root(const std::function<void()>& work);
    void check(Status status, const char* what);
    root::Memory& memory() { return memory_; }
    // By root: an incarnation has been built, and does not run yet; it has ended, and what it had is still there.
    std::function<void(Program&)> on_start = [](Program&) {}, on_end = [](Program&) {};
    void for_each_program(const std::function<void(Program&)>& visit) {
        for (const auto& each : programs_)
            if (!each->ended) visit(*each);
    }

    static constexpr std::size_t kArchiveBytes = 32 * kPageSize;  // of the boot archive, which is empty
    host::Machine machine{kArchiveBytes};

private:
    void start(Program& program);
    void end(Program& program);
    void died(Program& program);
    void supervise(const std::function<bool()>& ended);

    std::thread::id root_thread_ = std::this_thread::get_id();
    root::Memory memory_;
    Slot exceptions_ = Slot::None, notification_ = Slot::None, signaller_ = Slot::None;
    Slot root_idle_ = Slot::None, test_idle_ = Slot::None, test_wait_ = Slot::None;
    bool owes_answer_ = false;  // to one that has ended: it waits for none, but the Reply does
    Program* test_ = nullptr;
    std::vector<std::unique_ptr<Program>> programs_;
};

}  // namespace eft::test

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
// (servers/root/service.h). There are no other servers, so SharedMemory and connect() do not work.
//
// The test's thread is root and supervises within run(): a program that meets an exception gets its next incarnation, and
// one whose function returns has ended. Between two runs the test may itself make calls of servers; one that dies meanwhile
// is not restarted, so the call ends with std::logic_error. Programs use CHECK, not REQUIRE: nothing may be thrown
// through a program that can be killed. What a program writes into the test's variables must not use the heap.
//
// Deaths are chosen by `program.image`: fatal_system_call and fatal_store, against system_calls and stores so far.
#pragma once

#include "machine.h"

#include <service.h>

#include <eft/cap.h>

#include <memory>
#include <string>
#include <vector>

namespace eft::test {

struct ProgramOptions {
    u8 priority = 10;
    u32 state_bytes = 0;    // of the state region, a multiple of the page size
    bool restarts = true;   // after an exception; else it has ended then
};

struct Program {
    std::string name;
    ProgramOptions options;
    host::Image& image;
    root::Service service;
    unsigned deaths = 0;
    bool ended = false;
    int status = 0;  // of one that ended by itself

    std::span<std::byte> state() const { return {service.state(), options.state_bytes}; }
};

class Stage {
public:
    Stage();
    ~Stage();
    Stage(const Stage&) = delete;

    // Its first incarnation runs as soon as the test's thread waits.
    Program& add(std::string name, int (*main)(), ProgramOptions options = {});
    // The client has a capability to the server's endpoint, under this name of its configuration.
    void connect(Program& client, std::string_view name, Program& server, Badge badge);
    // The same for the test's thread.
    CapHandle connect(Program& server, Badge badge);

    // Lets everybody run, and restarts who died, until nobody can run and no timer is armed.
    void run();
    // Ends its present incarnation, as by an order, and starts the next one.
    void kill(Program& program);

    host::Machine machine;

private:
    void check(Status status, const char* what);
    void start(Program& program);
    void died(Program& program);

    root::Memory memory_;
    Slot exceptions_ = Slot::None, notification_ = Slot::None;
    bool owes_answer_ = false;  // to one that has ended: it waits for none, but the Reply does
    std::vector<std::unique_ptr<Program>> programs_;
};

}  // namespace eft::test

// mem on a Stage, so that SharedMemory works in its programs: mem as it is (servers/mem), with all memory but the Stage's.
// Programs that are there already, and those that come, have a session with it. When it dies it is restarted like any; not while
// root calls it: when programs come and end, and in free_pages().
#pragma once

#include "stage.h"

#include <eft/idl/mem.h>

#include <optional>

namespace eft::test {

class MemoryServer {
public:
    explicit MemoryServer(Stage& stage);
    ~MemoryServer();

    // Pages that are mapped in the program's address space, in addition to those that it began with.
    u64 mapped_pages(Program& program);
    // Of mem.
    u64 free_pages();
    Program& program() { return *program_; }

private:
    static constexpr u32 kQuota = 8192;  // of each program, in pages

    void start();
    void begin(Program& program);
    void end(Program& program);

    Stage& stage_;
    Program* program_ = nullptr;
    std::optional<mem::MemClient<>> control_;  // root's
};

}  // namespace eft::test

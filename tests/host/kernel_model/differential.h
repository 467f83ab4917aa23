// One differential run: random programs for a kernel and its model, compared after each step.
//
// A manager of low priority owns everything and never waits. Six workers with tables of their own talk to each other,
// fault, map, derive, move and delete. When they are all stuck, the manager's turn comes: it resumes, cancels, gives and
// takes capabilities, and now and then destroys a worker and builds it again.
#pragma once

#include "compare.h"

#include <random>

namespace eft::model {

using Coverage = std::map<std::string, std::map<std::string, u64>>;  // operation -> outcome -> times

class Differential {
public:
    Differential(u32 seed, Coverage& coverage);
    // One operation, or one of the script with which workers are built. False: nobody can run any more.
    bool step();
    // What differs after the last step; empty: nothing.
    const std::string& difference() const { return difference_; }
    const std::vector<std::string>& history() const { return history_; }
    u64 steps() const { return history_.size(); }
    kernel::Core& core() { return machine_.core(); }

private:
    static constexpr u32 kWorkers = 6, kGroup = 16, kFirstGroup = 16;
    static constexpr u32 kShared = kFirstGroup + kWorkers * kGroup;  // 112
    static constexpr u32 kEndpoints = 3, kNotifications = 3;

    u32 choose(u32 bound) { return static_cast<u32>(random_() % bound); }
    bool chance(u32 percent) { return choose(100) < percent; }
    bool is_manager(Id thread) const { return thread == manager_; }

    void build_shared();
    void build_worker(u32 which);
    void script(u32 slot, Invocation operation, u64 a = 0, u64 b = 0, u64 c = 0, u64 d = 0);
    void grant(u32 which, u32 index, u32 source, u64 rights, u64 badge = 0);

    bool may_pause();
    void enter();
    void apply(const Operation& operation);
    void prepare_page(Id thread);
    Operation random_operation();
    Operation worker_call(Id thread);
    Operation invocation(Id thread);
    void arguments(Id thread, Invocation operation, Words& words);
    Operation help(Id thread);
    Operation system(SystemCall call, u64 slot, Tag tag, Words words = {}, u64 flags = 0);
    Operation invoke(u64 slot, Invocation operation, Words words);

    u32 any_slot(Id thread);
    u32 full_slot(Id thread);
    u32 empty_slot(Id thread);
    u32 slot_of(Id thread, ObjectType type, Rights rights = 0);
    bool forbidden(Id thread, u32 slot) const;
    u64 address() { return u64{choose(5)} * kPageSize | u64{choose(8) / 6} << 21 | u64{choose(20) / 19} << 30 | u64{choose(20) / 19} << 39; }

    std::mt19937 random_, pauses_;
    kernel::test::Machine machine_;
    bool in_kernel_ = false;  // the comparison asks for interrupts, too, and is not to
    bool entering_ = false;   // in a system call
    Model model_;
    Coverage& coverage_;
    Id manager_ = 0;
    std::deque<Operation> script_;
    std::string difference_;
    std::vector<std::string> history_;
};

}  // namespace eft::model

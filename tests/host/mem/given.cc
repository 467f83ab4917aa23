#include "given.h"

#include <eft/invoke.h>

namespace eft::memory_test {

using eft::test::Program;
using eft::test::Stage;

namespace {

constexpr unsigned kTableLimitBits = 20, kTableBits = 10;

void give_slots(Stage& stage, Program& program, u32 pages) {
    for (u32 page = (1u << kTableBits) / kPageSlots; page < pages; ++page) {
        const Slot made = stage.memory().take_slots(1);
        stage.check(ko::retype(stage.memory().reserved(), ObjectType::CapPage, made), "slots");
        stage.check(ko::donate_slots(program.service.table(), static_cast<Slot>(page * kPageSlots), made), "slots");
    }
}

}  // namespace

void run_as_mem(const std::function<void(const Given&)>& test, u32 table_pages) {
    Stage stage;
    Given given;
    std::exception_ptr thrown;
    Program& program = stage.add("mem", [&] {
        try {
            test(given);
        } catch (...) {
            thrown = std::current_exception();
        }
        return 0;
    }, {.priority = Stage::kServerPriority, .restarts = false, .table_bits = kTableBits, .table_limit_bits = kTableLimitBits});
    root::Service& service = program.service;
    root::Memory& memory = stage.memory();
    const BootInfo& info = memory.info();
    const auto hand_over = [&](Slot first, u32 count) {
        const auto at = service.hand_over(first, count);
        stage.check(at.error(), "what root gives");
        return static_cast<Slot>(*at);
    };
    const auto make = [&](ObjectType type, u32 count = 1, unsigned size_bits = 0) {
        const Slot made = memory.take_slots(count);
        stage.check(ko::retype(memory.reserved(), type, made, count, size_bits), "what root gives");
        return made;
    };
    give_slots(stage, program, table_pages);
    stage.check(service.grant("space", service.space()), "mem's space");
    stage.check(service.grant("table", make(ObjectType::CapTable, 1, 9)), "a table");
    stage.check(service.grant("exceptions", make(ObjectType::Endpoint)), "an endpoint");
    given.logs = hand_over(make(ObjectType::Frame, Given::kLogFrames), Given::kLogFrames);
    for (u32 i = 1; i < info.untyped_count; ++i) {
        const Slot untyped = static_cast<Slot>(static_cast<u32>(RootSlot::FirstUntyped) + i);
        if (info.untyped[i].archive) {
            std::byte* const archive = stage.machine.memory(info.untyped[i].address);
            for (std::size_t byte = 0; byte < Given::kArchivePages * kPageSize; ++byte) archive[byte] = static_cast<std::byte>(byte * 7 + byte / 256);
            given.archive = hand_over(untyped, 1);
        } else if (info.untyped[i].size_bits == Given::kMemoryBits) {
            given.memory = hand_over(untyped, 1);
        }
    }
    stage.run();
    if (thrown) std::rethrow_exception(thrown);
    if (program.deaths != 0) throw std::logic_error("the test met an exception");
}

}  // namespace eft::memory_test

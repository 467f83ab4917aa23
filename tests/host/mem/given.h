// A program on a Stage that is given what root gives mem, and calls mem's functions: memory, a boot archive, slots.
#pragma once

#include <inspect.h>
#include <stage_case.h>

#include <mem/effects.h>
#include <mem/state.h>

#include <eft/cap.h>

namespace eft::memory_test {

using namespace eft::memory;
using host::Failure;
namespace ko = kernel_object;
using effects::kOwnTable;

struct Given {
    static constexpr unsigned kMemoryBits = 24;
    Slot memory = Slot::None;   // an Untyped
    Slot archive = Slot::None;  // an Untyped of device memory, which begins with the archive
    Slot logs = Slot::None;     // frames that can be read
    static constexpr u32 kLogFrames = 12;
    static constexpr u32 kArchivePages = 8;
};

// Runs it in such a program, whose table has so many pages of slots. What it throws is thrown here.
void run_as_mem(const std::function<void(const Given&)>& test, u32 table_pages = 512);

inline bool is_there(Slot table, Slot slot) {
    const auto info = ko::inspect(table, slot);
    return info.ok() && info->type != ObjectType::None;
}
inline bool is_there(Slot slot) { return is_there(kOwnTable, slot); }
inline u32 capabilities() { return *ko::used_slots(kOwnTable); }

}  // namespace eft::memory_test

// A test case in such a program, with a Scene{given}.
#define EFT_MEM_CASE(Scene, Case, name)                                                              \
    namespace {                                                                                      \
    struct Case : Scene {                                                                            \
        using Scene::Scene;                                                                          \
        void run_case();                                                                             \
    };                                                                                               \
    }                                                                                                \
    TEST_CASE(name) {                                                                                \
        eft::memory_test::run_as_mem([](const eft::memory_test::Given& given) { Case(given).run_case(); }); \
    }                                                                                                \
    void Case::run_case()
#define MEM_CASE(Scene, name) EFT_MEM_CASE(Scene, DOCTEST_ANONYMOUS(eft_mem_case_), name)

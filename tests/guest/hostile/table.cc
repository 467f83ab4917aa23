// The table: the rows of all files, and two sweeps for every invocation. It cannot forget one: what is asked of the rows
// is asked for every enumerator that the compiler knows.
#include "cases_calls.h"
#include "cases_memory.h"
#include "cases_tables.h"
#include "cases_threads.h"
#include "instructions.h"

#include <array>
#include <span>

namespace eft::hostile {
namespace {

constexpr std::span<const Case> kParts[] = {
    kTableCases, kThreadCases, kMemoryCases, kCallCases,
    kWrongSlots<SystemCall::Call>, kWrongSlots<SystemCall::ReplyRecv>, kWrongSlots<SystemCall::Send>, kWrongSlots<SystemCall::Recv>,
};

template <class Matches>
constexpr bool any_row(Matches matches) {
    for (const std::span<const Case> part : kParts) {
        for (const Case& row : part) {
            if (matches(row)) return true;
        }
    }
    return false;
}

// Untyped cannot be derived, so nobody ever has it without Control. FrameSeal takes the right to write, which every frame
// that is its own original has until it is sealed.
constexpr bool has_rights(Invocation operation) {
    return operation != Invocation::UntypedRetype && operation != Invocation::UntypedInspect && operation != Invocation::FrameSeal;
}
constexpr bool takes_words(Invocation operation) {
    switch (operation) {
        case Invocation::UntypedInspect:
        case Invocation::CapUsed:
        case Invocation::ThreadResume:
        case Invocation::ThreadSuspend:
        case Invocation::ThreadInspect:
        case Invocation::ThreadCancel:
        case Invocation::SpaceInspect:
        case Invocation::FrameSeal:
        case Invocation::SchedInspect: return false;
        default: return true;
    }
}

constexpr bool complete(Invocation operation) {
    const auto has = [operation](auto... kind) {
        return any_row([=](const Case& row) { return row.operation == operation && ((row.kind == kind) || ...); });
    };
    return object_of(operation) != Toy::Count && (!has_rights(operation) || has(Kind::Right)) &&
           (!takes_words(operation) || has(Kind::Argument, Kind::Place, Kind::Registers)) && has(Kind::Right, Kind::State, Kind::Place, Kind::Argument);
}
constexpr bool complete(SystemCall call) {
    return any_row([call](const Case& row) { return row.operation == Invocation{} && row.call == call; });
}

constexpr bool all_complete() {
    for (const auto& operation : kInvocations) {
        if (!complete(operation.value)) return false;
    }
    for (const auto& call : kSystemCallNames) {
        if (!complete(call.value)) return false;
    }
    return true;
}
static_assert(all_complete(), "the table lacks rows for an Invocation or a SystemCall");

template <std::size_t kIndex>
Error run_type_sweep() {
    return sweep_types({kInvocations[kIndex], object_of(kInvocations[kIndex].value)});
}
template <std::size_t kIndex>
Error run_tag_sweep() {
    return sweep_tags({kInvocations[kIndex], object_of(kInvocations[kIndex].value)});
}

template <std::size_t... kIndex>
constexpr auto make_sweeps(std::index_sequence<kIndex...>) {
    std::array<Case, 2 * sizeof...(kIndex)> sweeps{};
    const auto row = [](Kind kind, std::string_view name, Invocation operation, Error (*run)()) {
        Case made{};
        made.name = name, made.kind = kind, made.operation = operation, made.expected = answers(Error::None), made.act = run;
        return made;
    };
    ((sweeps[2 * kIndex] = row(Kind::Type, "on-all-other-objects", kInvocations[kIndex].value, run_type_sweep<kIndex>),
      sweeps[2 * kIndex + 1] = row(Kind::TagBits, "with-all-wrong-tags", kInvocations[kIndex].value, run_tag_sweep<kIndex>)),
     ...);
    return sweeps;
}
constexpr auto kSweeps = make_sweeps(std::make_index_sequence<kInvocations.size()>());

}  // namespace

std::size_t case_count() {
    std::size_t count = kSweeps.size() + instruction_cases().size();
    for (const std::span<const Case> part : kParts) count += part.size();
    return count;
}

const Case& case_at(std::size_t index) {
    for (const std::span<const Case> part : kParts) {
        if (index < part.size()) return part[index];
        index -= part.size();
    }
    if (index < kSweeps.size()) return kSweeps[index];
    return instruction_cases()[index - kSweeps.size()];
}

}  // namespace eft::hostile

// The memory of a state region, as a program's supervisor gives it.
#pragma once

#include <eft/panic.h>
#include <eft/process.h>
#include <eft/session_slots.h>
#include <eft/state/region.h>
#include <eft/text.h>

namespace eft {

// What becomes of a state that cannot be used is the same everywhere: the server starts over, and says so.
inline void log_recovery(RecoveryOutcome outcome) {
    if (outcome == RecoveryOutcome::OtherLayout) log("the state is another version's: started over");
    if (outcome == RecoveryOutcome::Migrated) log("the state of another version was taken over");
    if (outcome == RecoveryOutcome::Damaged) log("the state is damaged: started over");
}

// The memory of a state of this size. The program's file says the size, too, in an ELF note that is never loaded: who packs
// a boot archive compares it with the manifest (images/archive/state_check.h).
template <std::size_t Bytes>
std::span<std::byte> state_memory_of() {
    asm(".pushsection .note.eft.state, \"\", @note\n"
        ".long 4, 8, 1\n"
        ".asciz \"Eft\"\n"
        ".quad %c0\n"
        ".popsection"
        :
        : "i"(Bytes));
    if (const std::size_t given = state_memory().size(); given < Bytes) {
        FixedText<120> words("the state takes ");
        words.decimal(Bytes).append(" bytes, the manifest's state_bytes gives ").decimal(given);
        panic(words.c_str());
    }
    return state_memory();
}

// What clients attach takes so many persistent slots.
[[noreturn, gnu::cold]] inline void panic_for_slots(u32 needed) {
    FixedText<120> words("what sessions keep takes ");
    words.decimal(needed).append(" slots, the manifest's persistent_slots gives ").decimal(SessionSlots::count());
    panic(words.c_str());
}

}  // namespace eft

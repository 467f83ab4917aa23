// mem's journal: changes of the records (state.h) are noted before they are made, and a request that does not come to its
// reply has changed nothing. It is the undo log of mem's state region (eft/state/undo_log.h); mem has one, so nobody
// passes it on.
//
//   set(space.used, space.used + pages);    one field
//   edit(node) = {...};                     a record, which may be written to until the next checkpoint
//   checkpoint();                           what is changed so far stays, whatever becomes of the request
// What was noted since the last checkpoint need not be noted again, and is found in a few words.
// Records are read through const references, so a change that is not noted does not compile. A request's first change
// opens a transaction, its reply commits it.
//
// Without a journal (tests of the functions) changes are just made.
#pragma once

#include <eft/state/undo_log.h>

#include <type_traits>

namespace eft::memory {

constexpr std::size_t kJournalBytes = 32 * 1024 - 64;
void use_journal(UndoLog* log);

// A full journal is a panic: the request was not cut into steps that fit.
void note_change(const void* bytes, std::size_t size);
void note_word(const void* field);  // that a field lies in
void checkpoint();
// The same between the steps of what may be cut anywhere, if the journal is getting full.
void step();

template <class T>
requires std::is_trivially_copyable_v<T> T& edit(const T& kept) {
    if constexpr (sizeof kept <= sizeof(u64) && sizeof kept == alignof(T)) note_word(&kept);
    else note_change(&kept, sizeof kept);
    return const_cast<T&>(kept);
}
template <class T>
void set(const T& kept, const std::type_identity_t<T>& value) {
    edit(kept) = value;
}
// One that needs no undoing, or is right before and after.
template <class T>
void set_at_once(const T& kept, const std::type_identity_t<T>& value) {
    compiler_barrier();
    const_cast<T&>(kept) = value;
    compiler_barrier();
}

}  // namespace eft::memory

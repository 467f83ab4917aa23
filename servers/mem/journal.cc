#include "journal.h"

#include <eft/panic.h>
#include <eft/process.h>

namespace eft::memory {
namespace {

EFT_PROCESS_LOCAL constinit UndoLog* journal = nullptr;

// Words that were noted in the transaction with this number.
struct Noted {
    const u64* word;
    u64 transaction;
};
constexpr std::size_t kRemembered = 128, kFewWords = 8;
EFT_PROCESS_LOCAL constinit Noted remembered[kRemembered] = {};

void require(Status noted) {
    if (!noted.ok()) [[unlikely]] panic("mem's journal is full");
}

[[gnu::always_inline]] inline void note(const u64& word) {
    Noted& noted = remembered[reinterpret_cast<u64>(&word) / sizeof(u64) % kRemembered];
    const u64 transaction = journal->serial();
    if (noted.word == &word && noted.transaction == transaction) return;
    require(journal->before_change_of_word(word));
    noted = {&word, transaction};
}

}  // namespace

void use_journal(UndoLog* log) {
    journal = log;
    for (Noted& each : remembered) each = {};
}

void note_word(const void* field) {
    if (!journal) return;
    if (journal->phase() == UndoLog::Phase::Closed) static_cast<void>(journal->begin());
    note(*reinterpret_cast<const u64*>(reinterpret_cast<u64>(field) & ~u64{7}));
}

void note_change(const void* bytes, std::size_t size) {
    if (!journal) return;
    if (journal->phase() == UndoLog::Phase::Closed) static_cast<void>(journal->begin());
    const auto start = reinterpret_cast<u64>(bytes), first = start & ~u64{7}, end = (start + size + 7) & ~u64{7};
    if (end - first > kFewWords * sizeof(u64)) return require(journal->before_change({static_cast<const std::byte*>(bytes), size}));
    for (u64 word = first; word != end; word += sizeof(u64)) note(*reinterpret_cast<const u64*>(word));
}

void checkpoint() {
    if (journal) journal->close();
}

void step() {
    if (journal && journal->room() < kJournalBytes / 2) journal->close();
}

}  // namespace eft::memory

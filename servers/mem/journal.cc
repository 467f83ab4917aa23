#include "journal.h"

#include <eft/panic.h>
#include <eft/process.h>

namespace eft::memory {
namespace {

EFT_PROCESS_LOCAL constinit UndoLog* journal = nullptr;

// Words that were noted in the transaction with this number.
struct Noted {
    u64 word;
    u64 transaction;
};
constexpr std::size_t kRemembered = 128, kFewWords = 8;
EFT_PROCESS_LOCAL constinit Noted remembered[kRemembered] = {};

void require(Status noted) {
    if (!noted.ok()) panic("mem's journal is full");
}

void note_word(u64 address) {
    Noted& noted = remembered[address / sizeof(u64) % kRemembered];
    if (noted.word == address && noted.transaction == journal->serial()) return;
    require(journal->before_change_of_word(*reinterpret_cast<const u64*>(address)));
    noted = {address, journal->serial()};
}

}  // namespace

void use_journal(UndoLog& log) { journal = &log; }

void note_change(const void* bytes, std::size_t size) {
    if (!journal) return;
    if (journal->phase() == UndoLog::Phase::Closed) static_cast<void>(journal->begin());
    const auto start = reinterpret_cast<u64>(bytes), first = start & ~u64{7}, end = (start + size + 7) & ~u64{7};
    if (end - first > kFewWords * sizeof(u64)) return require(journal->before_change({static_cast<const std::byte*>(bytes), size}));
    for (u64 word = first; word != end; word += sizeof(u64)) note_word(word);
}

void checkpoint() {
    if (journal) journal->close();
}

void step() {
    if (journal && journal->room() < kJournalBytes / 2) journal->close();
}

}  // namespace eft::memory

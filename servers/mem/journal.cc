#include "journal.h"

#include <eft/panic.h>
#include <eft/process.h>

namespace eft::memory {
namespace {

EFT_PROCESS_LOCAL constinit UndoLog* journal = nullptr;

// What was noted in the transaction with this number.
struct Noted {
    const void* bytes;
    std::size_t size;
    u64 transaction;
};
constexpr std::size_t kRemembered = 64;
EFT_PROCESS_LOCAL constinit Noted remembered[kRemembered] = {};

}  // namespace

void use_journal(UndoLog& log) { journal = &log; }

void note_change(const void* bytes, std::size_t size) {
    if (!journal) return;
    if (journal->phase() == UndoLog::Phase::Closed) static_cast<void>(journal->begin());
    Noted& noted = remembered[reinterpret_cast<std::uintptr_t>(bytes) / 4 % kRemembered];
    if (noted.bytes == bytes && noted.size >= size && noted.transaction == journal->serial()) return;
    if (!journal->before_change({static_cast<const std::byte*>(bytes), size}).ok()) panic("mem's journal is full");
    noted = {bytes, size, journal->serial()};
}

void checkpoint() {
    if (journal) journal->close();
}

void step() {
    if (journal && journal->room() < kJournalBytes / 2) journal->close();
}

}  // namespace eft::memory

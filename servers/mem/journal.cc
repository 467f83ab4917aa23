#include "journal.h"

#include <eft/panic.h>
#include <eft/process.h>

namespace eft::memory {
namespace {

EFT_PROCESS_LOCAL constinit UndoLog* journal = nullptr;

}  // namespace

void use_journal(UndoLog& log) { journal = &log; }

void note_change(const void* bytes, std::size_t size) {
    if (!journal) return;
    if (journal->phase() == UndoLog::Phase::Closed) static_cast<void>(journal->begin());
    if (!journal->before_change({static_cast<const std::byte*>(bytes), size}).ok()) panic("mem's journal is full");
}

void checkpoint() {
    if (journal) journal->close();
}

}  // namespace eft::memory

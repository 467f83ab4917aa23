// The hostile process: does what its orders say, once, and reports before and after.
#include "attack.h"

#include <eft/process.h>
#include <eft/syscall.h>

using namespace eft;
using namespace eft::hostile;

int eft_main() {
    const Slot stage = *granted("stage");
    const Case& row = case_at(orders().which);
    if (row.prepare) row.prepare();
    sys::Registers r;
    r.tag = Tag(static_cast<u32>(Report::Before), 0);
    static_cast<void>(sys::call(stage, r));
    const Error error = row.act ? row.act() : attack(row.number, row.slot, row.tag, row.word);
    r.tag = Tag(static_cast<u32>(Report::After), 1);
    r.w[0] = static_cast<u64>(error);
    static_cast<void>(sys::call(stage, r));
    for (;;) asm volatile("ud2");
}

#include "root.h"

#include "archive_map.h"
#include "console.h"
#include "rtc.h"

#include <eft/invoke.h>
#include <eft/layout.h>
#include <eft/text.h>

#include <utility>

namespace eft::root {

namespace ko = kernel_object;

namespace {

constexpr unsigned kReserveBits = 25;
constexpr u64 kTickBit = 1;

}  // namespace

Status Root::start() {
    EFT_CHECK(memory_.reserve(kReserveBits));
    EFT_CHECK(log_.open(memory_));
    EFT_TRY(const auto archive, map_archive(memory_));
    caps_.exceptions = memory_.take_slots(1);
    caps_.notification = memory_.take_slots(1);
    EFT_CHECK(ko::retype(memory_.reserved(), ObjectType::Endpoint, caps_.exceptions));
    EFT_CHECK(ko::retype(memory_.reserved(), ObjectType::Notification, caps_.notification));
    EFT_CHECK(ko::bind(root_slot(RootSlot::Thread), caps_.notification));
    tick_.start(root_slot(RootSlot::Ports));
    EFT_CHECK(core_servers_.create(memory_, archive, caps_, tick_));
    EFT_CHECK(give_ports_up());

    const Slot tick = memory_.take_slots(1);
    tick_for_rs_ = memory_.take_slots(1);
    tick_for_dev_ = memory_.take_slots(1);
    EFT_CHECK(ko::derive(root_slot(RootSlot::Table), tick, caps_.notification, kAllRights, kTickBit));
    EFT_CHECK(ko::derive(root_slot(RootSlot::Table), tick_for_rs_, core_servers_[Core::Rs].notification(), kAllRights, kTickBit));
    EFT_CHECK(ko::derive(root_slot(RootSlot::Table), tick_for_dev_, core_servers_[Core::Dev].notification(), kAllRights, kTickBit));
    EFT_CHECK(supervisor_.start(memory_));
    EFT_CHECK(core_servers_.start(memory_, log_));
    log_.line("the core servers run");
    if (tick_.clock() == Tick::Clock::None) {
        say("neither a real-time clock nor an 8254: hangs stay unnoticed, and no failed service is started again after a wait");
        return {};
    }
    EFT_CHECK(ko::bind_irq(root_slot(RootSlot::Irqs), tick_.line(), tick));
    static_cast<void>(tick_.acknowledge());
    return {};
}

// Everybody has theirs. Of all others there is no capability from here on.
Status Root::give_ports_up() {
    const Slot own_table = root_slot(RootSlot::Table), all = root_slot(RootSlot::Ports);
    if (tick_.clock() == Tick::Clock::Rtc) {
        const Slot kept = memory_.take_slots(1);
        EFT_CHECK(ko::derive(own_table, kept, all, kAllRights, ko::number_range(rtc::kFirstPort, rtc::kPortCount)));
        tick_.use(kept);
    }
    return ko::remove(own_table, all);
}

void Root::say(std::string_view line) {
    print("\nroot: ");
    print(line);
    print("\n");
    log_.line(line);
}

u64 Root::serve() {
    sys::Registers registers;
    registers.tag = Tag(static_cast<u32>(Error::NotSupported), 0);  // the answer to an exception: the thread stays stopped
    const bool answer = std::exchange(owes_answer_, false);
    const Error error = answer ? sys::reply_recv(caps_.exceptions, registers) : sys::recv(caps_.exceptions, registers);
    if (error != Error::None) return 0;
    if (registers.tag.has(Tag::Notification)) {
        for (u32 index = 0; index < kCoreCount; ++index)
            if (registers.badge >> (kFirstServiceBit + index) & 1) supervisor_.look(index);
        if ((registers.badge & kTickBit) && tick_.acknowledge()) {
            supervisor_.tick();
            sys::signal(tick_for_dev_);
            sys::signal(tick_for_rs_);
        }
        return registers.badge;
    }
    if (registers.tag.has(Tag::Fault)) {
        supervisor_.fault(static_cast<u32>(registers.badge - 1), registers);
        owes_answer_ = true;
    }
    return 0;
}

}  // namespace eft::root

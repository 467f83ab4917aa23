#include <servers/dev/shared_lines.h>

#include <eft/invoke.h>
#include <eft/process.h>
#include <eft/syscall.h>

namespace eft::dev {

namespace ko = kernel_object;

template <class Visit>
void SharedLines::for_each_member(u32 line, Visit visit) {
    for (u32 place = 0; place < kMostMembers; ++place)
        if (members_[place].line == line) visit(place, members_[place]);
}

Status SharedLines::join(u32 place, u32 number, const Lines& how, CapHandle wake, u32 patience) {
    Line& line = lines_[number];
    if (!line.bound) {
        EFT_CHECK(ko::set_irq_mode(interrupts_, number, how.level, how.active_low));
        EFT_TRY(const CapHandle own, copy_capability(slot(WellKnown::SelfSignal), kAllRights, u64{1} << (kFirstLineBit + number)));
        EFT_CHECK(ko::bind_irq(interrupts_, number, own.slot()));
        line.bound = true;
    }
    Member& member = members_[place];
    drop_slot(std::exchange(member.wake, wake.release()));
    member.line = number;
    member.patience = patience;
    member.asked = false;
    if (member.left_out != LeftOut::Claiming) {
        member.left_out = LeftOut::No;
        devices_.connect_line(place, true);
    }
    acknowledge_if_all_answered(number);
    return {};
}

void SharedLines::leave(u32 place) {
    const Member member = std::exchange(members_[place], {});
    if (member.line == kIrqLines) return;
    drop_slot(member.wake);
    acknowledge_if_all_answered(member.line);
}

// Answers first: a line that has interrupted since was acknowledged after them.
void SharedLines::woken(u64 bits) {
    for (u32 place = 0; place < kMostMembers; ++place)
        if (bits & answer_bit(place)) answered(place);
    for (u32 line = 0; line < kIrqLines; ++line)
        if (bits >> (kFirstLineBit + line) & 1) ask(line);
}

void SharedLines::tick() {
    for (u32 place = 0; place < kMostMembers; ++place) {
        Member& member = members_[place];
        if (member.left_out == LeftOut::Claiming) take_back_in(place);
        if (member.asked && member.waited++ >= member.patience) leave_out(place, LeftOut::Silent);
    }
    for (u32 line = 0; line < kIrqLines; ++line) {
        lines_[line].interrupts = 0;
        acknowledge_if_all_answered(line);
    }
}

void SharedLines::ask(u32 line) {
    lines_[line].masked = true;
    ++lines_[line].interrupts;
    for_each_member(line, [](u32, Member& member) {
        if (member.left_out != LeftOut::No) return;
        member.asked = true;
        member.waited = 0;
        sys::signal(member.wake);
    });
    acknowledge_if_all_answered(line);
}

void SharedLines::answered(u32 place) {
    Member& member = members_[place];
    if (member.left_out == LeftOut::Silent) take_back_in(place);
    if (!std::exchange(member.asked, false)) return;
    acknowledge_if_all_answered(member.line);
}

// A line that nobody has joined stays masked: whoever joins it is asked.
void SharedLines::acknowledge_if_all_answered(u32 number) {
    Line& line = lines_[number];
    if (!line.masked) return;
    bool joined = false, waits = false, suspected = line.interrupts >= kManyInterrupts;
    for_each_member(number, [&](u32, const Member& member) {
        joined = true;
        waits |= member.asked;
        suspected |= member.claims != 0;
    });
    if (!joined || waits) return;
    if (suspected) look_who_claims(number);
    if (line.interrupts >= kMostInterrupts) return;
    line.masked = false;
    static_cast<void>(ko::acknowledge_irq(interrupts_, number));
}

// A device may request again at any time, but not each time before its driver's answer is here.
void SharedLines::look_who_claims(u32 line) {
    for_each_member(line, [this](u32 place, Member& member) {
        if (member.left_out != LeftOut::No) return;
        member.claims = devices_.is_requesting(place) ? member.claims + 1 : 0;
        if (member.claims >= kMostClaims) leave_out(place, LeftOut::Claiming);
    });
}

void SharedLines::leave_out(u32 place, LeftOut why) {
    Member& member = members_[place];
    member.asked = false;
    member.left_out = why;
    if (!devices_.connect_line(place, false)) devices_.stop(place);
    if (std::exchange(member.reported, true)) return;
    devices_.report(place, why == LeftOut::Silent ? "its driver does not answer the interrupts of its line, and it is left out"
                                                  : "it goes on requesting the interrupt of its line, and is left out for a while each time");
}

void SharedLines::take_back_in(u32 place) {
    const LeftOut why = std::exchange(members_[place].left_out, LeftOut::No);
    members_[place].claims = why == LeftOut::Claiming ? kMostClaims - kClaimsAgain : 0;
    devices_.connect_line(place, true);
}

}  // namespace eft::dev

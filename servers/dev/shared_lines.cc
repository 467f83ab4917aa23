#include <servers/dev/shared_lines.h>

#include <eft/invoke.h>
#include <eft/process.h>
#include <eft/syscall.h>

#include <bit>

namespace eft::dev {

namespace ko = kernel_object;

namespace {

template <class Visit>
void for_each_bit(u64 mask, Visit visit) {
    for (; mask != 0; mask &= mask - 1) visit(static_cast<u32>(std::countr_zero(mask)));
}

constexpr u32 bit(u32 place) { return 1u << place; }

}  // namespace

Status SharedLines::join(u32 place, u32 number, const Lines& how, Slot wake, u32 patience) {
    Line& line = lines_[number];
    if (!line.bound) {
        EFT_CHECK(ko::set_irq_mode(interrupts_, number, how.level, how.active_low));
        EFT_TRY(const CapHandle own, copy_capability(slot(WellKnown::SelfSignal), kAllRights, u64{1} << (kFirstLineBit + number)));
        EFT_CHECK(ko::bind_irq(interrupts_, number, own.slot()));
        line.bound = true;
    }
    Member& member = members_[place];
    member.wake = wake;
    member.line = number;
    member.patience = patience;
    line.members |= bit(place);
    line.asked &= ~bit(place);
    if (member.left_out != LeftOut::Claiming) {
        member.left_out = LeftOut::No;
        line.left_out &= ~bit(place);
        devices_.connect_line(place, true);
    }
    acknowledge_if_all_answered(number);
    return {};
}

void SharedLines::leave(u32 place) {
    const Member member = std::exchange(members_[place], {});
    if (member.line == kIrqLines) return;
    Line& line = lines_[member.line];
    for (Places* places : {&line.members, &line.asked, &line.left_out, &line.suspects}) *places &= ~bit(place);
    acknowledge_if_all_answered(member.line);
}

void SharedLines::ask_all() {
    for (u32 number = 0; number < kIrqLines; ++number)
        if (lines_[number].members != 0) ask(number);
}

// Answers first: a line that has interrupted since was acknowledged after them.
void SharedLines::woken(u64 bits) {
    for_each_bit(bits >> kFirstAnswerBit & ((u64{1} << kMostMembers) - 1), [this](u32 place) { answered(place); });
    for_each_bit(bits >> kFirstLineBit & ((u64{1} << kIrqLines) - 1), [this](u32 line) { ask(line); });
}

void SharedLines::tick() {
    for (u32 number = 0; number < kIrqLines; ++number) {
        Line& line = lines_[number];
        for_each_bit(line.left_out, [this](u32 place) {
            if (members_[place].left_out == LeftOut::Claiming) take_back_in(place);
        });
        for_each_bit(line.asked, [this](u32 place) {
            Member& member = members_[place];
            if (member.waited++ >= member.patience) leave_out(place, LeftOut::Silent);
        });
        line.interrupts = 0;
        acknowledge_if_all_answered(number);
    }
}

void SharedLines::ask(u32 number) {
    Line& line = lines_[number];
    line.masked = true;
    ++line.interrupts;
    line.asked = line.members & ~line.left_out;
    for_each_bit(line.asked, [this](u32 place) {
        members_[place].waited = 0;
        sys::signal(members_[place].wake);
    });
    acknowledge_if_all_answered(number);
}

void SharedLines::answered(u32 place) {
    Member& member = members_[place];
    if (member.line == kIrqLines) return;
    if (member.left_out == LeftOut::Silent) take_back_in(place);
    Line& line = line_of(place);
    if ((line.asked & bit(place)) == 0) return;
    line.asked &= ~bit(place);
    acknowledge_if_all_answered(member.line);
}

// A line that nobody has joined stays masked: whoever joins it is asked.
void SharedLines::acknowledge_if_all_answered(u32 number) {
    Line& line = lines_[number];
    if (!line.masked || line.members == 0 || line.asked != 0) return;
    if (line.interrupts >= kManyInterrupts || line.suspects != 0) look_who_claims(line);
    if (line.interrupts >= kMostInterrupts) return;
    line.masked = false;
    static_cast<void>(ko::acknowledge_irq(interrupts_, number));
}

// A device may request again at any time, but not each time before its driver's answer is here.
void SharedLines::look_who_claims(Line& line) {
    for_each_bit(line.members & ~line.left_out, [&](u32 place) {
        Member& member = members_[place];
        const bool requests = devices_.is_requesting(place);
        member.claims = requests ? member.claims + 1 : 0;
        line.suspects = requests ? line.suspects | bit(place) : line.suspects & ~bit(place);
        if (member.claims >= kMostClaims) leave_out(place, LeftOut::Claiming);
    });
}

void SharedLines::leave_out(u32 place, LeftOut why) {
    Member& member = members_[place];
    member.left_out = why;
    Line& line = line_of(place);
    line.asked &= ~bit(place);
    line.left_out |= bit(place);
    if (!devices_.connect_line(place, false)) devices_.stop(place);
    if (std::exchange(member.reported, true)) return;
    devices_.report(place, why == LeftOut::Silent ? "its driver does not answer the interrupts of its line, and it is left out"
                                                  : "it goes on requesting the interrupt of its line, and is left out for a while each time");
}

// Whose device has claimed all before is a suspect until its request is seen to be gone.
void SharedLines::take_back_in(u32 place) {
    Member& member = members_[place];
    const LeftOut why = std::exchange(member.left_out, LeftOut::No);
    Line& line = line_of(place);
    line.left_out &= ~bit(place);
    member.claims = why == LeftOut::Claiming ? kMostClaims - kClaimsAgain : 0;
    line.suspects = member.claims != 0 ? line.suspects | bit(place) : line.suspects & ~bit(place);
    devices_.connect_line(place, true);
}

}  // namespace eft::dev

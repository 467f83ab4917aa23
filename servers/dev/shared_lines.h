// Level-triggered interrupt lines. They are dev's, because several devices can have one: it is active while any of them
// requests, and only their drivers can see which.
//
//   line ---interrupt---> dev ---wake---> every driver that has joined the line
//    ^                     ^                 |
//    +---acknowledge-------+----answered-----+  each, when its device has taken its request back
//
// The kernel masks the line with the interrupt, and dev acknowledges it when all have answered. Nobody keeps the others
// from their interrupts for longer than its own patience:
//
//   a driver that dies      leaves the line when its device is silenced
//   one that is silent      is left out after its patience, its device's request with it, until it answers
//   one that answers, and   is left out until the next tick, when its device has requested again at once so often that
//   has taken nothing back  nobody else would run
//
// A device is left out by the Interrupt Disable bit of its command register (PCI Local Bus 3.0, 6.2.2). One without that bit is
// silenced. Where nobody is found, a line that interrupts too often rests until the next tick.
//
// An answer is a bit of dev's own notification: nobody can give another's, and nobody calls dev. Devices are known by their
// place in the list of assignments.
#pragma once

#include <servers/dev/devices.h>

#include <eft/cap.h>

namespace eft::dev {

// What lines ask of the devices.
class LineDevices {
public:
    // The device's request reaches its line, or does not. False: it does not obey.
    virtual bool connect_line(u32 place, bool connected) = 0;
    virtual bool is_requesting(u32 place) = 0;
    // It requests nothing any more until its driver has started it again.
    virtual void stop(u32 place) = 0;
    // Tells people.
    virtual void report(u32 place, std::string_view what) = 0;

protected:
    ~LineDevices() = default;
};

class SharedLines {
public:
    static constexpr u32 kMostMembers = 24;
    // Of a line between two ticks, of which there are 20 a second: from so many on it is looked who goes on requesting, and is
    // left out after so many times in a row; at the next tick after so many, if it still does.
    static constexpr u32 kManyInterrupts = 100, kMostClaims = 32, kClaimsAgain = 4;
    // Then it rests.
    static constexpr u32 kMostInterrupts = 2000;

    // The bits of dev's notification: an answer for each place, an interrupt for each line.
    static constexpr u32 kFirstAnswerBit = 1, kFirstLineBit = kFirstAnswerBit + kMostMembers;
    static_assert(kFirstLineBit + kIrqLines < 59, "the others are libos'");
    static constexpr u64 answer_bit(u32 place) { return u64{1} << (kFirstAnswerBit + place); }

    // `interrupts`: a capability to all lines.
    SharedLines(Slot interrupts, LineDevices& devices) : interrupts_(interrupts), devices_(devices) {}

    // `wake`, which stays the caller's, is signalled at each interrupt from now on. The driver may leave one unanswered for
    // `patience` ticks. Takes the place of what this place had, but for its claims. Errors: of the kernel.
    Status join(u32 place, u32 line, const Lines& how, Slot wake, u32 patience);
    // Everybody who has joined: a line may have interrupted, and who was asked, and has answered, died with an incarnation of dev.
    void ask_all();
    // The device requests nothing any more.
    void leave(u32 place);

    void woken(u64 bits);
    void tick();

private:
    enum class LeftOut : u8 { No, Silent, Claiming };
    struct Member {
        u32 line = kIrqLines;  // none
        Slot wake = Slot::None;
        u32 patience = 0;
        u32 waited = 0;  // ticks, since it was asked
        u32 claims = 0;  // answers in a row after which its device still requested
        bool reported = false;
        LeftOut left_out = LeftOut::No;
    };
    using Places = u32;  // a mask
    static_assert(kMostMembers <= 32);
    struct Line {
        Places members = 0, asked = 0, left_out = 0, suspects = 0;  // asked: and have not answered. Suspects have claims
        bool bound = false;
        bool masked = false;
        u32 interrupts = 0;  // since the last tick
    };

    void ask(u32 line);
    void answered(u32 place);
    void acknowledge_if_all_answered(u32 line);
    void look_who_claims(Line& line);
    void leave_out(u32 place, LeftOut why);
    void take_back_in(u32 place);
    Line& line_of(u32 place) { return lines_[members_[place].line]; }

    Slot interrupts_;
    LineDevices& devices_;
    std::array<Member, kMostMembers> members_{};
    std::array<Line, kIrqLines> lines_{};
};

}  // namespace eft::dev

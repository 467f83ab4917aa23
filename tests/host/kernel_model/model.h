// A reference model of the kernel, as naive as possible: maps, sets and lists, no links between them, nothing fast. It is
// written from docs/kernel-abi.md and the ABI headers, and shares no code with the kernel. Differential runs
// (differential.h) give both the same operations and compare them after each.
//
// An object's id is its physical address, which follows from the rules of retype. A capability has a number that is
// never used again, and lies at a place: a slot of a table, or an inner slot of the object that refers to it.
//
// Where the documents leave an order open (who is woken first when many are, which donated table is used next), the
// model has the kernel's; these places are marked ORDER.
#pragma once

#include <eft/abi/error.h>
#include <eft/abi/message.h>
#include <eft/abi/object.h>
#include <eft/abi/syscall.h>

#include <array>
#include <compare>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace eft::model {

using Id = u64;
using CapId = u32;  // 0: none; also the ancestor of what exists at the start
using Words = std::array<u64, kRegisterWords>;

// Places that are no slots of a table.
enum Inner : u32 {
    kTable = 1u << 24, kSpace, kUtcb, kPager, kExceptions, kBound, kReply, kContext,  // of a Thread
    kHandler,     // of a SchedContext
    kIrq,         // kIrq + n: interrupt n, of the holder 0
};

struct Place {
    Id holder;
    u32 index;
    auto operator<=>(const Place&) const = default;
};

struct Cap {
    ObjectType type{};
    Id object = 0;
    Rights rights = 0;
    u64 badge = 0;  // Irq, IoPorts: the range
    CapId parent = 0;
    std::vector<CapId> children;  // eldest first
    Place place{};
    // Frame, PageTable: where it is mapped, or in use (level 0: spare). CapPage: the table, and its first index.
    Id space = 0;
    u64 address = 0;
    unsigned level = 0;
    bool original = false, sealed = false, device = false, large = false;
    // Untyped
    unsigned size_bits = 0;
    u64 used = 0;
};

struct Registers {
    u64 number = 0, target = 0;
    Tag tag;
    Words words{};
    u64 instruction = 0, stack = 0;
};

struct Thread {
    ThreadState state = ThreadState::Suspended;
    u8 priority = 0;
    Registers registers;
    CapId via = 0;          // Sending, Receiving, Waiting
    Id waits_on = 0;        // Sending, Receiving: Endpoint; Waiting: Notification; AwaitingReply: Reply
    bool wants_reply = false;
    u64 sender_badge = 0;
    u32 fault = 0;          // label, 0: none
    Words fault_words{};
    bool reply_lost = false;
    u64 delivered = 0;
    Id charged = 0;
    bool foreign = false;  // its system calls go to the handler, except those from [first, first + size)
    u64 handler = 0, first = 0, size = 0;
};

struct Endpoint {
    std::deque<Id> senders, receivers;
};
struct Notification {
    u64 bits = 0;
    Id bound = 0;
    std::deque<Id> waiters;
};
struct Reply {
    enum State { Free, Holds, Gone } state = Free;
    Id caller = 0;
};
struct Context {
    u64 budget = 0, period = 0, consumed = 0, period_end = 0;
    std::int64_t left = 0;
    u8 ceiling = 0;
    bool reported = false;
    Id owner = 0;
    std::vector<Id> path;  // the Replies that it is lent through, outermost first
    Id holder = 0;         // who is charged for it while it is lent
    // Its period ended in this step while budget was left. The kernel, which does not read the clock on its fast path,
    // may begin the next one later.
    bool refilled = false;
    std::int64_t left_before = 0;
    u64 end_before = 0;
};
struct Table {
    u64 own = 0, size = 0;       // slots; those that there can be
    std::map<u64, CapId> pages;  // by the first index: what was donated
    std::set<u64> lost;          // first indices of pages whose slots have to be emptied
};
struct Space {
    std::vector<CapId> spare;                          // ORDER: the last one donated is used first
    std::map<std::pair<unsigned, u64>, CapId> entries;  // (level, first address): a table of that level, or at 0 a page
};
struct Page {  // the part of a frame that messages use
    std::array<u64, kMaxWords> words{};
    std::array<u32, kMaxCaps> send{}, receive{};
    u64 foreign_return = 0;
};

struct Operation {
    enum Kind { System, PageFault, Exception, Interrupt, TimeSlice, Time } kind = System;
    u64 number = 0, slot = 0;  // number: of the system call with its flags, interrupt, vector
    Tag tag;
    Words words{};
    u64 address = 0;           // page faults; Time: ticks
};
std::string describe(const Operation& operation);

// Objects that take memory of their own and count their capabilities.
bool counted(ObjectType type);

class Model {
public:
    // The start of a test machine (tests/host/kernel/machine.cc).
    Model();
    void step(const Operation& operation);

    // What the last step was and how it ended, for the table of coverage.
    std::string outcome;

    // All state.
    std::map<CapId, Cap> caps;
    std::map<Place, CapId> places;
    std::map<Id, Thread> threads;
    std::map<Id, Endpoint> endpoints;
    std::map<Id, Notification> notifications;
    std::map<Id, Reply> replies;
    std::map<Id, Context> contexts;
    std::map<Id, Table> tables;
    std::map<Id, Space> spaces;
    std::map<Id, Page> pages;  // by the frame's address
    std::map<u32, CapId> bound_through;  // interrupt numbers, and the capability that IrqBind was invoked on
    std::array<std::deque<Id>, kPriorities> ready;
    std::deque<Id> exhausted;
    Id current = 0;
    u64 now = 0;
    // The machine's registers are not modelled: the words of the answer, from 4 on, that only the kernel knows.
    Id inspected_page = 0;
    Id latency_unknown = 0;       // the thread that asked how late the timer was
    Id nothing_received = 0;     // the thread that sent, signalled or yielded: its registers are zero, or as it set them
    Id two_mistakes = 0;         // the thread that made them: no capability, and a bad tag; either may be told

    // Places and capabilities (capabilities.cc).
    CapId at(Place place) const;
    CapId inner(Id holder, u32 which) const { return at({holder, which}); }
    Id inner_object(Id holder, u32 which) const;
    Cap& cap(CapId id) { return caps.at(id); }
    CapId slot(Id thread, u64 index) const;         // of the thread's table, 0: empty or none
    bool slot_exists(Id thread, u64 index) const;
    bool has_slot(Id table, u64 index) const;
    Place slot_place(Id thread, u64 index) const;
    bool has_children(CapId id) const { return !caps.at(id).children.empty(); }
    Id own_context(Id thread) const { return inner_object(thread, kContext); }
    u64 object_count() const;

private:
    friend class Invoker;
    CapId create(Place place, Cap cap, CapId parent);
    CapId derive(CapId source, Place place, Rights mask, u64 badge);
    void move(CapId id, Place place);
    void remove(CapId id);
    void revoke(CapId id);
    void drop(Id object, ObjectType type);
    void destroy(Id object, ObjectType type);
    void reap();
    void set_inner(Id thread, u32 which, CapId source, u64 badge);
    void inner_cleared(Id thread, ObjectType type);
    Error retype(CapId untyped, ObjectType type, unsigned size_bits, unsigned limit_bits, u64 count, Id table, u64 first);
    void empty_slots(Id table, u64 first);
    void reap_table(Id table);

    // Threads and time (schedule.cc).
    void wake(Id thread);
    void switch_to(Id thread);
    void end_wait(Id thread, Error error);
    void stop(Id thread);
    void leave_wait(Id thread);
    void set_priority(Id thread, u8 priority);
    bool can_run(Id thread) const;
    bool has_budget(Id context);
    Id choose(Id before);
    void schedule();
    void yield();
    void wake_refilled();
    void advance(u64 ticks);
    void unqueue(Id thread);
    void let_go(Id thread);
    void lend(Id caller, Id server, Id reply);
    void draw_back(Id context, Id reply);
    void take_back(Id context, Id reply);  // reply 0: from everybody


    // Messages (messages.cc).
    void result(Id thread, Error error, u64 badge, Tag tag, const Words& words = {});
    void finish(Id thread, Error error) { result(thread, error, 0, Tag()); }
    Error transfer(Id sender, Id receiver, u64 badge);
    Error send(Id sender, CapId via, bool call, bool poll);
    Error receive(Id receiver, CapId via, bool poll);
    Error answer(Id reply, Id server);
    Id end_call(Id reply);
    void endpoint_wait_ended(Id thread, Error error);
    void deliver_fault(Id thread);
    void abandon_fault(Id thread);
    void raise_fault(Id thread, u32 label, const Words& words);
    bool take_bits(Id notification, Id thread);
    void signal(Id notification, u64 bits);
    Error system_call(const Operation& operation);
    bool goes_to_handler(Operation& operation);
    Error system_send(Id thread, CapId id, bool poll);
    Error system_receive(Id thread, CapId id, bool poll, bool answers);
    Page* page(Id thread);

    // Memory (memory.cc).
    Error map(Id space, CapId frame, u64 address, u64 how);
    void unmap(CapId frame);
    void detach(CapId id);
    void destroy_space(Id space);

    Error invoke(Id thread, CapId id);

    CapId next_cap_ = 1;
    std::deque<std::pair<Id, ObjectType>> dying_;
    Id direct_ = 0;
};

}  // namespace eft::model

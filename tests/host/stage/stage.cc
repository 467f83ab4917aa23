#include "stage.h"

#include <eft/idl/proc.h>
#include <eft/invoke.h>
#include <eft/log_ring.h>
#include <eft/process.h>

#include <stdexcept>

namespace eft::test {

namespace ko = kernel_object;

namespace {

constexpr unsigned kReserveBits = 25;
constexpr u64 kIdle = 1;
constexpr u64 kExitBadge = 1000;  // + number of the program: its session with proc
constexpr u32 kWork = 1;          // the test's message: a pointer to Work
constexpr unsigned kIncarnationBits = 18;
constexpr unsigned kMostPanics = 100;  // of one program, in a row: more are no test, but a restart that fails

// What root does for the test.
struct Work {
    const std::function<void()>& work;
    std::exception_ptr thrown;
};

}  // namespace

Stage::Stage() : memory_(machine.boot_info()) {
    const_cast<ServiceConfig&>(config()).table_bits = kRootTableBits;
    const_cast<ServiceConfig&>(config()).table = table_plan();
    ipc::slots::refill(sys::utcb(), kMaxCaps);
    check(memory_.reserve(kReserveBits), "memory");
    exceptions_ = memory_.take_slots(1);
    notification_ = memory_.take_slots(1);
    root_idle_ = memory_.take_slots(1);
    test_wait_ = memory_.take_slots(1);
    test_idle_ = memory_.take_slots(1);
    signaller_ = memory_.take_slots(1);
    const Slot own_table = root::root_slot(RootSlot::Table);
    check(ko::retype(memory_.reserved(), ObjectType::Endpoint, exceptions_), "the supervisor's endpoint");
    check(ko::retype(memory_.reserved(), ObjectType::Notification, notification_), "the supervisor's notification");
    check(ko::retype(memory_.reserved(), ObjectType::Notification, test_wait_), "the test's notification");
    check(ko::bind(root::root_slot(RootSlot::Thread), notification_), "the supervisor's notification");
    check(ko::derive(own_table, root_idle_, notification_, kAllRights, kIdle), "the sign of idleness");
    check(ko::derive(own_table, test_idle_, test_wait_, kAllRights, kIdle), "the sign of idleness");
    machine.signal_when_idle(root_idle_);
}

Stage::~Stage() {
    for (u32& which : sys::utcb().receive_slots) return_slot(Slot{which});
}

void Stage::check(Status status, const char* what) {
    if (!status.ok()) throw std::logic_error(std::string(what) + ": " + to_string(status.error()));
}

void Stage::as_root(const std::function<void()>& work) {
    if (std::this_thread::get_id() == root_thread_) return work();
    Work order{work, nullptr};
    sys::Registers registers;
    registers.tag = Tag(kWork, 1);
    registers.w[0] = reinterpret_cast<u64>(&order);
    check(sys::call(slot(WellKnown::Process), registers), "an order of the test");
    if (order.thrown) std::rethrow_exception(order.thrown);
}

Program& Stage::add(std::string name, std::function<int()> main, ProgramOptions options) {
    const u32 index = static_cast<u32>(programs_.size());
    host::Image& image = machine.add_image(name, std::move(main));
    Program& program = *programs_.emplace_back(new Program{std::move(name), options, image, {}});
    as_root([&] {
        const root::ServiceSpec spec{program.name, program.name, kIncarnationBits, options.table_bits, options.priority, 0, options.state_bytes,
                                     EndpointRight::Send | EndpointRight::Receive, options.table_limit_bits, options.table_pages, options.persistent_slots, options.replies};
        check(program.service.create(memory_, spec, host::elf_file(image), index, exceptions_), "a program's persistent part");
        const Slot table = program.service.table();
        check(ko::derive(table, slot(WellKnown::Supervisor), notification_, bits(NotificationRight::Signal), u64{1} << 8), "its supervisor");
        check(ko::derive(table, slot(WellKnown::Process), exceptions_, bits(EndpointRight::Send), kExitBadge + index), "its session with proc");
        start(program);
    });
    return program;
}

void Stage::start(Program& program) {
    program.service.head().last_words[0] = 0;
    check(program.service.build_next(), "an incarnation");
    on_start(program);
    check(program.service.resume(), "an incarnation");
}

void Stage::end(Program& program) {
    on_end(program);
    check(program.service.end(), "the end of an incarnation");
}

void Stage::connect(Program& client, std::string_view name, Program& server, Badge badge) {
    as_root([&] { check(client.service.grant(name, server.service.endpoint(), bits(EndpointRight::Send), raw(badge)), "a session"); });
}

void Stage::connect(Program& client, WellKnown where, Program& server, Badge badge) {
    as_root([&] { check(ko::derive(client.service.table(), slot(where), server.service.endpoint(), bits(EndpointRight::Send), raw(badge)), "a session"); });
}

CapHandle Stage::connect(Program& server, Badge badge) {
    CapHandle session(allocate_slot());
    const Slot table = test_ ? test_->service.table() : root::root_slot(RootSlot::Table);
    as_root([&] { check(ko::derive(table, session.slot(), server.service.endpoint(), bits(EndpointRight::Send), raw(badge)), "a session"); });
    return session;
}

void Stage::died(Program& program) {
    ++program.deaths;
    const std::string_view words = field_text(program.service.head().last_words);
    program.panics = words.empty() ? 0 : program.panics + 1;
    if (program.panics == kMostPanics) throw std::logic_error(program.name + " dies again and again: " + std::string(words));
    end(program);
    if (program.options.restarts) start(program);
    else program.ended = true;
}

void Stage::kill(Program& program) {
    as_root([&] { died(program); });
}

void Stage::signal(Program& program, u64 bits) {
    as_root([&] {
        const Slot own_table = root::root_slot(RootSlot::Table);
        check(ko::derive(own_table, signaller_, program.service.notification(), kAllRights, bits), "a signal");
        sys::signal(signaller_);
        check(ko::remove(own_table, signaller_), "a signal");
    });
}

u32 Stage::used_slots(Program& program) {
    u32 used = 0;
    as_root([&] { used = *ko::used_slots(program.service.table()); });
    return used;
}

u32 Stage::kept_slots(Program& program) {
    u32 kept = 0;
    as_root([&] {
        for (u32 each = raw(slot(WellKnown::FirstPersistent)); each < table_plan(program.options.persistent_slots).first_scratch; ++each) {
            const auto info = ko::inspect(program.service.table(), static_cast<Slot>(each));
            kept += info.ok() && info->type != ObjectType::None;
        }
    });
    return kept;
}

std::vector<std::string> Stage::logged(Program& program) {
    std::vector<std::string> lines;
    as_root([&] {
        LogReader reader({reinterpret_cast<const std::byte*>(&program.service.head()) + kPageSize, root::Service::kLogBytes});
        char text[kLogLineLimit];
        for (auto line = reader.next(text); line.ok(); line = reader.next(text)) lines.emplace_back(line->text);
    });
    return lines;
}

void Stage::run() {
    if (std::this_thread::get_id() == root_thread_) return supervise([] { return false; });
    sys::Registers registers;
    check(sys::recv(*granted("idle"), registers), "the sign of idleness");
}

void Stage::run_test(const std::function<void()>& test) {
    std::exception_ptr thrown;
    Program& program = add("test", [&] {
        try {
            test();
        } catch (...) {
            thrown = std::current_exception();
        }
        return 0;
    }, {.priority = kTestPriority, .restarts = false});
    check(program.service.grant("idle", test_wait_), "the sign of idleness");
    test_ = &program;
    machine.signal_when_idle(test_idle_);
    supervise([&] { return program.ended; });
    machine.signal_when_idle(root_idle_);
    test_ = nullptr;
    if (thrown) std::rethrow_exception(thrown);
    if (program.deaths != 0) throw std::logic_error("the test met an exception: " + std::string(field_text(program.service.head().last_words)));
}

void Stage::supervise(const std::function<bool()>& ended) {
    while (!ended()) {
        sys::Registers registers;
        const Error error = owes_answer_ ? sys::reply_recv(exceptions_, registers) : sys::recv(exceptions_, registers);
        check(error, "the supervisor");
        owes_answer_ = !registers.tag.has(Tag::Notification);
        if (registers.tag.has(Tag::Notification)) {
            if (registers.badge & kIdle) return;
        } else if (registers.tag.has(Tag::Fault)) {
            died(*programs_.at(registers.badge - 1));
        } else if (registers.badge >= kExitBadge && registers.tag.label() == kWork) {
            Work& order = *reinterpret_cast<Work*>(registers.w[0]);
            try {
                order.work();
            } catch (...) {
                order.thrown = std::current_exception();
            }
        } else if (registers.badge >= kExitBadge) {
            Program& program = *programs_.at(registers.badge - kExitBadge);
            program.status = static_cast<int>(registers.w[0]);
            program.ended = true;
            end(program);
        }
    }
}

}  // namespace eft::test

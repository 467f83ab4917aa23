// Long because handing over the processor, time with its events, and the ends of threads are one thing: each is part of the
// other's loop.
#include "machine.h"

#include "boot.h"
#include "inspect.h"
#include "window.h"

#include <object/address_space.h>
#include <object/cap_table.h>
#include <object/notification.h>
#include <schedule/budget.h>
#include <syscall/syscall.h>

#include <arch/entry.h>
#include <arch/record.h>

#include <eft/arch/program.h>
#include <eft/arch/stores.h>
#include <eft/layout.h>

#include <sanitizer/lsan_interface.h>

#include <algorithm>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <semaphore>
#include <stdexcept>
#include <thread>
#include <ucontext.h>
#include <unordered_map>

extern "C" [[noreturn]] void eft_start(eft::u64 number, eft::u64 replies_delivered);

namespace eft::host {

namespace {

using kernel::Capability;
using kernel::Core;
using kernel::PhysAddr;
using kernel::Thread;
using kernel::arch::record;

constexpr u64 kImageStep = kPageSize;

// A thread of Eft. Its Linux thread waits unless it is the one that runs.
struct Runner {
    Thread* thread = nullptr;
    Image* image = nullptr;  // null: root
    u64 arguments[2] = {};
    Window window;
    std::binary_semaphore turn{0};
    bool dead = false;
    sigjmp_buf end;
    std::thread native;
};

thread_local Runner* self = nullptr;
Machine::Implementation* machine = nullptr;

}  // namespace

class Machine::Implementation {
public:
    explicit Implementation(std::size_t archive_bytes) {
        if (machine) throw std::logic_error("there is a machine already");
        empty_memory();
        record() = kernel::arch::Record{};
        record().time = 1;
        record().flushed = [this](u64 root_table, u64 address) { flush(PhysAddr(root_table), address); };
        record().state_dropped = [this](Thread& thread) { drop(thread); };
        table_ = &build_root(core_, boot_info_, archive_bytes);
        root_.thread = &slot(static_cast<u32>(RootSlot::Thread)).as<Thread>();
        self = &root_;
        machine = this;
        arch::window = root_.window.place();
        arch::message_page = root_.thread->utcb;
        host::store_hook.before = [] {
            if (machine && self) machine->note_store();
        };
        install_handler();
    }

    ~Implementation() {
        host::store_hook = {};
        remove_handler();
        for (auto& [thread, runner] : runners_) dropped_.push_back(std::move(runner));
        runners_.clear();
        end_dropped();
        arch::window = nullptr;
        arch::message_page = &arch::no_page;
        self = nullptr;
        machine = nullptr;
        record() = kernel::arch::Record{};
    }

    Error enter(u64 operation, Slot where, ipc::Registers& r) {
        if (self->dead) return Error::Cancelled;
        ++calls_;
        if (self->image) count(*self->image, self->image->system_calls, self->image->fatal_system_call);
        if (refusal && operation == static_cast<u64>(SystemCall::Call))
            if (const Error error = refusal(static_cast<Invocation>(r.tag.label())); error != Error::None) return error;
        Thread& thread = *self->thread;
        record().events.clear();
        record().time += kTicksPerCall;
        if (core_.deadline != 0 && record().time >= core_.deadline) {
            kernel::handle_time_slice(core_);
            hand_over();
        }
        auto& registers = thread.registers;
        registers.number = operation;
        registers.target = raw(where);
        registers.message_tag = r.tag.value;
        for (unsigned i = 0; i < kRegisterWords; ++i) registers.words[i] = r.w[i];
        do {
            registers.repeats = false;
            record().events.clear();
            kernel::arch::enter_system_call(core_);
            hand_over();
        } while (registers.repeats);
        r.badge = registers.target;
        r.tag = Tag(registers.message_tag);
        for (unsigned i = 0; i < kRegisterWords; ++i) r.w[i] = registers.words[i];
        return static_cast<Error>(registers.number);
    }

    void exception() {
        if (self->dead) leave();
        record().events.clear();
        kernel::handle_exception(core_, {6, 0, 0});
        hand_over();
    }

    void compute(u64 duration) {
        const u64 end = duration == kForEver ? kForEver : record().time + duration;
        while (record().time < end) {
            record().events.clear();
            const u64 event = events.empty() ? kForEver : events.begin()->first;
            const u64 slice = core_.deadline == 0 ? kForEver : core_.deadline;
            const u64 next = std::min({end, event, slice});
            if (next != kForEver) record().time = std::max(record().time, next);
            if (event <= record().time) run_event();
            else if (slice <= record().time) kernel::handle_time_slice(core_);
            // For a slice nobody has made a system call.
            if (end == kForEver && events.empty() && std::exchange(calls_at_slice_, calls_) == calls_) signal_idle();
            hand_over();
        }
    }

    // Makes the page of the running thread's window accessible. False: it is no address of its window.
    bool page_fault(u64 address, bool write) {
        if (!self || !self->window.contains(address)) return false;
        const u64 user = address - reinterpret_cast<u64>(self->window.place());
        if (self->dead) {  // its destructors may look at what is gone
            self->window.map_anything(user);
            return true;
        }
        const Translation found = touch(user, write);
        if (is_device(found.page)) fail("plain memory accesses a device at", user);
        self->window.map(user, found);
        return true;
    }

    // Where a register in the running thread's window is, if it is one of a device.
    std::optional<u64> device_address(u64 address, bool write) {
        if (!self || self->dead || !self->window.contains(address)) return {};
        const u64 user = address - reinterpret_cast<u64>(self->window.place());
        const Translation found = touch(user, write);
        if (!is_device(found.page)) return {};
        return found.page.value() + user % kPageSize;
    }

    bool holds_ports(u32 index, u16 port, unsigned width) const {
        if (!self || self->dead || self->thread->table.empty()) return true;
        const Capability* cap = self->thread->table.as<kernel::CapTable>().lookup(index);
        return cap && cap->type() == ObjectType::IoPorts && kernel::NumberRange::unpack(cap->detail()).contains(port, width);
    }

    Image& add_image(std::string name, std::function<int()> main) {
        Image& image = *images_.emplace_back(std::make_unique<Image>());
        image.name = std::move(name);
        image.main = std::move(main);
        image.entry = layout::kImageBase + images_.size() * kImageStep;
        return image;
    }

    void note_store() {
        if (self->image && !self->dead) count(*self->image, self->image->stores, self->image->fatal_store);
    }

    u64 time_stamp() { return ++record().time; }

    const BootInfo& boot_info() const { return boot_info_; }
    Slot idle = Slot::None;
    std::multimap<u64, std::function<void()>> events;
    Core& core() { return core_; }

private:
    Capability& slot(u32 index) { return *table_->lookup(index); }

    static bool is_device(PhysAddr page) { return page.value() >= kDevicesStart && page.value() < kDevicesEnd; }
    [[noreturn]] static void fail(const char* what, u64 user) {
        std::fprintf(stderr, "%s %llx\n", what, static_cast<unsigned long long>(user));
        std::abort();
    }
    // Of the running thread: once the page is there.
    Translation touch(u64 user, bool write) {
        for (;;) {
            const Translation found = translate(root_of(*self->thread), user);
            if (found.present && (found.writable || !write)) return found;
            if (self == &root_) fail("root touches what is not mapped:", user);
            record().events.clear();
            kernel::handle_page_fault(core_, {14, 4u | (write ? 2u : 0u) | (found.present ? 1u : 0u), user});
            hand_over();
        }
    }

    void count(Image& image, u64& counter, u64& fatal) {
        if (counter++ != fatal) return;
        if (image.spared) {
            fatal = counter;
            return;
        }
        if (image.died) image.died();
        exception();
    }

    void flush(PhysAddr root_table, u64 address) {
        const auto flush_in = [&](Runner& runner) {
            if (runner.thread && root_of(*runner.thread) == root_table) runner.window.flush(address);
        };
        flush_in(root_);
        for (auto& [thread, runner] : runners_) flush_in(*runner);
    }
    static PhysAddr root_of(Thread& thread) {
        return thread.space.empty() ? PhysAddr() : thread.space.as<kernel::AddressSpace>().root();
    }

    // Threads.
    void drop(Thread& thread) {
        const auto found = runners_.find(&thread);
        if (found == runners_.end()) return;
        found->second->thread = nullptr;
        found->second->dead = true;
        dropped_.push_back(std::move(found->second));
        runners_.erase(found);
    }
    // Ends the Linux threads of those that the kernel has let go of, except the running one.
    void end_dropped() {
        for (auto& runner : dropped_) {
            if (runner.get() == self) {
                leaving_ = std::move(runner);
                continue;
            }
            runner->dead = true;
            runner->turn.release();
            runner->native.join();
        }
        dropped_.clear();
    }
    Runner& runner_of(Thread& thread) {
        if (&thread == root_.thread) return root_;
        std::unique_ptr<Runner>& runner = runners_[&thread];
        if (runner) return *runner;
        runner = std::make_unique<Runner>();
        runner->thread = &thread;
        const u64 entry = thread.registers.instruction_pointer();
        for (auto& image : images_)
            if (page_down(entry) == image->entry) runner->image = image.get();
        runner->arguments[0] = thread.registers.target;
        runner->arguments[1] = thread.registers.message_tag;
        if (runner->image) ++runner->image->starts;
        runner->native = std::thread([this, &made = *runner, offset = entry % kPageSize] { run(made, offset); });
        return *runner;
    }
    void run(Runner& runner, u64 offset) {
        __lsan_disable();  // what a killed program had allocated is nobody's
        self = &runner;
        runner.turn.acquire();
        if (!runner.dead && sigsetjmp(runner.end, 0) == 0) {
            arch::window = runner.window.place();
            arch::message_page = runner.thread->utcb;
            if (!runner.image || offset == layout::kCrashOffset) arch::crash();
            if (offset == layout::kHangOffset) compute(kForEver);
            eft_start(runner.arguments[0], runner.arguments[1]);
        }
        arch::message_page = &arch::no_page;
        __lsan_enable();
    }
    // To the thread that the kernel has chosen; back when it is this one again.
    void hand_over() {
        end_dropped();
        find_work();
        if (!leaving_ && core_.current == self->thread) return;
        Runner& next = runner_of(*core_.current);
        if (leaving_) {
            last_ = std::move(leaving_);
            next.turn.release();
            leave_now();
        }
        next.turn.release();
        self->turn.acquire();
        if (self->dead) leave();
        if (self == &root_) {
            if (last_) {
                last_->native.join();
                last_.reset();
            }
            if (!deadlock_.empty()) throw_deadlock(deadlock_);
        }
    }
    [[noreturn]] void leave() {
        if (self == &root_) throw std::logic_error("the machine has stopped");
        leave_now();
    }
    [[noreturn]] static void leave_now() { siglongjmp(self->end, 1); }

    void find_work() {
        while (!core_.current) {
            record().events.clear();
            const u64 next_event = events.empty() ? ~u64{0} : events.begin()->first;
            if (core_.deadline != 0 && core_.deadline <= next_event) {
                record().time = std::max(record().time, core_.deadline);
                kernel::handle_time_slice(core_);
            } else if (!events.empty()) {
                record().time = std::max(record().time, next_event);
                run_event();
            } else {
                signal_idle();
            }
        }
    }
    void run_event() {
        auto event = std::move(events.begin()->second);
        events.erase(events.begin());
        event();
    }
    void signal_idle() {
        if (idle != Slot::None && root_.thread->state != ThreadState::Ready) {
            const kernel::NotificationCap cap(slot(raw(idle)));
            cap.object().signal(core_, raw(cap->badge));
            kernel::choose_next(core_);
            if (core_.current) return;
        }
        // Root waits for somebody who waits for ever.
        deadlock_ = "nobody can run: " + states();
        if (self == &root_) throw_deadlock(deadlock_);
        root_.turn.release();
        self->turn.acquire();
        leave();
    }
    std::string states() {
        static constexpr const char* kNames[] = {"suspended", "ready", "sending", "receiving", "awaiting a reply", "waiting", "exhausted"};
        std::string text = "root is " + std::string(kNames[static_cast<unsigned>(root_.thread->state)]);
        for (auto& [thread, runner] : runners_)
            text += ", " + (runner->image ? runner->image->name : "?") + " is " + kNames[static_cast<unsigned>(thread->state)];
        return text;
    }
    [[noreturn]] void throw_deadlock(std::string what) {
        root_.dead = true;
        throw std::logic_error(std::move(what));
    }

    static void install_handler();
    static void remove_handler();

    kernel::Kernel kernel_;
    Core core_{kernel_};
    kernel::CapTable* table_ = nullptr;
    BootInfo boot_info_{};
    Runner root_;
    std::unordered_map<Thread*, std::unique_ptr<Runner>> runners_;
    std::vector<std::unique_ptr<Runner>> dropped_;
    std::unique_ptr<Runner> leaving_, last_;
    std::vector<std::unique_ptr<Image>> images_;
    std::string deadlock_;
    u64 calls_ = 0, calls_at_slice_ = 0;  // system calls of all
};

namespace {

struct sigaction other_faults;

// What is no page fault of a program is reported by who was there before: doctest, which comes anew with each case, or
// ASan.
void on_fault(int number, siginfo_t* info, void* context) {
    const auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    if (machine && machine->page_fault(reinterpret_cast<u64>(info->si_addr), registers[REG_ERR] & 2)) return;
    if (other_faults.sa_flags & SA_SIGINFO) return other_faults.sa_sigaction(number, info, context);
    if (other_faults.sa_handler != SIG_DFL) return other_faults.sa_handler(number);
    signal(number, SIG_DFL);
}

}  // namespace

void Machine::Implementation::install_handler() {
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    if (sigaction(SIGSEGV, &action, &other_faults) != 0) throw std::logic_error("the handler of faults");
}

void Machine::Implementation::remove_handler() { sigaction(SIGSEGV, &other_faults, nullptr); }

Machine::Machine(std::size_t archive_bytes) : implementation_(std::make_unique<Implementation>(archive_bytes)) {}
Machine::~Machine() = default;
void compute(u64 time) { machine->compute(time); }
const BootInfo& Machine::boot_info() const { return implementation_->boot_info(); }
std::byte* Machine::memory(u64 physical) { return kernel::to_pointer<std::byte>(PhysAddr(physical)); }
Image& Machine::add_image(std::string name, std::function<int()> main) { return implementation_->add_image(std::move(name), std::move(main)); }
void Machine::signal_when_idle(Slot notification) { implementation_->idle = notification; }
void Machine::at(u64 time, std::function<void()> event) { implementation_->events.emplace(time, std::move(event)); }
void Machine::interrupt(u32 number) { kernel::handle_interrupt(implementation_->core(), number); }
Machine::LineMode Machine::line_mode(u32 line) const { return {record().lines.at(line).level, record().lines.at(line).active_low}; }
bool Machine::is_masked(u32 line) const { return record().lines.at(line).masked; }
u64 Machine::now() const { return record().time; }
const std::string& Machine::printed() const { return record().printed; }

}  // namespace eft::host

namespace eft::arch {

Error enter(u64 operation, Slot slot, ipc::Registers& registers) {
    return host::machine && host::self ? host::machine->enter(operation, slot, registers) : Error::Cancelled;
}
std::optional<u64> device_address(const volatile void* place, bool write) {
    return host::machine ? host::machine->device_address(reinterpret_cast<u64>(place), write) : std::nullopt;
}
bool holds_ports(Slot ports, u16 port, unsigned width) { return !host::machine || host::machine->holds_ports(raw(ports), port, width); }
u64 machine_time() { return host::machine ? host::machine->time_stamp() : 0; }
void crash() {
    if (!host::machine || !host::self || !host::self->image) std::abort();
    for (;;) host::machine->exception();
}
int run_program() { return host::self->image->main(); }

}  // namespace eft::arch

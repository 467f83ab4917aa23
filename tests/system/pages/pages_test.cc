// The live page tables of the booted system, looked at from outside: no physical page is writable and executable, user
// mode reaches nothing of the kernel's, and a page is in two processes only where capabilities lead from one to the other.
#include "survey.h"

#include <program.h>
#include <system.h>

#include <doctest/doctest.h>

#include <arch/memory_map.h>
#include <arch/page_table.h>
#include <object/frame.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <thread>

using namespace eft;
using namespace eft::pages;
using namespace eft::qemu;

namespace {

constexpr unsigned kMebibytes = 256;
constexpr u64 kConfigAddress = 0x1000'0000;  // libos/include/eft/layout.h
constexpr u64 kBytes = u64{kMebibytes} << 20;

class Observer {
public:
    explicit Observer(Machine& machine) : machine_(machine) {}

    // The machine stops.
    GuestMemory look() {
        auto memory = GuestMemory::take(machine_, kBytes, folder_.path() + "/memory");
        REQUIRE_MESSAGE(memory, "the kernel is at work all the time");
        return std::move(*memory);
    }
    Survey survey(GuestMemory& memory) const { return Survey(memory, symbols_); }

    void go_on() { machine_.control().command("cont"); }

    Figures check() {
        GuestMemory memory = look();
        const Survey seen = survey(memory);
        for (const std::string& complaint : seen.complaints()) FAIL_CHECK(complaint);
        // What is being looked at is a running system.
        CHECK(seen.figures().spaces >= 10);
        CHECK(seen.figures().user_mappings > 1000);
        CHECK(seen.figures().kernel_mappings > 50'000);
        CHECK(seen.figures().executable_pages > 100);
        CHECK(seen.figures().shared_pages > 10);
        CHECK(seen.figures().kernel_pages > 200);
        go_on();
        return seen.figures();
    }

private:
    Machine& machine_;
    TemporaryFolder folder_;
    std::map<std::string, u64> symbols_ = faults::Program(EFT_KERNEL_IMAGE).symbols();
};

std::string text(const Figures& f) {
    return std::to_string(f.capabilities) + " capabilities, " + std::to_string(f.spaces) + " spaces, " + std::to_string(f.user_mappings) +
           " user mappings, " + std::to_string(f.executable_pages) + " executable pages, " + std::to_string(f.shared_pages) + " shared pages, " +
           std::to_string(f.kernel_pages) + " pages of the kernel";
}

// The first mapping that fits.
template <class Fits>
Survey::Mapping find(const Survey& survey, Fits fits) {
    for (const Survey::Mapping& mapping : survey.mappings()) {
        if (fits(mapping)) return mapping;
    }
    FAIL("there is no such mapping");
    return {};
}

}  // namespace

TEST_CASE("the page tables are right when the system has booted, and while drivers and servers are killed") {
    const TestDisk disk(8);
    System system({.disk = disk.path(), .memory_mib = kMebibytes});
    Observer observer(system.machine());
    MESSAGE("at the prompt: " << text(observer.check()));

    std::atomic<bool> done = false;
    std::string printed;
    std::thread prompt([&] {
        std::string line = "sha256sum /big.bin & ";
        for (const char* victim : {"virtio_blk", "ext2", "hpet", "uart", "log", "virtio_blk", "echo", "counter"}) {
            line += std::string("service kill ") + victim + "; service wait " + victim + "; ";
        }
        for (unsigned i = 0; i < 3; ++i) line += "service kill virtio_blk --signal crash; service wait virtio_blk; ";
        try {
            printed = system.run(line + "wait", 240);
        } catch (const std::exception& error) {
            printed = error.what();
        }
        done = true;
    });
    unsigned looks = 0;
    Figures last;
    while (!done && looks < 40) {
        last = observer.check();
        ++looks;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    prompt.join();
    MESSAGE(looks << " looks while services were killed; the last: " << text(last));
    CHECK(looks >= 5);
    CHECK_MESSAGE(printed.find(disk.sum()) != std::string::npos, printed);
    CHECK(system.services().at("virtio_blk").restarts >= 4);
    MESSAGE("afterwards: " << text(observer.check()));
    system.shut_down();
}

TEST_CASE("the check finds what is put wrong") {
    using kernel::arch::PageEntry;
    System system({.memory_mib = kMebibytes});
    Observer observer(system.machine());
    const auto complaint_after = [&](const std::string& expected, auto damage) {
        CAPTURE(expected);
        GuestMemory memory = observer.look();
        observer.go_on();
        const Survey before = observer.survey(memory);
        REQUIRE(before.complaints().empty());
        damage(memory, before);
        const Survey after = observer.survey(memory);
        REQUIRE_FALSE(after.complaints().empty());
        CHECK_MESSAGE(after.complaints().front().find(expected) != std::string::npos, after.complaints().front());
    };
    const auto user = [](bool writable, bool executable) {
        return [=](const Survey::Mapping& m) { return !m.kernel_half && m.writable == writable && m.executable == executable; };
    };

    complaint_after("is executable at", [&](GuestMemory& memory, const Survey& survey) {  // a program's text, in the direct map
        const u64 page = find(survey, user(false, true)).page;
        const auto direct = find(survey, [&](const Survey::Mapping& m) { return m.address == kernel::arch::kDirectMapBase + page; });
        memory.at_physical<u64>(direct.entry) |= PageEntry::Writable;
    });
    complaint_after("is executable at", [&](GuestMemory& memory, const Survey& survey) {  // a stack
        memory.at_physical<u64>(find(survey, user(true, false)).entry) &= ~u64{PageEntry::NoExecute};
    });
    complaint_after("is executable at", [&](GuestMemory& memory, const Survey& survey) {  // the kernel's text
        const auto text = find(survey, [](const Survey::Mapping& m) { return m.kernel_half && m.executable; });
        memory.at_physical<u64>(text.entry) |= PageEntry::Writable;
    });
    complaint_after("memory of the kernel", [&](GuestMemory& memory, const Survey& survey) {
        u64& entry = memory.at_physical<u64>(find(survey, user(true, false)).entry);
        entry = (entry & ~u64{0x000f'ffff'ffff'f000}) | *survey.kernel_memory().rbegin();
    });
    complaint_after("does not allow to write", [&](GuestMemory& memory, const Survey& survey) {
        // A configuration page, which its process has only to read, and its supervisor to write.
        const auto configuration = find(survey, [&](const Survey::Mapping& m) {
            return m.address == kConfigAddress && !m.writable && std::ranges::any_of(survey.mappings(), [&](const Survey::Mapping& other) {
                return !other.kernel_half && other.page == m.page && other.writable;
            });
        });
        memory.at_physical<u64>(configuration.entry) |= PageEntry::Writable;
    });
    complaint_after("is to another page", [&](GuestMemory& memory, const Survey& survey) {  // another process's stack
        const auto one = find(survey, user(true, false));
        const auto other = find(survey, [&](const Survey::Mapping& m) { return user(true, false)(m) && m.root != one.root; });
        u64& entry = memory.at_physical<u64>(one.entry);
        entry = (entry & ~u64{0x000f'ffff'ffff'f000}) | other.page;
    });
    complaint_after("no capability stands for", [&](GuestMemory& memory, const Survey& survey) {  // a mapping that nobody made
        const auto one = find(survey, user(true, false));
        const u64 table = page_down(one.entry);
        for (u64 place = table; place < table + kPageSize; place += 8) {
            if (u64& entry = memory.at_physical<u64>(place); entry == 0) {
                entry = memory.at_physical<u64>(one.entry);
                return;
            }
        }
        FAIL("the table is full");
    });
    system.shut_down();
}

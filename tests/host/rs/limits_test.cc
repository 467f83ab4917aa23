// The restart limits, and the words about a service.
#include "host_system.h"

#include <doctest/doctest.h>

#include <describe.h>
#include <eft/ipc/message_writer.h>
#include <eft/overdue.h>
#include <eft/process.h>
#include <eft/wake.h>
#include <manifest_check.h>

#include <string>

using namespace eft;
using namespace eft::supervisor;
using namespace eft::test;

TEST_CASE("the back-off neither overflows nor forgets the cap") {
    FailureHistory history;
    const RestartLimits limits{1, 1000, 1'000'000, 15, 1, 4};
    u64 last = 0;
    for (u64 now = 0; now < 200; ++now) {
        history.record(limits, now * 10, 0);
        last = history.verdict(limits, now * 10).value();
    }
    CHECK(last == 1000);
}

TEST_CASE("a complaint is borne out by a slow answer to the same session and method, within its time") {
    SlowAnswers noted{};
    const auto says = [&](u64 badge, u64 label, u64 started, u64 ended) { return is_borne_out(noted, badge, {1, 0, label, started, ended, 0}); };
    CHECK(!says(0, 0, 0, ~u64{0}));  // nothing is noted
    note_slow_answer(noted, {7, 15, 100, 200});
    CHECK(says(15, 7, 90, 210));
    CHECK(says(15, 7, 100, 200));
    CHECK(!says(16, 7, 90, 210));
    CHECK(!says(15, 8, 90, 210));
    CHECK(!says(15, 7, 101, 210));
    CHECK(!says(15, 7, 90, 199));
    for (u64 i = 0; i < SlowAnswers::kKept; ++i) note_slow_answer(noted, {9, 15, 300 + i, 400 + i});
    CHECK(!says(15, 7, 90, 210));
    CHECK(says(15, 9, 300, 401));
}

TEST_CASE("deaths in words") {
    DeathWords text;
    proc::CrashRecord record;
    record.reason = proc::DeathReason::PageFault;
    record.error_code = static_cast<u32>(FaultBit::Write);
    record.address = 0xdead'0000;
    describe_death(text, record);
    CHECK(std::string(text.view()) == "page fault, write at 0x00000000dead0000, not mapped");
    record.error_code |= static_cast<u32>(FaultBit::Present);
    text.clear();
    describe_death(text, record);
    CHECK(std::string(text.view()) == "page fault, write at 0x00000000dead0000, which is not allowed");
    record = {.reason = proc::DeathReason::Exception, .vector = 13, .error_code = 0x18};
    text.clear();
    describe_death(text, record);
    CHECK(std::string(text.view()) == "CPU exception 13, general protection fault, error code 0x18");
}

TEST_CASE("what rs answers about a service fits into a message, however many capabilities with whatever names it has") {
    const std::string longest(31, 'x');
    ServiceRecord record;
    record.deaths = 1;
    record.last_death.reason = proc::DeathReason::PageFault;
    for (u64& frame : record.last_death.backtrace.frames) frame = ~u64{0};
    while (!record.note.cut()) record.note.append("note ");
    record.recovery = {.died = 1000, .noticed = 2000, .silenced = 3000, .revoked = 4000, .spawned = 5000, .ready = 6000};
    for (const bool named : {false, true}) {
        InfoAnswer answer;
        answer.begin(record, 7000, 1'000'000);
        proc::RegisterValues values;
        std::fill(std::begin(values.of), std::end(values.of), ~u64{0});
        answer.set_registers(values, true);
        const std::string words(rs::ServiceInfo::kLastWordsMax, 'w'), match(rs::Device::kMatchMax, 'm');
        answer.info.name = longest;
        answer.info.program = longest;
        answer.info.last_words = words;
        answer.set_faults(1, 2);
        answer.set_device(match, 3);
        rs::Capability cap;
        cap.kind = rs::ObjectKind::Endpoint;
        cap.data = ~u64{0};
        if (named) cap.name = cap.peer = cap.session = longest;
        for (cap.slot = 1; cap.slot <= 50; ++cap.slot) answer.add(cap);
        cap.kind = rs::ObjectKind::Reply;
        answer.add(cap);
        const rs::ServiceInfo& info = answer.end();
        CHECK(info.capabilities.size() == (named ? 13 : 40));
        CHECK(info.capabilities.size() + info.left_out == 50);
        CHECK(info.replies == 1);
        REQUIRE(info.fits());
        ipc::Registers registers;
        Utcb page{};
        ipc::MessageWriter<rs::ServiceInfo> out(registers, page);
        info.encode(out);
        CHECK(out.complete());
        CHECK(*info.last_death->recovery->noticed == 1);
        CHECK(*info.last_death->recovery->first_request == 6);
        CHECK(info.last_death->backtrace.size() == 8);
        CHECK(info.last_death->registers.size() == kDumpedRegisters);
    }
}

TEST_CASE("what has not happened after a death has no time, and what never died no crash record") {
    InfoAnswer answer;
    ServiceRecord record;
    record.note.append("no device");
    answer.begin(record, 0, 1'000'000);
    CHECK(answer.end().last_death == nullptr);
    CHECK(answer.info.trouble == "no device");
    record.deaths = 1;
    record.recovery = {.died = 1000, .noticed = 2000};
    answer.begin(record, 7000, 1'000'000);
    CHECK(answer.end().last_death->recovery->noticed == 1);
    CHECK(!answer.info.last_death->recovery->silenced);
    CHECK(!answer.info.last_death->recovery->first_request);
}

TEST_CASE("as many services as a manifest may have are made, run, die and come back") {
    const auto idle = [] {
        report_ready();
        for (;;) wait_for_wake();
        return 0;
    };
    std::string entries;
    const auto name_of = [](unsigned index) { return "s" + std::to_string(index); };
    for (unsigned i = 0; i < kMaxServices; ++i)
        entries += (i == 0 ? "" : ",") + std::string("{\"name\": \"") + name_of(i) + "\", \"program\": \"idle\", \"provides\": [\"" + name_of(i) + "\"], \"priority\": 20}";
    HostSystem system({{"idle", idle}}, "{\"services\": [" + entries + "]}");
    CHECK(system.run_until([&] { return system.state_of(name_of(kMaxServices - 1)) == rs::ServiceState::Up; }, 200));
    for (unsigned round = 1; round < 3; ++round) {
        for (unsigned i = 0; i < 200; ++i) system.tick();  // the next incarnations are prepared, as far as there is room
        for (unsigned i = 0; i < kMaxServices; ++i) {
            CAPTURE(i);
            const std::string name = name_of(i);
            REQUIRE(system.state_of(name) == rs::ServiceState::Up);
            CHECK(system.rs().kill({name, rs::KillSignal::Kill}).ok());
            system.run();
            CHECK(system.line(name).incarnation == round + 1);
        }
    }
}

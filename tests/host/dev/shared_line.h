// A machine with a line that three devices have.
#pragma once

#include "dev_machine.h"

#include <servers/dev/device_server.h>

#include <eft/syscall.h>

#include <optional>

namespace eft::test {

constexpr u32 kLine = 10;
constexpr u64 kTickBit = dev::DeviceServer::kTickBit;
constexpr u8 kFirstDevice = 20;

struct SharedLine : DevMachine {
    static constexpr u32 kDrivers = 3;
    struct Driver {
        u32 id = 0;
        std::optional<DevClient> device;
        CapHandle wake, answered;
    };

    SharedLine(Stage& where) : DevMachine(where) {
        for (u8 i = 0; i < kDrivers; ++i) {
            PciFunction& function = segment.add(0, static_cast<u8>(kFirstDevice + i), 0, 0x8086, static_cast<u16>(0x2001 + i), 2, 0);
            function.bytes[0x3c] = kLine;
            function.bytes[0x3d] = 1;
        }
        start();
    }
    void begin(u32 which, u32 answer_ms = 250) {
        Driver& driver = drivers[which];
        constexpr std::string_view kDevices[kDrivers] = {"pci:8086:2001", "pci:8086:2002", "pci:8086:2003"};
        dev::Match wanted = match(kDevices[which]);
        wanted.answer_ms = answer_ms;
        auto assigned = control.assign(wanted);
        REQUIRE(assigned.ok());
        driver.id = assigned->id;
        driver.device.emplace(CapHandle(assigned->session.release()));
        join(which);
    }
    void join(u32 which) {
        Driver& driver = drivers[which];
        driver.wake = *make_wake(u64{1} << which);
        dev::LineRequest request;
        request.wake = decltype(request.wake)(driver.wake.slot());
        auto line = driver.device->join_line(request);
        REQUIRE(line.ok());
        driver.answered = CapHandle(line->answered.release());
    }
    void begin_all() {
        for (u32 which = 0; which < kDrivers; ++which) begin(which);
    }
    void interrupt() {
        stage.machine.at(stage.machine.now() + 1, [this] { stage.machine.interrupt(kLine); });
        host::compute(2);
    }
    void answer(u32 which) { sys::signal(drivers[which].answered.slot()); }
    void answer_all() {
        for (u32 which = 0; which < kDrivers; ++which) answer(which);
    }
    void tick(u32 times = 1) {
        for (; times != 0; --times) {
            stage.signal(*dev, kTickBit);
            sys::yield();
        }
    }
    bool masked() { return stage.machine.is_masked(kLine); }
    bool disabled(u32 which) { return (command(static_cast<u8>(kFirstDevice + which)) & 0x400) != 0; }
    void request(u32 which, bool requests) { function(static_cast<u8>(kFirstDevice + which)).set(0x06, requests ? 0x08 : 0, 2); }

    Driver drivers[kDrivers];
};

}  // namespace eft::test

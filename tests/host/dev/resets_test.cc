// Functions that are no virtio devices: how they are reset when their driver has died, and when their pages are let go.
#include "dev_machine.h"

#include <servers/dev/device_server.h>

#include <eft/syscall.h>

#include <array>

using namespace eft;
using namespace eft::test;

namespace {

constexpr u32 kPages = 5;
constexpr u8 kDevice = 5;
constexpr std::array<dev::RegisterWrite, 3> kWrites = {{{0x4400, 0, 0}, {0x4010, 0x0400'0001, 0x0400'0000}, {0x4408, 7, 0}}};

struct Resets : DevMachine {
    Resets(Stage& where) : DevMachine(where) {}

    void begin(std::span<const dev::RegisterWrite> reset = {}) {
        start();
        registers().self_clearing = 0x0400'0000;
        before = totals();
        auto assigned = control.assign(wanted(reset));
        REQUIRE(assigned.ok());
        id = assigned->id;
        driver.emplace(CapHandle(assigned->session.release()));
    }
    static dev::Match wanted(std::span<const dev::RegisterWrite> reset, u32 window = 0) {
        dev::Match wanted = match("pci:8086:10d3");
        wanted.reset = reset;
        wanted.reset_window = static_cast<u8>(window);
        return wanted;
    }
    // Afterwards the memory is the device's alone.
    void pin() {
        const SharedMemory shared = *SharedMemory::create(kPages * kPageSize);
        dev::PinRequest request;
        request.object = decltype(request.object)(shared.object().slot());
        object = *copy_capability(shared.object().slot());
        REQUIRE(driver->pin(request).ok());
        REQUIRE(driver->set_bus_master({.enabled = true}).ok());
    }
    Error silence() { return control.silence({.id = id}).error(); }
    // mem revokes what names an object that has ended.
    bool pages_are_free() { return !is_there(object.slot()); }
    bool is_master() { return (command(kDevice) & 4) != 0; }
    RegisterWindow& registers() { return window_at(kMixedWindow); }
    void tick() {
        stage.signal(*dev, dev::DeviceServer::kTickBit);
        sys::yield();
    }

    Totals before{};
    u32 id = 0;
    std::optional<DevClient> driver;
    CapHandle object;
};

struct FunctionLevel : Resets {
    FunctionLevel(Stage& where) : Resets(where) {
        PciFunction& mixed = function(kDevice);
        mixed.bytes[0xa1] = 0x40;
        mixed.set(0x40, 0x0002'0010);
        mixed.set(0x44, 1u << 28);
    }
};

}  // namespace

STAGE_CASE(Resets, "a device with registers for its reset is reset by them, and its pages are free then") {
    begin(kWrites);
    for (int round = 0; round < 3; ++round) {
        pin();
        for (const u64 at : {0x4400, 0x4408}) hw::Mmio(reinterpret_cast<volatile void*>(kMixedWindow), 0x8000).write<u32>(static_cast<u32>(at), 0x55);
        CHECK_FALSE(pages_are_free());
        REQUIRE(silence() == Error::None);
        CHECK(pages_are_free());
        CHECK_FALSE(is_master());
        CHECK(registers().word(0x4400) == 0);
        CHECK(registers().word(0x4010) == 0x0400'0001);
        CHECK(registers().word(0x4408) == 7);
    }
    CHECK(unassign(id) == Error::None);
    CHECK(totals() == before);
}

STAGE_CASE(Resets, "one that does not report its reset keeps its pages until it does") {
    begin(kWrites);
    pin();
    registers().self_clearing = 0;
    CHECK(silence() == Error::TimedOut);
    CHECK(unassign(id) == Error::TimedOut);
    CHECK_FALSE(is_master());
    CHECK_FALSE(pages_are_free());
    registers().self_clearing = 0x0400'0000;
    CHECK(silence() == Error::None);
    CHECK(pages_are_free());
}

STAGE_CASE(Resets, "registers of a reset that are not the driver's are refused") {
    start();
    const Totals before_all = totals();
    const auto refused = [&](dev::RegisterWrite write, u32 window = 0) {
        const std::array writes = {write};
        return control.assign(wanted(writes, window)).error() == Error::NotSupported;
    };
    CHECK(refused({0x2000, 0, 0}));  // the interrupt table
    CHECK(refused({0x8000, 0, 0}));
    CHECK(refused({0x12, 0, 0}));
    CHECK(refused({0xffff'fffc, 0, 0}));
    CHECK(refused({0, 0, 0}, 1));
    CHECK(refused({0, 0, 0}, 200));
    CHECK(totals() == before_all);
}

STAGE_CASE(Resets, "a device without any reset keeps its pages, if it had some") {
    begin();
    CHECK(silence() == Error::None);
    pin();
    CHECK(silence() == Error::TimedOut);
    CHECK_FALSE(is_master());
    CHECK_FALSE(pages_are_free());
}

STAGE_CASE(FunctionLevel, "a function-level reset takes three ticks, in which dev serves others and the device is nobody's") {
    begin();
    for (int round = 0; round < 2; ++round) {
        pin();
        PciFunction& mixed = function(kDevice);
        mixed.reset_started = false;
        CHECK(silence() == Error::Busy);
        CHECK(mixed.reset_started);
        CHECK(silence() == Error::Busy);
        CHECK(driver->describe().error() == Error::Busy);
        CHECK(unassign(id) == Error::Busy);
        CHECK(assign("pci:1af4:1042").ok() == (round == 0));
        tick();
        tick();
        CHECK_FALSE(pages_are_free());
        tick();
        CHECK(pages_are_free());
        CHECK(mixed.get(0x10) == kMixedWindow);
        CHECK_FALSE(is_master());
        CHECK(silence() == Error::None);
        CHECK(driver->describe().ok());
    }
    CHECK(silence() == Error::None);  // nothing to be reset for
}

STAGE_CASE(FunctionLevel, "a function that never answers after its reset keeps its pages") {
    begin();
    pin();
    CHECK(silence() == Error::Busy);
    function(kDevice).absent_looks = 1'000'000;
    for (int i = 0; i < 3; ++i) tick();
    CHECK(silence() == Error::TimedOut);
    CHECK_FALSE(pages_are_free());
}

namespace {

// Of its own reset, or of a function-level reset, which goes on over the deaths of dev.
template <class Scene>
bool reset_with_death(Stage& stage, Death death) {
    Scene scene(stage);
    scene.begin(std::is_same_v<Scene, Resets> ? std::span<const dev::RegisterWrite>(kWrites) : std::span<const dev::RegisterWrite>());
    scene.pin();
    scene.dev->die(death);
    Error silent = scene.silence();
    for (int ticks = 0; silent == Error::Busy && ticks < 12; ++ticks) {
        CHECK((!scene.pages_are_free() || scene.function(kDevice).reset_started));
        scene.tick();
        silent = scene.silence();
    }
    CHECK(silent == Error::None);
    CHECK(scene.pages_are_free());
    CHECK_FALSE(scene.is_master());
    if constexpr (std::is_same_v<Scene, FunctionLevel>) CHECK(scene.function(kDevice).reset_started);
    CHECK((scene.command(kDevice) & 2) != 0);
    scene.object.reset();
    CHECK(scene.driver->describe().ok());
    CHECK(scene.unassign(scene.id) == Error::None);
    CHECK(scene.totals() == scene.before);
    CHECK(scene.dev->deaths <= 1);
    return scene.dev->deaths == 1;
}

}  // namespace

TEST_CASE("wherever dev dies, a device is reset to the end before its pages are free") {
    CHECK(die_everywhere(reset_with_death<Resets>, {1, 5}).system_calls > 20);
    CHECK(die_everywhere(reset_with_death<FunctionLevel>, {1, 5}).system_calls > 20);
}

// Starting the device and answering its interrupts: see engine.h.
#include <drivers/@name@/engine.h>

namespace eft::@name@ {

Result<Engine> Engine::start(hw::Mmio registers) {
    Engine engine(registers);
    if (hw::read<Identification>(registers).get<Identification::Kind>() != kKind) return Error::NoDevice;
    for (const u32 pattern : {0x5555'aaaau, 0xaaaa'5555u}) {
        hw::write<Liveness>(registers, hw::Value<Liveness>(pattern));
        if (hw::read<Liveness>(registers).raw() != ~pattern) return Error::NoDevice;
    }
    hw::write<State>(registers, hw::Value<State>().with<State::InterruptWhenDone>());
    engine.acknowledge();
    return engine;
}

void Engine::acknowledge() {
    const u32 raised = hw::read<InterruptStatus>(registers_).raw();
    hw::write<InterruptAcknowledge>(registers_, hw::Value<InterruptAcknowledge>(raised));
}

}  // namespace eft::@name@

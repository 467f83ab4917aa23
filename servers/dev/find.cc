#include <servers/dev/find.h>

#include <eft/state/stores.h>

#include <algorithm>

namespace eft::dev {
namespace {

void note(Found::Note& note, pci::FunctionAddress address, const pci::Configuration& configuration) {
    note.address = address;
    note.command = hw::read<pci::Command>(configuration).raw();
    for (u32 index = 0; index < pci::kBaseAddresses; ++index) note.bars[index] = hw::read<pci::BaseAddress>(configuration, index).raw();
    store_word(note.valid, 1);
}

Status find_functions(Found& found, const Machine& machine, ConfigurationSpace& space, u16 segment) {
    FunctionWalk walk(space, segment, machine.possible_roots);
    for (;;) {
        EFT_TRY(const std::optional<FunctionInfo> function, walk.next());
        if (!function) return {};
        Device device;
        device.function = *function;
        device.lines = lines_of(*function, machine);
        hw::modify<pci::Command>(walk.configuration(), [](auto command) { return command.template with<pci::Command::InterruptDisable>(); });
        note(found.note, function->address, walk.configuration());
        if (const auto bars = measure_bars(walk.configuration()); bars.ok()) device.bars = *bars;
        store_word(found.note.valid, 0);
        EFT_CHECK(found.devices.add(device));
    }
}

}  // namespace

Status find_devices(Found& found, const Machine& machine, ConfigurationSpace& space) {
    found.devices.clear();
    EFT_CHECK(found.devices.add_platform(machine));
    EFT_CHECK(find_functions(found, machine, space, 0));
    for (std::size_t i = 0; i < space.windows().size(); ++i) {
        const u16 segment = space.windows()[i].segment;
        const auto before = std::span(space.windows().begin(), i);
        const bool done = segment == 0 || std::ranges::any_of(before, [segment](const EcamRange& range) { return range.segment == segment; });
        if (!done) EFT_CHECK(find_functions(found, machine, space, segment));
    }
    return {};
}

// A bridge has fewer of the registers; what lies behind them there is the same as it was.
void undo_measuring(Found& found, ConfigurationSpace& space) {
    if (found.note.valid == 0) return;
    const auto mapped = space.map(found.note.address);
    if (!mapped.ok()) return;
    const auto layout = hw::read<pci::HeaderType>(*mapped).get<pci::HeaderType::Layout>();
    const u32 count = layout == pci::kLayoutDevice ? pci::kBaseAddresses : layout == pci::kLayoutBridge ? pci::kBridgeBaseAddresses : 0;
    for (u32 index = 0; index < count; ++index) hw::write<pci::BaseAddress>(*mapped, hw::Value<pci::BaseAddress>(found.note.bars[index]), index);
    hw::write<pci::Command>(*mapped, hw::Value<pci::Command>(static_cast<u16>(found.note.command)));
    space.unmap(*mapped);
    store_word(found.note.valid, 0);
}

}  // namespace eft::dev

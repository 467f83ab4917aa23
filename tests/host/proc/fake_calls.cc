// What proc asks of mem, of the kernel and of libos, on the FakeEnvironment that the test has.
#include "fake_environment.h"

#include <eft/cap.h>

using eft::processes::test::FakeEnvironment;

namespace eft {
namespace {

FakeEnvironment& environment() { return *FakeEnvironment::current(); }

}  // namespace

namespace processes {

Status Memory::open(Slot) {
    archive_ = environment().archive();
    return {};
}
Result<NewSpace> Memory::create_space(u32 quota) { return environment().create_space(quota); }
void Memory::destroy_space(u32 space) { environment().destroy_space(space); }
Status Memory::load_image(const mem::Image& image) { return environment().load_image(image); }
Status Memory::map_into(u32 space, Slot object, u64 bytes, u64 address, Rights rights) {
    return environment().map_into(space, object, bytes, address, rights);
}
Result<Slot> Memory::make_thread(u32 space, Slot table, const TablePlan&, Slot exceptions, const ProcessorShare& share) {
    return environment().make_thread(space, table, exceptions, share);
}
mem::Usage Memory::usage(u32 space) { return environment().usage(space); }
std::span<u64> Memory::read(u32 space, u64 address, std::span<u64> words) { return environment().read_memory(space, address, words); }

namespace effects {

Status require(Slot slot, ObjectType type, Rights rights) { return environment().require(slot, type, rights); }
Result<Slot> mint(Badge badge) { return environment().mint(badge); }
Status mint_into(Slot table, WellKnown index, Badge badge) { return environment().mint_into(table, index, badge); }
Status derive_into(Slot table, WellKnown index, Slot source) { return environment().derive_into(table, index, source); }
Status move_into(Slot table, WellKnown index, Slot source) { return environment().move_into(table, index, source); }
void clear(Slot table, Slot first, u32 count) { environment().clear(table, first, count); }
Result<u32> table_slots(Slot table) { return environment().table_slots(table); }
void signal(Slot notification) { environment().signal(notification); }
Status set_registers(Slot thread, const StartRegisters& registers) { return environment().set_registers(thread, registers); }
Status set_priority(Slot thread, u8 priority) { return environment().set_priority(thread, priority); }
Status resume(Slot thread) { return environment().resume(thread); }
void suspend(Slot thread) { environment().suspend(thread); }
Result<kernel_object::ThreadInfo> inspect(Slot thread) { return environment().inspect(thread); }

}  // namespace effects
}  // namespace processes

void drop_slot(Slot which) {
    if (FakeEnvironment::current()) environment().drop(which);
}
void log(std::string_view) {}

namespace ipc::slots {

void drop(Slot which) { drop_slot(which); }
void refill(Utcb&, unsigned) {}

}  // namespace ipc::slots
}  // namespace eft

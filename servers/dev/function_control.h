// What dev does to an assigned PCI function: takes it over with everything off, points its interrupts at messages,
// switches bus mastering and its interrupt line, and makes it quiet when its driver has died.
#pragma once

#include <servers/dev/assignment.h>
#include <servers/dev/configuration_space.h>

#include <eft/idl/dev.h>
#include <eft/invoke.h>

namespace eft::dev {

// More than any device that answers takes: QEMU's reset ends within the write.
constexpr u32 kResetLooks = 100'000;

class FunctionControl {
public:
    FunctionControl(PhysicalMemory& memory, ConfigurationSpace& space) : memory_(memory), space_(space) {}

    // Interrupts masked, bus mastering off, windows decoded. NotSupported: its MSI-X tables, or the registers of the reset that
    // the assignment names, lie outside its windows. After an error nothing is mapped.
    Result<OwnRegisters> take_over(const Device& device, const AssignedDevice& assignment);
    // The same for one that the incarnation before had taken over: it is left as it is.
    Result<OwnRegisters> map_again(const Device& device, const AssignedDevice& assignment);
    // Unmaps the registers; what is known of the function stays.
    void give_back(OwnRegisters& own);

    // Interrupt `index`, below own.messages(), sends this message from now on.
    Status set_message(OwnRegisters& own, u16 index, const kernel_object::IrqMessage& message);
    void set_bus_master(const Device& device, OwnRegisters& own, bool enabled);
    // Whether it may interrupt by its pin; silencing ends that. False: it does not obey, as functions older than PCI 2.3.
    bool set_line(const Device& device, OwnRegisters& own, bool enabled);
    // It wants to interrupt by its pin, whether or not it may. Always false of functions older than PCI 2.3.
    bool is_requesting(const OwnRegisters& own) const;
    // Ok: the device has reported that no memory is in its hands any more. Busy: only a function-level reset brings that about. A
    // kind of device that dev cannot reset keeps what it was given, so `touched_memory` decides for those: TimedOut.
    Status silence(OwnRegisters& own, bool touched_memory);
    // A function-level reset, after the header was saved; it is to be finished 100 ms later, and until then nobody touches the
    // function.
    SavedHeader save_header(const OwnRegisters& own) const { return dev::save_header(*own.configuration); }
    void begin_reset(const OwnRegisters& own);
    // TimedOut: it does not answer, and is not reset again.
    Status finish_reset(OwnRegisters& own, const SavedHeader& saved);

private:
    // `as_it_is`: nothing is written.
    Result<OwnRegisters> map_all(const Device& device, const AssignedDevice& assignment, bool as_it_is);
    Status map_all(const Device& device, const AssignedDevice& assignment, bool as_it_is, OwnRegisters& own);
    Status map_reset(const Device& device, OwnRegisters& own, std::span<const RegisterWrite> reset, u32 window);
    Status map_table(const Device& device, OwnRegisters& own);
    Status map_common(const Device& device, OwnRegisters& own);
    void mask_all(OwnRegisters& own);
    void write_command(const Device& device, const OwnRegisters& own);

    PhysicalMemory& memory_;
    ConfigurationSpace& space_;
};

}  // namespace eft::dev

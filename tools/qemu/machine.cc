#include "machine.h"

#include <nlohmann/json.hpp>

#include <stdexcept>

namespace eft::qemu {
namespace {

std::vector<std::string> command_line(const MachineOptions& options, const File& serial, const File& control) {
    require_images(options);
    std::vector<std::string> arguments = machine_arguments(options);
    const auto add = [&arguments](const std::string& name, const std::string& value) {
        arguments.push_back(name);
        arguments.push_back(value);
    };
    add("-chardev", "socket,id=control,fd=" + std::to_string(control.descriptor()));
    add("-mon", "chardev=control,mode=control");
    if (options.serial) {
        add("-chardev", "socket,id=serial0,fd=" + std::to_string(serial.descriptor()));
        add("-serial", "chardev:serial0");
    }
    return arguments;
}

}  // namespace

std::string MachineExit::text() const {
    return "status " + std::to_string(status) + (reason.empty() ? "" : ", " + reason);
}

Child Machine::start(const MachineOptions& options, Wires& wires) {
    // Our copies of QEMU's ends must go, or its death would not show as the end of the streams.
    const File serial = std::move(wires.serial.second);
    const File control = std::move(wires.control.second);
    return Child(command_line(options, serial, control), {&serial, &control});
}

Machine::Machine(const MachineOptions& options)
    : child_(start(options, wires_)), console_(std::move(wires_.serial.first)), qmp_(std::move(wires_.control.first)) {}

MachineExit Machine::wait_for_exit(Duration timeout) {
    const Deadline deadline = after(timeout);
    console_.read_to_end(timeout);  // a full socket buffer would keep the machine from ending
    const std::optional<int> status = child_.wait(deadline);
    if (!status) throw ConsoleError("the machine did not end in time\n" + console_.tail());
    MachineExit exit{*status, ""};
    for (const nlohmann::json& event : qmp_.events()) {
        if (event.value("event", "") == "SHUTDOWN") exit.reason = event["data"].value("reason", "");
    }
    return exit;
}

}  // namespace eft::qemu

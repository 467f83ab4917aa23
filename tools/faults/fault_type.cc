#include "fault_type.h"

namespace eft::faults {

Target::Target(const Program& program, std::function<bool(Address)> runs) : program_(program), runs_(std::move(runs)) {
    const Segment& text = program.text();
    for (const Function& function : program.functions()) {
        if (function.begin < text.begin || function.begin - text.begin >= text.bytes.size()) continue;
        const auto bytes = std::string_view(text.bytes).substr(function.begin - text.begin, function.size);
        std::vector<Instruction> all = decoder_.decode_all(bytes, function.begin);
        bool any = false;
        for (const Instruction& each : all) {
            if (!runs_(each.address)) continue;
            instructions_.push_back(each);
            any = true;
        }
        if (any) functions_.push_back(std::move(all));
    }
}

Target::Target(const Program& program) : Target(program, [](Address) { return true; }) {}

std::span<const std::unique_ptr<FaultType>> fault_types() {
    static const auto all = [] {
        std::vector<std::unique_ptr<FaultType>> types;
        add_code_faults(types);
        add_data_faults(types);
        return types;
    }();
    return all;
}

const FaultType* fault_type(const std::string& name) {
    for (const auto& type : fault_types())
        if (type->name() == name) return type.get();
    return nullptr;
}

}  // namespace eft::faults

// Faults in what a process keeps in memory: one bit of a byte that is there when the fault is applied.
#include "fault_type.h"

namespace eft::faults {
namespace {

class MemoryFlip : public FaultType {
public:
    using Areas = std::vector<Area> Target::*;
    MemoryFlip(const char* name, const char* definition, Areas areas)
        : name_(name), definition_(definition), areas_(areas) {}

    const char* name() const override { return name_; }
    const char* definition() const override { return definition_; }
    const char* source() const override {
        return "Ng and Chen, The systematic improvement of fault tolerance in the Rio file cache, FTCS 1999";
    }
    bool in_code() const override { return false; }

    std::vector<Change> choose(const Target& target, Random& random) const override {
        const std::vector<Area>& areas = target.*areas_;
        std::uint64_t bytes = 0;
        for (const Area& area : areas) bytes += area.bytes.size();
        if (bytes == 0) return {};
        std::uint64_t place = random.below(bytes);
        const unsigned bit = static_cast<unsigned>(random.below(8));
        for (const Area& area : areas) {
            if (place >= area.bytes.size()) {
                place -= area.bytes.size();
                continue;
            }
            const std::string before = area.bytes.substr(place, 1);
            return {{area.begin + place, before, flipped(before, bit), "bit " + std::to_string(bit) + " of a byte", 0}};
        }
        return {};
    }

private:
    const char* name_;
    const char* definition_;
    Areas areas_;
};

}  // namespace

void add_data_faults(std::vector<std::unique_ptr<FaultType>>& types) {
    types.push_back(
        std::make_unique<MemoryFlip>("data", "a random bit of the program's variables flips", &Target::data));
    types.push_back(
        std::make_unique<MemoryFlip>("stack", "a random bit of the used part of the stack flips", &Target::stack));
    types.push_back(std::make_unique<MemoryFlip>(
        "state", "a random bit of the state region flips, in pages that are in use", &Target::state));
}

}  // namespace eft::faults

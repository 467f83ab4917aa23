// What the stage can see of the system: figures that an attack must not change.
#pragma once

#include "toys.h"

#include <service.h>

#include <array>

namespace eft::hostile {

class Snapshot {
public:
    // The name of the first figure that differs; empty if none does.
    std::string_view changed(const Snapshot& other) const { return compare(other, kFigures); }
    // The same without what is the attacker's own.
    std::string_view changed_for_others(const Snapshot& other) const { return compare(other, kOthers); }
    // The same for what remains when an attacker is gone that may have emptied its own table.
    std::string_view changed_for_good(const Snapshot& other) const { return compare(other, kOthers + 1); }

private:
    friend Snapshot take_snapshot(root::Service& attacker, root::Service& victim, Toys& toys);
    static constexpr std::size_t kOthers = 6, kFigures = 16;
    std::string_view compare(const Snapshot& other, std::size_t count) const;

    std::array<u64, kFigures> figure_{};
};

Snapshot take_snapshot(root::Service& attacker, root::Service& victim, Toys& toys);

}  // namespace eft::hostile

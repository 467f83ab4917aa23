// QEMU's control protocol (docs/interop/qmp-spec.txt): one JSON object per line in each direction.
//
// Who looks into answers includes <nlohmann/json.hpp>; this header does without, because it is slow to compile.
#pragma once

#include "child.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace eft::qemu {

class Qmp {
public:
    // Reads the greeting and leaves negotiation mode, from where on QEMU reports events.
    explicit Qmp(File file);
    ~Qmp();

    // The `return` member of the answer. Throws with QEMU's description when it refuses.
    nlohmann::json command(const std::string& name);
    nlohmann::json command(const std::string& name, const nlohmann::json& arguments);

    // The events reported so far, oldest first; reads what has arrived without waiting.
    const std::vector<nlohmann::json>& events();

private:
    nlohmann::json receive(Deadline deadline);

    File file_;
    std::string unread_;
    std::vector<nlohmann::json> events_;
    bool ended_ = false;
};

}  // namespace eft::qemu

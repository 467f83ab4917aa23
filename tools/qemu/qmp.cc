#include "qmp.h"

#include <nlohmann/json.hpp>

#include <stdexcept>

namespace eft::qemu {
namespace {

constexpr Duration kTimeout{30'000};

}  // namespace

Qmp::Qmp(File file) : file_(std::move(file)) {
    if (!receive(after(kTimeout)).contains("QMP")) throw std::runtime_error("QEMU did not greet as QMP does");
    command("qmp_capabilities");
}

Qmp::~Qmp() = default;

nlohmann::json Qmp::command(const std::string& name) { return command(name, nlohmann::json::object()); }

nlohmann::json Qmp::command(const std::string& name, const nlohmann::json& arguments) {
    const nlohmann::json request = {{"execute", name}, {"arguments", arguments}};
    const Deadline deadline = after(kTimeout);
    file_.write_all(request.dump() + "\n", deadline);
    while (true) {
        nlohmann::json message = receive(deadline);
        if (message.contains("event")) {
            events_.push_back(std::move(message));
        } else if (message.contains("error")) {
            throw std::runtime_error("QMP " + name + ": " + message["error"].value("desc", message.dump()));
        } else if (message.contains("return")) {
            return message["return"];
        } else {
            throw std::runtime_error("QMP " + name + ": no answer but " + message.dump());
        }
    }
}

const std::vector<nlohmann::json>& Qmp::events() {
    while (!ended_ && file_.read_some(unread_, after(Duration(0)), ended_)) {
    }
    while (unread_.find('\n') != std::string::npos) {
        nlohmann::json message = receive(after(Duration(0)));
        if (message.contains("event")) events_.push_back(std::move(message));
    }
    return events_;
}

nlohmann::json Qmp::receive(Deadline deadline) {
    std::size_t end = 0;
    while ((end = unread_.find('\n')) == std::string::npos) {
        if (ended_) throw std::runtime_error("QEMU ended instead of answering by QMP");
        if (!file_.read_some(unread_, deadline, ended_)) throw std::runtime_error("QEMU does not answer by QMP");
    }
    const std::string line = unread_.substr(0, end);
    unread_.erase(0, end + 1);
    return nlohmann::json::parse(line);
}

}  // namespace eft::qemu

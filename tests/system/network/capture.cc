#include "capture.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>

namespace eft::qemu {
namespace {

// Checksums are computed by who sends, on these wires: no card or backend has them left open. What goes between high ports is tests'
// own, of which tshark would make what others have at such a port.
constexpr const char* kOptions = " -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE -d tcp.port==1024-65535,data -d udp.port==1024-65535,data";
constexpr const char* kShown = "-e frame.number -e frame.time_relative -e ip.src -e ipv6.src -e _ws.col.Info -e _ws.expert.message";

}  // namespace

Card Capture::of(Card card) const {
    card.capture = path();
    return card;
}

std::string Capture::fields(const std::string& filter, const std::string& names) const {
    const std::string command = "tshark -r " + path() + kOptions + " -Y '" + filter + "' -T fields " + names + " 2>&1 | grep -v 'Running as user'";
    std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    if (!pipe) throw std::runtime_error("cannot run tshark");
    std::string text;
    std::array<char, 512> part;
    while (fgets(part.data(), part.size(), pipe.get())) text += part.data();
    return text;
}

std::string Capture::faults() const { return fields("_ws.malformed || _ws.expert.severity == error", kShown); }

std::string Capture::resets() const {
    std::map<std::string, std::set<std::string>> ended;  // by connection, the ports that have said their end
    std::set<std::string> answered;                      // connections whose beginning was answered
    std::istringstream lines(fields("tcp.flags.fin == 1 || tcp.flags.reset == 1 || (tcp.flags.syn == 1 && tcp.flags.ack == 1)", std::string("-e tcp.flags.reset -e tcp.flags.fin -e tcp.stream -e tcp.srcport ") + kShown));
    std::string resets;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string is_reset, is_end, connection, port;
        const auto is_set = [](const std::string& flag) { return flag == "1" || flag == "True"; };
        if (!(words >> is_reset >> is_end >> connection >> port)) resets += line + "\n";  // a complaint of tshark's
        else if (is_set(is_end)) ended[connection].insert(port);
        else if (!is_set(is_reset)) answered.insert(connection);
        else if (answered.contains(connection) && ended[connection].size() != 2) resets += line + "\n";
    }
    return resets;
}

unsigned long Capture::frames() const {
    const std::string all = fields("frame", "-e frame.number");
    return static_cast<unsigned long>(std::ranges::count(all, '\n'));
}

}  // namespace eft::qemu

#include "gdb.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <thread>

namespace eft::bench {
namespace {

using namespace std::chrono_literals;

constexpr qemu::Duration kPatience = 30s;

qemu::File connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) throw std::runtime_error("the path of a socket is too long: " + path);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const qemu::Deadline deadline = qemu::after(kPatience);
    for (;;) {  // QEMU makes the socket some time after it has started
        const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (descriptor < 0) throw std::runtime_error("cannot make a socket");
        qemu::File file(descriptor);
        if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return file;
        if (qemu::until(deadline) <= 0ms) throw std::runtime_error("QEMU offers no debugger's socket at " + path);
        std::this_thread::sleep_for(10ms);
    }
}

std::string hexadecimal(std::uint64_t value) {
    char text[20];
    std::snprintf(text, sizeof(text), "%llx", static_cast<unsigned long long>(value));
    return text;
}

std::string bytes_of(const std::string& digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
    return bytes;
}

std::uint64_t word_at(const std::string& bytes, std::size_t offset) {
    if (offset + 8 > bytes.size()) throw std::runtime_error("QEMU tells too few registers");
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + offset, 8);
    return word;
}

// QEMU's gdb-xml/i386-64bit.xml: 16 general registers, rip, eflags and six segments of 4 bytes, three segment bases, and
// the control registers cr0, cr2, cr3.
constexpr std::size_t kPc = 16 * 8, kCodeSegment = kPc + 8 + 4, kBases = kCodeSegment + 6 * 4, kCr3 = kBases + 3 * 8 + 2 * 8;

}  // namespace

std::vector<std::string> Gdb::arguments(const std::string& path) { return {"-S", "-gdb", "unix:" + path + ",server=on,wait=off"}; }

Gdb::Gdb(const std::string& path) : file_(connect_to(path)) {}

void Gdb::send(const std::string& data) {
    unsigned sum = 0;
    for (const char c : data) sum += static_cast<unsigned char>(c);
    char end[8];
    std::snprintf(end, sizeof(end), "#%02x", sum & 0xff);
    file_.write_all("$" + data + end, qemu::after(kPatience));
}

// $data#sum, which is acknowledged; the other side's acknowledgements are skipped.
std::string Gdb::receive() {
    const qemu::Deadline deadline = qemu::after(kPatience);
    for (;;) {
        const std::size_t start = unread_.find('$');
        const std::size_t end = start == std::string::npos ? start : unread_.find('#', start);
        if (end != std::string::npos && end + 2 < unread_.size()) {
            const std::string data = unread_.substr(start + 1, end - start - 1);
            unread_.erase(0, end + 3);
            file_.write_all("+", deadline);
            return data;
        }
        bool at_end = false;
        if (!file_.read_some(unread_, deadline, at_end)) throw std::runtime_error("the machine never comes to the place to be listed");
        if (at_end) throw std::runtime_error("the machine ended before the place to be listed");
    }
}

std::string Gdb::command(const std::string& data) {
    send(data);
    return receive();
}

void Gdb::expect_ok(const std::string& data) {
    if (const std::string answer = command(data); answer != "OK") throw std::runtime_error("QEMU's debugger answers " + answer + " to " + data);
}

void Gdb::set_breakpoint(std::uint64_t address) { expect_ok("Z0," + hexadecimal(address) + ",1"); }
void Gdb::clear_breakpoint(std::uint64_t address) { expect_ok("z0," + hexadecimal(address) + ",1"); }
// QEMU stops at once where a breakpoint is.
void Gdb::run() {
    step();
    command("c");
}
void Gdb::step() { command("s"); }

Registers Gdb::registers() {
    const std::string bytes = bytes_of(command("g"));
    Registers registers{};
    for (std::size_t i = 0; i < registers.general.size(); ++i) registers.general[i] = word_at(bytes, i * 8);
    registers.pc = word_at(bytes, kPc);
    registers.user = (word_at(bytes, kCodeSegment) & 3) == 3;
    registers.cr3 = word_at(bytes, kCr3);
    return registers;
}

std::string Gdb::memory(std::uint64_t address, std::size_t bytes) {
    const std::string answer = command("m" + hexadecimal(address) + "," + hexadecimal(bytes));
    return answer.starts_with('E') ? std::string() : bytes_of(answer);
}

}  // namespace eft::bench

// eft-guest-test --kernel FILE --archive FILE [--timeout SECONDS] [--icount] [-- QEMU ARGS]: runs one guest test, as
// CTest does.
#include <guest_test.h>

#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace {

struct Arguments {
    eft::qemu::MachineOptions machine;
    int timeout_seconds = 120;
};

Arguments parse(const std::vector<std::string>& words) {
    Arguments arguments;
    std::size_t at = 0;
    const auto value = [&] {
        if (at + 1 == words.size()) throw std::runtime_error(words[at] + " needs a value");
        return words[++at];
    };
    for (; at < words.size(); ++at) {
        if (words[at] == "--kernel") {
            arguments.machine.kernel = value();
        } else if (words[at] == "--archive") {
            arguments.machine.archive = value();
        } else if (words[at] == "--timeout") {
            arguments.timeout_seconds = std::stoi(value());
        } else if (words[at] == "--icount") {
            arguments.machine.icount = true;
        } else if (words[at] == "--") {
            arguments.machine.extra.assign(words.begin() + static_cast<std::ptrdiff_t>(at) + 1, words.end());
            break;
        } else {
            throw std::runtime_error("unknown argument " + words[at]);
        }
    }
    return arguments;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const Arguments arguments = parse({argv + 1, argv + argc});
        const auto report =
            eft::qemu::run_guest_test(arguments.machine, std::chrono::seconds(arguments.timeout_seconds));
        std::cout << report.text();
        return report.ok() ? 0 : 1;
    } catch (const std::exception& error) {
        std::cerr << "eft-guest-test: " << error.what() << '\n';
        return 1;
    }
}

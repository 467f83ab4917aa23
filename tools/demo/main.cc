// eft-demo: boots Eft, has it read, download and count, and meanwhile harms everything that it can. `./eft demo` calls it.
#include "screen.h"
#include "storm.h"
#include "work.h"

#include <system.h>
#include <tcp_server.h>

#include <unistd.h>

#include <csignal>
#include <exception>
#include <filesystem>
#include <iostream>
#include <thread>

using namespace eft;
using namespace eft::demo;

namespace {

constexpr unsigned kMebibytes = 12, kMostSeconds = 3600;

struct Arguments {
    unsigned seconds = 25, seed = 1;
};

// False: they are none.
bool parse(const std::vector<std::string>& words, Arguments& arguments) {
    for (std::size_t i = 0; i < words.size(); i += 2) {
        unsigned* const option = words[i] == "--seconds" ? &arguments.seconds : words[i] == "--seed" ? &arguments.seed : nullptr;
        const bool has_number = i + 1 < words.size() && words[i + 1].size() <= 9 && !words[i + 1].empty() && words[i + 1].find_first_not_of("0123456789") == std::string::npos;
        if (!option || !has_number) return false;
        *option = static_cast<unsigned>(std::stoul(words[i + 1]));
    }
    return arguments.seconds != 0 && arguments.seconds <= kMostSeconds;
}

std::vector<Job> jobs(const qemu::TestDisk& disk, unsigned port) {
    const std::string url = "http://10.0.2.2:" + std::to_string(port) + "/";  // the host, in QEMU's user network
    const std::string bytes = std::to_string(disk.bytes()) + " bytes";
    return {{.name = "file", .command = "sha256sum /big.bin", .line = disk.sum() + "  /big.bin", .mark = "  /big.bin"},
            {.name = "download", .command = "fetch --sum " + url, .line = disk.sum() + "  " + url + "  " + bytes, .mark = "  " + url}};
}

// The address comes by DHCP after the start.
void wait_for_network(qemu::System& system) {
    constexpr unsigned kTries = 50;
    for (unsigned i = 0; i < kTries; ++i) {
        system.run("ping -c 1 10.0.2.2");
        if (system.status() == 0) return;
        system.run("sleep 200");
    }
    throw std::runtime_error("the network does not come up\n" + system.run("ip; log net"));
}

// The signals that end a program from outside: to be blocked before there are further threads, which inherit that.
sigset_t ends() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return signals;
}

// Then nothing is left of the folder; the kernel ends the machine.
void remove_when_ended(const std::string& folder) {
    constexpr int kInterrupted = 128 + SIGINT;
    std::thread([folder] {
        const sigset_t signals = ends();
        int signal = 0;
        sigwait(&signals, &signal);
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
        _exit(kInterrupted);
    }).detach();
}

class Demo {
public:
    explicit Demo(const Arguments& arguments)
        : arguments_(arguments),
          disk_(kMebibytes),
          server_([bytes = disk_.big()](qemu::File& stream) {
              qemu::serve_http(stream, [&bytes](std::string_view) { return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(bytes.size()) + "\r\n\r\n" + bytes; });
          }),
          system_({.disk = disk_.path(), .cards = {qemu::Card{}}}),
          work_(jobs(disk_, server_.port())) {
        remove_when_ended(std::filesystem::path(disk_.path()).parent_path());
    }

    // Answers whether all was right.
    bool play() {
        wait_for_network(system_);
        const std::string seconds = std::to_string(arguments_.seconds) + " seconds";
        screen_.say({"Eft is up. For " + seconds + " it reads a file and downloads one, of " + std::to_string(kMebibytes) + " MiB, again and again, and counts,\n"
                     "while its drivers, servers and core servers are killed, crash, hang and do calls wrongly.\n"});
        Storm storm(system_, screen_, arguments_.seed);
        for (const qemu::Deadline end = qemu::after(std::chrono::seconds(arguments_.seconds)); qemu::until(end).count() > 0;) {
            run(storm.next() + work_.commands() + "sleep 60");
            storm.look();
        }
        run(storm.end_of_faults() + "wait");
        storm.wait_for_all();
        storm.kill_everything();
        run(work_.commands() + "wait");
        storm.wait_for_all();
        const std::string lost = lost_connections();
        system_.shut_down();

        screen_.say({"\n" + storm.table() + "\n" + work_.table() + "connections " + lost + " lost"});
        const bool is_right = work_.is_right() && lost == "0";
        screen_.say(is_right ? Words{std::to_string(storm.harms()) + " times something was ended or disturbed, and nothing is lost.", Colour::Good} : Words{"Something is lost.", Colour::Bad});
        return is_right;
    }

private:
    void run(const std::string& commands) {
        constexpr int kSeconds = 90;
        system_.run(commands, kSeconds);
        const std::string& log = system_.machine().console().log();
        for (const News& news : work_.take(std::string_view(log).substr(seen_)))
            screen_.event(news.subject, {news.text}, news.is_right ? Words{"right", Colour::Good} : Words{"WRONG", Colour::Bad});
        seen_ = log.size();
    }

    // As `ip` counts them.
    std::string lost_connections() {
        const std::string said = system_.run("ip"), word = "lost ";
        const std::size_t at = said.rfind(word);
        return at == std::string::npos ? "?" : said.substr(at + word.size(), said.find('\n', at) - at - word.size());
    }

    Arguments arguments_;
    qemu::TestDisk disk_;
    qemu::TcpServer server_;
    qemu::System system_;
    Work work_;
    Screen screen_;
    std::size_t seen_ = 0;  // of the console
};

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    if (!parse({argv + 1, argv + argc}, arguments)) {
        std::cerr << "usage: eft-demo [--seconds 1..3600] [--seed N]\n";
        return 2;
    }
    const sigset_t signals = ends();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    try {
        return Demo(arguments).play() ? 0 : 1;
    } catch (const std::exception& error) {
        std::cerr << "eft-demo: " << error.what() << '\n';
        return 1;
    }
}

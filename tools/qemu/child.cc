#include "child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <thread>

namespace eft::qemu {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

// Waits until the descriptor is ready for `events`; false at the deadline.
bool ready(int descriptor, short events, Deadline deadline) {
    while (true) {
        const auto left = until(deadline).count();
        pollfd entry{descriptor, events, 0};
        const int count = poll(&entry, 1, left > 0 ? static_cast<int>(left) : 0);
        if (count > 0) return true;
        if (count == 0) return false;
        if (errno != EINTR) fail("poll");
    }
}

}  // namespace

File::~File() {
    if (open()) close(descriptor_);
}

bool File::read_some(std::string& bytes, Deadline deadline, bool& at_end) {
    if (!ready(descriptor_, POLLIN, deadline)) return false;
    std::array<char, 4096> buffer;
    const ssize_t count = recv(descriptor_, buffer.data(), buffer.size(), 0);
    // A QEMU that died with bytes of ours unread resets the connection: that is an end, too.
    if (count < 0 && errno != ECONNRESET) fail("reading from QEMU");
    if (count <= 0) {
        at_end = true;
    } else {
        bytes.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return true;
}

void File::write_all(std::string_view bytes, Deadline deadline) {
    while (!bytes.empty()) {
        if (!ready(descriptor_, POLLOUT, deadline)) throw std::runtime_error("QEMU does not take our input");
        const ssize_t count = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno != EAGAIN && errno != EINTR) fail("writing to QEMU");
        if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

std::pair<File, File> socket_pair() {
    std::array<int, 2> pair{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) fail("socketpair");
    return {File(pair[0]), File(pair[1])};
}

Child::Child(const std::vector<std::string>& arguments, const std::vector<const File*>& inherited) {
    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);

    // The child reports through this pipe why it could not start; a successful exec closes it.
    std::array<int, 2> report{};
    if (pipe2(report.data(), O_CLOEXEC) != 0) fail("pipe");
    const File report_reader(report[0]);
    File report_writer(report[1]);

    const pid_t parent = getpid();
    id_ = fork();
    if (id_ < 0) fail("fork");
    if (id_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(127);  // the parent died before the line above
        for (const File* file : inherited) fcntl(file->descriptor(), F_SETFD, 0);
        execvp(argv[0], argv.data());
        const int error = errno;
        if (write(report[1], &error, sizeof error) != sizeof error) _exit(126);
        _exit(127);
    }
    report_writer = File();
    int error = 0;
    if (read(report_reader.descriptor(), &error, sizeof error) == static_cast<ssize_t>(sizeof error)) {
        waitpid(id_, nullptr, 0);
        errno = error;
        fail("cannot start " + arguments.front());
    }
}

std::string output_of(const std::string& command) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    if (!pipe) fail("cannot run " + command);
    std::string output;
    std::array<char, 4096> some;
    while (const std::size_t count = std::fread(some.data(), 1, some.size(), pipe.get())) output.append(some.data(), count);
    return output;
}

std::string quoted(const std::string& word) {
    std::string text = "'";
    for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return text + "'";
}

Child::~Child() { kill(); }

std::optional<int> Child::wait(Deadline deadline) {
    while (!status_) {
        int status = 0;
        const pid_t ended = waitpid(id_, &status, WNOHANG);
        if (ended < 0) fail("waitpid");
        if (ended == id_) {
            status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            break;
        }
        if (std::chrono::steady_clock::now() >= deadline) break;
        std::this_thread::sleep_for(Duration(2));
    }
    return status_;
}

void Child::kill() {
    if (status_) return;
    ::kill(id_, SIGKILL);
    int status = 0;
    while (waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    status_ = 128 + SIGKILL;
}

}  // namespace eft::qemu

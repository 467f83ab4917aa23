// A child process that does not outlive us, and the socket pairs through which we talk to it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eft::qemu {

using Duration = std::chrono::milliseconds;
using Deadline = std::chrono::steady_clock::time_point;

inline Deadline after(Duration duration) { return std::chrono::steady_clock::now() + duration; }
inline Duration until(Deadline deadline) {
    return std::chrono::ceil<Duration>(deadline - std::chrono::steady_clock::now());
}

// An owned file descriptor.
class File {
public:
    File() = default;
    explicit File(int descriptor) : descriptor_(descriptor) {}
    File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    File& operator=(File&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~File();

    int descriptor() const { return descriptor_; }
    bool open() const { return descriptor_ >= 0; }

    // Waits for bytes and appends them. False at the deadline; nothing is appended at the end of the stream, and then
    // `at_end` becomes true.
    bool read_some(std::string& bytes, Deadline deadline, bool& at_end);
    // Writes all, or throws when the other side is gone or does not take it in time.
    void write_all(std::string_view bytes, Deadline deadline);

private:
    int descriptor_ = -1;
};

// Two connected stream sockets: ours, and one for a child to inherit.
std::pair<File, File> socket_pair();

// What a shell command prints. Throws if there is no shell.
std::string output_of(const std::string& command);
// A word of such a command, whatever is in it.
std::string quoted(const std::string& word);

class Child {
public:
    // The files in `inherited` keep their numbers in the child. When this process ends, however it ends, the kernel
    // kills the child. Throws if the program cannot be started.
    Child(const std::vector<std::string>& arguments, const std::vector<const File*>& inherited);
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();

    pid_t id() const { return id_; }
    // The exit status, or 128 + the signal that ended it; nothing if it still runs at the deadline.
    std::optional<int> wait(Deadline deadline);
    void kill();

private:
    pid_t id_ = -1;
    std::optional<int> status_;
};

}  // namespace eft::qemu

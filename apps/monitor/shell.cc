#include "monitor/shell.h"

#include <eft/process.h>
#include <eft/syscall.h>
#include <eft/text.h>

namespace eft::monitor {
namespace {

constexpr std::string_view kPrompt = "eft> ";
constexpr std::string_view kFileService = "file/0";
constexpr int kNoSuchCommand = 127;  // as in other shells
constexpr int kBadLine = 2;

// How long the whole system took to get here: instructions, where the machine counts them.
void log_boot_time() {
    FixedText<80> line;
    log(line.append("prompt after ").decimal(sys::time_stamp() - config().boot_time).append(" time stamps since the kernel's entry"));
}

}  // namespace

Shell::Shell(WakeLoop& loop, Slot supervisor)
    : loop_(loop), console_(loop), clock_(loop), files_(loop), supervisor_(CapHandle(supervisor)) {}

Status Shell::connect() {
    EFT_CHECK(console_.connect("console"));
    // Without a clock everything works but what needs one.
    static_cast<void>(clock_.connect("timer"));
    return {};
}

Task<int> Shell::run() {
    for (bool first = true;; first = false) {
        at_prompt_ = true;
        co_await console_.print(kPrompt);
        if (first) {
            co_await console_.drained();
            log_boot_time();
        }
        for (Typed typed = Typed::Nothing; typed == Typed::Nothing;) {
            const char byte = co_await console_.read();
            std::string echo;
            typed = editor_.type(byte, echo);
            co_await console_.print(echo);
            if (typed != Typed::Line) continue;
            at_prompt_ = false;
            std::string line = editor_.take_line();
            Task<void> running = run_line(std::move(line));
            co_await running;
        }
    }
}

Task<void> Shell::run_line(std::string line) {
    auto commands = parse_line(line);
    if (!commands.ok()) {
        status_ = kBadLine;
        co_await print("monitor: a quote, a brace or a command is missing\n");
        co_return;
    }
    for (Command& command : *commands) {
        Words words = expand(command.words, status_);
        if (command.background) {
            ++background_;
            start_detached(run_in_background(std::move(words)));
            status_ = 0;
        } else {
            Task<int> running = run_command(std::move(words));
            status_ = co_await running;
        }
    }
}

Task<int> Shell::run_command(Words words) {
    for (const CommandEntry& entry : all_commands()) {
        if (entry.name != words.front()) continue;
        const int status = co_await entry.run(*this, words);
        co_return status;
    }
    const int failed = co_await fail(words, "no such command");
    co_return failed == 0 ? 0 : kNoSuchCommand;
}

Task<void> Shell::run_in_background(Words words) {
    Task<int> running = run_command(std::move(words));
    [[maybe_unused]] const int status = co_await running;
    if (--background_ != 0) co_return;
    std::vector<Completion<bool>*> turn;
    turn.swap(waiting_for_background_);
    for (Completion<bool>* each : turn) each->set(true);
}

Task<void> Shell::background_ended() {
    while (background_ != 0) {
        Completion<bool> ended;
        waiting_for_background_.push_back(&ended);
        [[maybe_unused]] bool now = co_await ended;
    }
}

Result<FileSystem*> Shell::files() {
    if (!files_.connected()) EFT_CHECK(files_.connect(kFileService));
    return &files_;
}

// What a command in the background prints while somebody types goes between the lines; the typed text comes again.
Task<void> Shell::print(std::string_view text) {
    if (!at_prompt_) {
        co_await console_.print(text);
        co_return;
    }
    std::string all = "\n";
    all.append(text).append(kPrompt).append(editor_.text());
    co_await console_.print(all);
}

Task<int> Shell::fail(const Words& words, std::string_view what) {
    std::string line = words.front();
    line.append(": ").append(what).append("\n");
    co_await print(line);
    co_return 1;
}

Task<int> Shell::fail(const Words& words, std::string_view object, Error error) {
    std::string what;
    if (!object.empty()) what.append(object).append(": ");
    what.append(to_string(error));
    const int status = co_await fail(words, what);
    co_return status;
}

}  // namespace eft::monitor

#include "monitor/shell.h"

#include "monitor/failure.h"
#include "monitor/script.h"

#include <eft/json.h>
#include <eft/process.h>
#include <eft/service_config.h>
#include <eft/syscall.h>
#include <eft/text.h>

namespace eft::monitor {
namespace {

constexpr std::string_view kPrompt = "eft> ";
constexpr int kNoSuchCommand = 127;  // as in other shells
constexpr std::string_view kClearScreen = "\x1b[H\x1b[2J";  // ECMA-48: the cursor to the origin, the page erased
constexpr int kBadLine = 2;
constexpr int kInterrupted = 130;
constexpr socket::Sizes kSocketSizes{.sockets = 8};

// How long the whole system took to get here: instructions, where the machine counts them.
void log_boot_time() {
    FixedText<80> line;
    log(line.append("prompt after ").decimal(sys::time_stamp() - config().boot_time).append(" time stamps since the kernel's entry"));
}

}  // namespace

Shell::Shell(WakeLoop& loop, Slot supervisor)
    : loop_(loop), console_(loop), calls_(loop), clock_(loop, calls_), files_(loop, this), sockets_(loop, kSocketSizes), supervisor_(CapHandle(supervisor)) {}

Status Shell::connect() {
    return console_.connect(kConsoleService);
}

Status Shell::connect_files() { return files_.connected() ? Status() : files_.connect(kFileService); }

Task<void> Shell::run_in_turn(Turns& turns, void (*function)(void*), void* argument) {
    Turns::Turn turn(turns);
    co_await turn.come();
    co_await calls_.run_function(function, argument);
}

Task<Status> Shell::run_detoured(Status (*function)(void*), void* argument) {
    return with_files([=](FileSystem&) { return function(argument); });
}

Task<int> Shell::run() {
    if (incarnation().number > 1) co_await tell_last_death();
    for (bool first = true;; first = false) {
        at_ = At::Prompt;
        co_await show_prompt();
        if (first) {
            co_await console_.drained();
            log_boot_time();
        }
        co_await read_and_run();
    }
}

Task<void> Shell::tell_last_death() {
    std::string text(kRestarted);
    const std::string why = co_await call([this]() -> std::string {
        rs::Name own;
        own.name = field_text(config().name);
        const auto details = settled(supervisor_.info(own));
        if (!details.ok() || !details->last_death() || details->last_death()->ordered()) return {};
        return std::string("the prompt was restarted: ").append(details->last_death()->words()).append("\n");
    });
    text.append(why);
    co_await console_.print(text);
}

Task<void> Shell::show_prompt() {
    std::string text(kPrompt);
    editor_.show(text);
    co_await console_.print(text);
}

Task<void> Shell::read_and_run() {
    for (;;) {
        const char byte = co_await console_.read();
        if (byte == kScriptRequest) {
            co_await run_script();
            co_return;
        }
        std::string echo;
        const Typed typed = editor_.type(byte, echo);
        co_await console_.print(echo);
        switch (typed) {
            case Typed::Nothing: break;
            case Typed::Tab: {
                const bool ended = co_await complete();
                if (!ended) co_return;
                break;
            }
            case Typed::Clear:
                co_await console_.print(kClearScreen);
                co_await show_prompt();
                break;
            case Typed::Dropped: co_return;
            case Typed::TooLong:
                at_ = At::Line;
                status_ = kBadLine;
                co_await print("monitor: the line is too long; nothing of it was run\n");
                co_return;
            case Typed::Line: co_await run_typed_line(); co_return;
        }
    }
}

// One that fits goes on in the line; several are shown where the line cannot go on.
Task<bool> Shell::complete() {
    const auto arguments_of = [](std::string_view name) {
        for (const CommandEntry& entry : all_commands())
            if (entry.name == name) return entry.arguments;
        return std::string_view();
    };
    const Question question = question_of(editor_.before_cursor(), arguments_of);
    std::vector<std::string> found;
    Task<void> finding = find_candidates(question, found);
    const bool ended = co_await run_interruptible(std::move(finding));
    std::string echo;
    const std::string more = continuation(found, question.word);
    if (!ended) {
        static_cast<void>(editor_.type(Console::kCtrlC, echo));
    } else if (!more.empty()) {
        editor_.insert(more, echo);
    } else if (!found.empty()) {
        std::string list = "\n";
        list.append(columns(found)).append(found.size() < kMostCandidates ? "" : "...\n").append(kPrompt);
        echo.append(list);
        editor_.show(echo);
    }
    co_await console_.print(echo);
    co_return ended;
}

Task<void> Shell::find_candidates(Question question, std::vector<std::string>& found) {
    found = co_await candidates(*this, question);
}

Task<void> Shell::run_typed_line() {
    at_ = At::Line;
    const std::string line = editor_.take_line();
    Task<void> running = run_line(line);
    const bool ended = co_await run_interruptible(std::move(running));
    if (ended) co_return;
    status_ = kInterrupted;
    co_await console_.print("^C\n");
}

Task<void> Shell::run_script() {
    const std::optional<std::string> lines = co_await read_script();
    if (!lines) co_return;
    at_ = At::Script;
    co_await console_.print(kScriptBegin);
    Task<void> running = lines->empty() ? refuse_script() : run_lines(*lines);
    const bool ended = co_await run_interruptible(std::move(running));
    if (!ended) status_ = kInterrupted;
    at_ = At::Line;
    const std::string end = script_end(status_);
    co_await console_.print(end);
}

// Nothing: it is none. Empty: it is too long, and all of it was taken, so that nothing of it runs as if it were typed.
Task<std::optional<std::string>> Shell::read_script() {
    constexpr std::size_t kMostDigits = 9;
    std::size_t size = 0;
    for (std::size_t digits = 0;; ++digits) {
        const char byte = co_await console_.read();
        if (byte == '\n') break;
        if (byte < '0' || byte > '9' || digits == kMostDigits) co_return std::nullopt;
        size = size * 10 + static_cast<std::size_t>(byte - '0');
    }
    std::string lines;
    for (std::size_t left = size; left > 0; --left) {
        const char byte = co_await console_.read();
        if (size <= kMaxScript) lines.push_back(byte);
    }
    co_return lines;
}

Task<void> Shell::refuse_script() {
    status_ = kBadLine;
    co_await print("monitor: the script is too long; nothing of it was run\n");
}

Task<void> Shell::run_lines(std::string_view lines) {
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(line.size() + 1, lines.size()));
        co_await run_line(line);
    }
}

Task<void> Shell::run_line(std::string_view line) {
    ParsedLine parsed = parse_line(line);
    if (!parsed.wrong.empty()) {
        status_ = kBadLine;
        const std::string what = "monitor: " + std::string(parsed.wrong) + "; nothing of the line was run\n";
        co_await print(what);
        co_return;
    }
    for (Command& command : parsed.commands) {
        Words words = expand(command.words, status_);
        if (command.background) {
            start_job(std::move(words));
            status_ = 0;
        } else {
            Task<int> running = run_command(std::move(words), false);
            status_ = co_await running;
        }
    }
}

static Task<void> tell_end(Task<void> task, Completion<bool>*& ended) {
    co_await task;
    std::exchange(ended, nullptr)->set(true);
}

Task<bool> Shell::run_interruptible(Task<void> task) {
    Completion<bool> ended;
    foreground_ended_ = &ended;
    foreground_ = tell_end(std::move(task), foreground_ended_);
    console_.on_interrupt(this);
    foreground_.start();
    const bool by_itself = co_await ended;
    console_.on_interrupt(nullptr);
    co_await loop_.yield();  // it may be its own end that runs us: it is not destroyed from within
    foreground_ = {};
    co_return by_itself;
}

void Shell::interrupted() {
    if (!foreground_ended_) return;
    foreground_ = {};
    std::exchange(foreground_ended_, nullptr)->set(false);
}

Task<int> Shell::run_command(Words words, bool in_background) {
    Arguments given;
    given.command = std::move(words.front());
    words.erase(words.begin());
    int status = kNoSuchCommand;
    for (const CommandEntry& entry : all_commands()) {
        if (entry.name != given.command) continue;
        if (entry.takes_anything) given.words = std::move(words);
        else given = parse_arguments(entry.name, entry.arguments, words);
        given.in_background = in_background;
        if (given.wrong.empty()) status = co_await entry.run(*this, given);
        else status = co_await fail(given, given.wrong);
        co_return status;
    }
    [[maybe_unused]] const int failed = co_await fail(given, "no such command; help lists them");
    co_return status;
}

// What a command in the background prints while somebody types goes between the lines; the typed text comes again.
Task<void> Shell::print(std::string_view text) {
    std::string all;
    switch (at_) {
        case At::Line: all = text; break;
        case At::Script: all = script_text(text); break;
        case At::Prompt:
            all.append("\n").append(text).append(kPrompt);
            editor_.show(all);
    }
    co_await console_.print(all);
}

Task<int> Shell::fail(const Arguments& given, std::string_view what) {
    std::string line = given.command.empty() ? "''" : terminal_text(given.command);
    line.append(": ").append(what).append("\n");
    co_await print(line);
    co_return 1;
}

Task<int> Shell::fail(const Arguments& given, std::string_view object, Error error) {
    std::string what;
    if (!object.empty()) what.append(terminal_text(object)).append(": ");
    const std::string words = co_await failure_text(calls_, supervisor_, object, error);
    what.append(words);
    const int status = co_await fail(given, what);
    co_return status;
}

}  // namespace eft::monitor

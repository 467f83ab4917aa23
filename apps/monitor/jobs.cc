// Commands in the background: `jobs`, `kill`, `wait`.
//
// A job is removed by a turn of the loop, and not where it ends or is told to end: that may be within its own Task.
#include "monitor/shell.h"

#include <eft/json.h>
#include <eft/text.h>

#include <algorithm>

namespace eft::monitor {

void Shell::start_job(Words words) {
    unsigned number = 1;
    for (const auto& each : jobs_) number = std::max(number, each->number + 1);
    std::string line;
    for (const std::string& word : words) line.append(line.empty() ? "" : " ").append(word);
    Job& job = *jobs_.emplace_back(std::make_unique<Job>(Job{.number = number, .line = terminal_text(line)}));
    job.task = run_job(job, std::move(words));
    job.task.start();
}

Task<void> Shell::run_job(Job& job, Words words) {
    Task<int> running = run_command(std::move(words), true);
    [[maybe_unused]] const int status = co_await running;
    job.ended = true;
    start_detached(remove_ended_jobs());
}

Task<void> Shell::remove_ended_jobs() {
    co_await loop_.yield();
    std::vector<std::unique_ptr<Job>> ended;
    for (std::unique_ptr<Job>& each : jobs_)
        if (each->ended) ended.push_back(std::move(each));
    std::erase(jobs_, nullptr);
    ended.clear();  // their ends may start or remove others
    waiting_for_background_.wake_all({});
}

bool Shell::end_job(unsigned number) {
    for (const auto& each : jobs_) {
        if (each->number != number || each->ended) continue;
        each->ended = true;
        start_detached(remove_ended_jobs());
        return true;
    }
    return false;
}

Task<void> Shell::background_ended() {
    while (!jobs_.empty()) {
        Waiter waiter(waiting_for_background_);
        [[maybe_unused]] Status ended = co_await waiter.woken;
    }
}

std::string Shell::jobs_text() const {
    std::string text;
    for (const auto& each : jobs_)
        if (!each->ended) text.append("[").append(std::to_string(each->number)).append("] ").append(each->line).append("\n");
    return text;
}

Task<int> command_wait(Shell& shell, const Arguments&) {
    co_await shell.background_ended();
    co_return 0;
}

Task<int> command_jobs(Shell& shell, const Arguments&) {
    const std::string text = shell.jobs_text();
    co_await shell.print(text);
    co_return 0;
}

Task<int> command_kill(Shell& shell, const Arguments& given) {
    int status = 0;
    for (std::size_t i = 0; i < given.words.size(); ++i) {
        const std::string& word = given.words[i];
        const Result<u64> number = word.starts_with('%') ? parse_u64(word.substr(1)) : Result<u64>(Error::InvalidArgument);
        std::string wrong;
        if (!number.ok()) wrong = ": a job is wanted, as %1; service kill ends a service";
        else if (*number > ~0u || !shell.end_job(static_cast<unsigned>(*number))) wrong = ": there is no such job; jobs lists them";
        if (wrong.empty()) continue;
        wrong.insert(0, terminal_text(word));
        status = co_await shell.fail(given, wrong);
    }
    co_await shell.loop().yield();  // until they are removed
    co_return status;
}

}  // namespace eft::monitor

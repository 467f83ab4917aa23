#include "work.h"

#include <algorithm>
#include <cstdlib>

namespace eft::demo {
namespace {

constexpr std::string_view kValue = "{\"value\": ";
// How a command begins that says what is wrong.
constexpr std::string_view kComplaints[] = {"rpc: ", "service: ", "monitor: "};

std::string line_of(const std::string& name, unsigned times, const std::string& judgement) {
    std::string line = name;
    line.resize(12, ' ');
    return line + std::to_string(times) + " times, " + judgement + "\n";
}

}  // namespace

std::string Work::commands() {
    std::string text = "rpc counter Add '{\"amount\": 1}' & ";
    ++increments_;
    for (Job& job : jobs_) {
        if (job.runs()) continue;
        text += job.command + " & ";
        ++job.begun;
    }
    return text;
}

std::vector<News> Work::take(std::string_view console) {
    std::vector<News> news;
    unread_ += console;
    std::size_t begin = 0;
    for (std::size_t end; (end = unread_.find('\n', begin)) != std::string::npos; begin = end + 1)
        take_line(std::string_view(unread_).substr(begin, end - begin), news);
    unread_.erase(0, begin);
    return news;
}

// A prompt, or the begin of a script's output, may stand before what a command prints.
void Work::take_line(std::string_view line, std::vector<News>& news) {
    if (const std::size_t at = line.find(kValue); at != std::string_view::npos) return count(line.substr(at + kValue.size()), news);
    for (Job& job : jobs_) {
        const std::string complaint = job.command.substr(0, job.command.find(' ')) + ": ";
        if (job.runs() && line.ends_with(job.line)) {
            ++job.right;
            news.push_back({job.name, "sum " + std::to_string(job.right), true});
        } else if (line.find(job.mark) != std::string_view::npos || line.find(complaint) != std::string_view::npos) {
            ++job.wrong;
            news.push_back({job.name, std::string(line), false});
        } else {
            continue;
        }
        return;
    }
    const auto has = [line](std::string_view words) { return line.find(words) != std::string_view::npos; };
    if (std::ranges::none_of(kComplaints, has)) return;
    ++complaints_;
    news.push_back({"prompt", std::string(line), false});
}

// Nobody else counts, so each value comes once.
void Work::count(std::string_view value, std::vector<News>& news) {
    const unsigned long number = std::strtoul(std::string(value).c_str(), nullptr, 10);
    if (number != 0 && number <= increments_ && values_.insert(number).second) return;
    ++complaints_;
    news.push_back({"counter", "answers " + std::to_string(number) + " after " + std::to_string(increments_) + " increments", false});
}

bool Work::is_right() const {
    const auto good = [](const Job& job) { return job.right == job.begun && job.wrong == 0; };
    return complaints_ == 0 && values_.size() == increments_ && std::ranges::all_of(jobs_, good);
}

std::string Work::table() const {
    std::string text;
    for (const Job& job : jobs_) {
        const bool all = job.right == job.begun && job.wrong == 0;
        text += line_of(job.name, job.begun, all ? "each time with the host's sum" : "but only " + std::to_string(job.right) + " with the host's sum");
    }
    const bool all = values_.size() == increments_;
    return text + line_of("counter", increments_, all ? "each increment counted once" : "but only " + std::to_string(values_.size()) + " answers");
}

}  // namespace eft::demo

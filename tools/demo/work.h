// What the machine is busy with while services die: jobs of its prompt that run again and again, and a counter. The host
// knows what each of them has to print.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace eft::demo {

struct Job {
    std::string name, command;
    std::string line;  // what it prints
    std::string mark;  // what a line that it prints has in any case, whatever its sum
    unsigned begun = 0, right = 0, wrong = 0;

    bool runs() const { return begun > right + wrong; }
};

// An end of something that was begun, or a complaint.
struct News {
    std::string subject, text;
    bool is_right;
};

class Work {
public:
    explicit Work(std::vector<Job> jobs) : jobs_(std::move(jobs)) {}

    // For the prompt: what has ended begins again, and the counter goes up by one.
    std::string commands();
    // Takes more of what the console prints.
    std::vector<News> take(std::string_view console);

    // All that was begun has ended, and was right; and nobody complained.
    bool is_right() const;
    // What was done, a line for each.
    std::string table() const;

private:
    void take_line(std::string_view line, std::vector<News>& news);
    void count(std::string_view value, std::vector<News>& news);

    std::vector<Job> jobs_;
    unsigned increments_ = 0, complaints_ = 0;
    std::set<unsigned long> values_;  // that increments were answered with
    std::string unread_;
};

}  // namespace eft::demo

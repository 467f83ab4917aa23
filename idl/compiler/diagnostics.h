// What idlc refuses: collected with file, line and a hint, and printed in the order of lines.
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace idlc {

class Diagnostics {
public:
    explicit Diagnostics(std::string file) : file_(std::move(file)) {}

    void refuse(int line, std::string message, std::string hint) {
        refusals_.push_back({line, std::move(message), std::move(hint)});
    }
    bool any() const { return !refusals_.empty(); }

    void print(std::FILE* to) {
        std::stable_sort(refusals_.begin(), refusals_.end(),
                         [](const Refusal& a, const Refusal& b) { return a.line < b.line; });
        for (const Refusal& refusal : refusals_) {
            std::fprintf(to, "%s:%d: error: %s\n", file_.c_str(), refusal.line, refusal.message.c_str());
            std::fprintf(to, "    hint: %s\n", refusal.hint.c_str());
        }
    }

private:
    struct Refusal {
        int line;
        std::string message;
        std::string hint;
    };
    std::string file_;
    std::vector<Refusal> refusals_;
};

}  // namespace idlc

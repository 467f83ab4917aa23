// What idlc refuses or warns of: collected with file, line and a hint, and printed in the order of lines, each once.
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
        found_.push_back({line, "error", std::move(message), std::move(hint)});
        any_ = true;
    }
    void warn(int line, std::string message, std::string hint) {
        found_.push_back({line, "warning", std::move(message), std::move(hint)});
    }
    // Warnings do not count.
    bool any() const { return any_; }

    void print(std::FILE* to) {
        std::stable_sort(found_.begin(), found_.end(), [](const Finding& a, const Finding& b) { return a.line < b.line; });
        for (auto each = found_.begin(); each != found_.end(); ++each) {
            if (std::find(found_.begin(), each, *each) != each) continue;
            std::fprintf(to, "%s:%d: %s: %s\n", file_.c_str(), each->line, each->kind, each->message.c_str());
            if (!each->hint.empty()) std::fprintf(to, "    hint: %s\n", each->hint.c_str());
        }
    }

private:
    struct Finding {
        int line;
        const char* kind;
        std::string message;
        std::string hint;
        bool operator==(const Finding& other) const { return line == other.line && message == other.message; }
    };
    std::string file_;
    std::vector<Finding> found_;
    bool any_ = false;
};

}  // namespace idlc
